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
        starting,
        study,
        sweep,
        timing,
    )
    from idn.experiment.comparison import Comparison, claim, number, wilson
    from idn.experiment.config import LoadedConfig, Study, load, load_study
    from idn.experiment.runner import RunResult, run
    from idn.experiment.schema import RunConfig

__all__ = [
    "Comparison",
    "LoadedConfig",
    "RunConfig",
    "RunResult",
    "Study",
    "catalog",
    "claim",
    "comparison",
    "config",
    "environment",
    "evaluate",
    "load",
    "load_study",
    "number",
    "run",
    "schema",
    "starting",
    "study",
    "sweep",
    "timing",
    "wilson",
]

_NAMES = {
    "Comparison": "comparison",
    "LoadedConfig": "config",
    "RunConfig": "schema",
    "RunResult": "runner",
    "Study": "config",
    "claim": "comparison",
    "load": "config",
    "load_study": "config",
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
