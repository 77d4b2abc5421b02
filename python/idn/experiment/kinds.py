"""Sections of a config whose `name` says which other keys belong to them.

Who changes the name of an inherited section wants the other kind, not what the first one was set to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from idn.experiment.strict_yaml import join

Keys = frozenset[str]

_PROBABILITIES = frozenset({"temperature", "calibrate"})
_CRITERIA: dict[str, Keys] = {
    "confidence": _PROBABILITIES,
    "entropy": _PROBABILITIES | {"normalized"},
    "margin": _PROBABILITIES,
    "patience": frozenset(),
    "vote": frozenset(),
    "learned": frozenset(),
}
_OPTIMIZERS: dict[str, Keys] = {
    "sgd": frozenset({"lr", "momentum", "nesterov"}),
    "adam": frozenset({"lr", "betas", "eps"}),
}
_SCHEDULES: dict[str, Keys] = {"constant": frozenset(), "sgdr": frozenset({"period", "factor", "minimum_lr"})}


def _options(name: str) -> Keys | None:
    """What a network can be asked for, beside what follows from the data."""
    import inspect

    from idn import models

    if name not in models.names():
        return None
    options = frozenset(inspect.signature(getattr(models, name)).parameters)
    # A network with exits of its own takes no others.
    return options if name.startswith("b_") else options | {"exits"}


# By path, list entries being `*`: the name where none is written, and the keys of a kind, None if unknown.
_SECTIONS: dict[str, tuple[str | None, Callable[[str], Keys | None]]] = {
    "criterion": ("entropy", _CRITERIA.get),
    "model": (None, _options),
    "training.stages.*.optimizer": ("adam", _OPTIMIZERS.get),
    "training.stages.*.schedule": ("constant", _SCHEDULES.get),
}


def foreign(base: Any, change: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The paths of what a change gives up by naming another kind: inherited keys that this kind has not.

    :param base: the merged mapping that the change will be merged into.
    :param path: where both stand.
    """
    section = _SECTIONS.get(generic(path))
    if section is not None and isinstance(change.get("name"), str):
        usual, keys_of = section
        old, new = (keys_of(str(name)) for name in (base.get("name", usual), change["name"]))
        if old is not None and new is not None:
            yield from (join(path, key) for key in base if key in old - new and key not in change)
    for key, value in change.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), Mapping):
            yield from foreign(base[key], value, join(path, key))


def generic(path: str) -> str:
    """A dotted path with `*` for every index."""
    return ".".join("*" if part.isdigit() else part for part in path.split("."))
