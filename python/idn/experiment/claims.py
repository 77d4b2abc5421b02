"""Runs an experiment's own tests of what was published: `experiments/<slug>/experiment.py`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from idn.errors import RunError
from idn.experiment import catalog
from idn.experiment.comparison import Comparison

if TYPE_CHECKING:
    from types import ModuleType

    from idn.experiment.study import StudyData
    from idn.report import RunData


def of(run: RunData) -> list[Comparison]:
    """The comparisons of a run with what its experiment published.

    Empty for experiments not of ours, and for those that compare whole studies only.

    :raises idn.errors.RunError: if the experiment's file defines neither `claims` nor `study_claims`.
    """
    module = _module(run.summary.experiment)
    claims = getattr(module, "claims", None)
    if claims is None:
        return []
    return cast(Callable[["RunData"], list[Comparison]], claims)(run)


def of_study(study: StudyData) -> list[Comparison]:
    """The comparisons of a study's runs with each other and with what was published; as `of`."""
    claims = getattr(_module(study.experiment), "study_claims", None)
    if claims is None:
        return []
    return cast(Callable[["StudyData"], list[Comparison]], claims)(study)


def _module(experiment: str) -> ModuleType | None:
    file = catalog.experiment_file(experiment)
    if file is None:
        return None
    spec = importlib.util.spec_from_file_location(f"idn_experiment_{experiment}", file)
    if spec is None or spec.loader is None:
        raise RunError(
            f"{file} cannot be loaded as Python; this installation of idn is damaged: install it again"
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks its own annotations up
    spec.loader.exec_module(module)
    if not hasattr(module, "claims") and not hasattr(module, "study_claims"):
        raise RunError(
            f"{file} defines neither `claims(run)` nor `study_claims(study)`; "
            "see experiments/branchynet_2016/experiment.py"
        )
    return module
