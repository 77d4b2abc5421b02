"""Experiments: configs, the runner, threshold selection, evaluation, timing and sweeps.

`run` takes a config (see `config.load`) from data to a report; the other modules are its steps.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idn.experiment import (
        catalog,
        comparison,
        config,
        environment,
        evaluate,
        schema,
        sweep,
        thresholds,
        timing,
    )
    from idn.experiment.comparison import Comparison, claim, number, wilson
    from idn.experiment.config import LoadedConfig, load
    from idn.experiment.runner import RunResult, run
    from idn.experiment.schema import RunConfig

__all__ = [
    "Comparison",
    "LoadedConfig",
    "RunConfig",
    "RunResult",
    "catalog",
    "claim",
    "comparison",
    "config",
    "environment",
    "evaluate",
    "load",
    "number",
    "run",
    "schema",
    "sweep",
    "thresholds",
    "timing",
    "wilson",
]

_NAMES = {
    "Comparison": "comparison",
    "LoadedConfig": "config",
    "RunConfig": "schema",
    "RunResult": "runner",
    "claim": "comparison",
    "load": "config",
    "number": "comparison",
    "run": "runner",
    "wilson": "comparison",
}


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(f"idn.experiment.{_NAMES[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"idn.experiment.{name}")
    raise AttributeError(f"module 'idn.experiment' has no attribute {name!r}")
