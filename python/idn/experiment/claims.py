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
    from idn.report import RunData


def of(run: RunData) -> list[Comparison]:
    """The comparisons of a run with what its experiment published; empty for experiments not of ours.

    :raises idn.errors.RunError: if the experiment's file does not define `claims`.
    """
    file = catalog.experiment_file(run.summary.experiment)
    if file is None:
        return []
    spec = importlib.util.spec_from_file_location(f"idn_experiment_{run.summary.experiment}", file)
    if spec is None or spec.loader is None:
        raise RunError(
            f"{file} cannot be loaded as Python; this installation of idn is damaged: install it again"
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks its own annotations up
    spec.loader.exec_module(module)
    claims = getattr(module, "claims", None)
    if claims is None:
        raise RunError(f"{file} defines no `claims(run)`; see experiments/branchynet_2016/experiment.py")
    return cast(Callable[["RunData"], list[Comparison]], claims)(run)
