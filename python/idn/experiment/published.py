"""What an experiment's published.yaml holds, and whether a run is one that its numbers were published for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.errors import RunError

if TYPE_CHECKING:
    from idn.report import RunData


def read(folder: Path) -> dict[str, Any]:
    """The published.yaml of an experiment's folder.

    :raises idn.errors.RunError: where it is no mapping.
    :raises idn.errors.ConfigError: where it is not plain YAML.
    """
    from idn.experiment import strict_yaml

    file = folder / "published.yaml"
    value = strict_yaml.read(file, str(file)).value
    if not isinstance(value, dict):
        raise RunError(f"{file} is no mapping; this installation of idn is damaged: install it again")
    return value


def another_setting(run: RunData, published: Mapping[str, Any]) -> str | None:
    """Why numbers cannot be compared with those of a run: another data set or another network; else None.

    A shortened schedule is no reason: the entry's preset says so.

    :param published: with `dataset`, and where the network can be varied `model`, its options by name.
    """
    if run.summary.dataset != published["dataset"]:
        return f"published for {published['dataset']}, this run is on {run.summary.dataset}"
    for name, value in published.get("model", {}).items():
        if (given := model_option(run, name)) != value:
            return f"published for {name} {value}, this run has {given}"
    return None


def model_option(run: RunData, name: str) -> Any:
    """An option of a run's network: as its config gives it, else the builder's default."""
    import inspect

    from idn import models

    given = run.config.get("model", {})
    if name in given:
        return given[name]
    builder = getattr(models, run.summary.model, None)
    parameters = {} if builder is None else inspect.signature(builder).parameters
    if name not in parameters:
        return None
    default = parameters[name].default
    return list(default) if isinstance(default, tuple) else default
