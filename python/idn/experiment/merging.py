"""How a config is put together: files that extend each other, variants, and `key=value`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from idn._words import counted
from idn.errors import ConfigError
from idn.experiment import catalog, kinds, strict_yaml
from idn.experiment.strict_yaml import Document, Place

MAX_EXTENDS = 16
MAX_VARIANTS = 100
COMMAND_LINE = "the command line"
_VARIANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def chain(file: Path) -> list[tuple[Path, Document]]:
    """The documents of a file and all it extends, the base first."""
    documents: list[tuple[Path, Document]] = []
    seen: list[Path] = []
    while True:
        label = catalog.label(file)
        if file in seen:
            cycle = " -> ".join([*(catalog.label(one) for one in seen[seen.index(file) :]), label])
            raise ConfigError(f"{label} extends itself: {cycle}; take one `extends` away")
        if len(seen) == MAX_EXTENDS:
            raise ConfigError(f"{label}: more than {MAX_EXTENDS} files extend each other")
        seen.append(file)
        document = strict_yaml.read(file, str(file))
        if not isinstance(document.value, dict):
            raise ConfigError(f"{file} holds {kind(document.value)}; a config is a mapping of keys to values")
        documents.insert(0, (file, document))
        base = document.value.pop("extends", None)
        if base is None:
            return documents
        place = document.places["extends"]
        if not isinstance(base, str):
            raise ConfigError(f"{place}: extends is {base!r}; give the name of one config")
        try:
            file = catalog.find(base, file.parent)
        except ValueError as error:
            raise ConfigError(f"{place}: extends: {error}") from error


def merge(documents: list[tuple[Path, Document]]) -> tuple[Any, dict[str, Place]]:
    """Merges the documents, the base first, and tells where each key was set last."""
    from omegaconf import OmegaConf

    places: dict[str, Place] = {}
    merged: Any = OmegaConf.create({})
    for _, document in documents:
        _forget(merged, list(kinds.foreign(merged, document.value)), places)
        places.update(document.places)
        _make_room(merged, document.value)
        merged = OmegaConf.merge(merged, document.value)
    return merged, places


def take_variants(merged: Any, places: dict[str, Place], label: str) -> dict[str, dict[str, Any]] | None:
    """Takes the variants out of a merged config: by name, what each changes."""
    from omegaconf import OmegaConf

    if "variants" not in merged:
        return None
    place = places.get("variants", label)
    value = OmegaConf.to_container(merged, resolve=False)["variants"]  # type: ignore[call-overload, index]
    del merged["variants"]
    if not isinstance(value, dict) or not 1 <= len(value) <= MAX_VARIANTS:
        raise ConfigError(
            f"{place}: variants is {kind(value)}; expected 1 to {MAX_VARIANTS} names with changes"
        )
    for name, changes in value.items():
        where = places.get(f"variants.{name}", place)
        if not isinstance(name, str) or not _VARIANT.fullmatch(name):
            raise ConfigError(
                f"{where}: variant {name!r} is no name; expected lower-case letters, digits, '_' and '-'"
            )
        if changes is not None and not isinstance(changes, dict):
            raise ConfigError(f"{where}: variant {name} holds {kind(changes)}; expected what it changes")
    return {name: changes or {} for name, changes in value.items()}


def varied(
    merged: Any, changes: dict[str, Any], places: dict[str, Place], variant: str
) -> tuple[Any, dict[str, Place]]:
    """The config of one variant, and where its settings were written."""
    from omegaconf import OmegaConf

    prefix = f"variants.{variant}."
    where = dict(places)
    value = OmegaConf.create(OmegaConf.to_container(merged, resolve=False))
    _forget(value, list(kinds.foreign(value, changes)), where)
    where.update({path.removeprefix(prefix): at for path, at in places.items() if path.startswith(prefix)})
    _make_room(value, changes)
    return OmegaConf.merge(value, changes), where


def override(merged: Any, places: dict[str, Place], overrides: Sequence[str]) -> dict[str, Any]:
    """Applies `key=value` to a merged config and returns it as plain values; notes the places in `places`.

    :raises ValueError: for an override that is not `key=value`.
    :raises idn.errors.ConfigError: for one that fits nothing, or is not plain YAML.
    """
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    for override in overrides:
        key, equals, text = override.partition("=")
        path = key.strip().replace("[", ".").replace("]", "")
        if not equals or not all(part.isidentifier() or part.isdigit() for part in path.split(".")):
            raise ValueError(f"override {override!r} is not key=value, such as training.batch_size=64")
        document = strict_yaml.parse(text, f"override {override!r}")
        try:
            _forget(merged, _given_up(merged, places, path, document.value), places)
            old = OmegaConf.select(merged, path)
            merge = isinstance(document.value, dict) and isinstance(old, DictConfig)
            if merge:
                _make_room(old, document.value)
            OmegaConf.update(merged, path, document.value, merge=merge, force_add=True)
        except (OmegaConfBaseException, ValueError, IndexError, TypeError, AssertionError) as error:
            why = _outside(merged, path) or str(error).splitlines()[0]
            raise ConfigError(f"override {override!r} cannot be applied: {why}") from error
        command_line = Place(COMMAND_LINE)
        parts = path.split(".")
        for depth in range(1, len(parts)):
            places.setdefault(".".join(parts[:depth]), command_line)
        places[path] = command_line
        places.update({strict_yaml.join(path, inner): command_line for inner in document.places})
    value: dict[str, Any] = OmegaConf.to_container(merged, resolve=False)  # type: ignore[assignment]
    return value


def _outside(merged: Any, path: str) -> str | None:
    """Which list on a path is shorter than its index says, and how long it is; None if none is."""
    from omegaconf import ListConfig, OmegaConf

    parts = path.split(".")
    for depth in range(1, len(parts)):
        above = ".".join(parts[:depth])
        found = OmegaConf.select(merged, above)
        if isinstance(found, ListConfig) and parts[depth].isdigit() and int(parts[depth]) >= len(found):
            last = f", the last is {above}[{len(found) - 1}]" if len(found) else ""
            return f"{above} has {counted(len(found), 'entry', 'entries')}{last}"
    return None


def _given_up(merged: Any, places: dict[str, Place], path: str, value: Any) -> list[str]:
    """What one override gives up by naming another kind; never what another override has set."""
    from omegaconf import DictConfig, OmegaConf

    above, _, key = path.rpartition(".")
    change = {key: value} if key == "name" else value
    where = above if key == "name" else path
    base = OmegaConf.select(merged, where)
    if not isinstance(base, DictConfig) or not isinstance(change, dict):
        return []
    set_here = {at for at, place in places.items() if place == Place(COMMAND_LINE)}
    return [one for one in kinds.foreign(base, change, where) if one not in set_here]


def _forget(merged: Any, paths: list[str], places: dict[str, Place]) -> None:
    """Takes settings out of a merged config."""
    from omegaconf import OmegaConf

    for path in paths:
        above, _, key = path.rpartition(".")
        del OmegaConf.select(merged, above)[key]
        places.pop(path, None)


def _make_room(base: Any, change: Any) -> None:
    """Empties in the base what the change replaces by another kind of value: OmegaConf would not."""
    from omegaconf import DictConfig

    for key, value in change.items():
        if key not in base:
            continue
        if isinstance(value, dict) and isinstance(base[key], DictConfig):
            _make_room(base[key], value)
        elif isinstance(value, (dict, list)) or base[key] is not None:
            base[key] = None


def kind(value: object) -> str:
    """How a value of the wrong kind is called in a message."""
    return "nothing" if value is None else f"a {type(value).__name__}"
