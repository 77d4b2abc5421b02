"""Training networks with exits: configs, stages, checkpoints. Everything is loaded at its first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idn.training.config import (
        AlphaWeights,
        OptimizerConfig,
        ScheduleConfig,
        Stage,
        TrainingConfig,
    )
    from idn.training.distributed import World
    from idn.training.progress import Progress
    from idn.training.trainer import Trainer

_HOMES = {
    "AlphaWeights": "config",
    "OptimizerConfig": "config",
    "Progress": "progress",
    "ScheduleConfig": "config",
    "Stage": "config",
    "Trainer": "trainer",
    "TrainingConfig": "config",
    "World": "distributed",
}

__all__ = [
    "AlphaWeights",
    "OptimizerConfig",
    "Progress",
    "ScheduleConfig",
    "Stage",
    "Trainer",
    "TrainingConfig",
    "World",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'idn.training' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"idn.training.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
