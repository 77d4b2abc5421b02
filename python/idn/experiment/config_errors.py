"""Says what is wrong with a config: where it stands, its dotted path, and what was probably meant."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from idn.experiment.kinds import generic
from idn.experiment.strict_yaml import Place, join

_PLAIN_TYPES = frozenset(["bool", "dict", "float", "int", "list", "none", "str"])


def explain(
    error: ValidationError,
    value: Mapping[str, Any],
    places: Mapping[str, Place],
    model: type[BaseModel],
    label: str,
) -> str:
    """One line per mistake; unknown keys come with the closest known one."""
    lines: list[str] = []
    for one in error.errors(include_url=False):
        path = _path(one["loc"], value)
        where = _place(path, places, label)
        if one["type"] == "extra_forbidden":
            lines.append(f"{where}: {path} is unknown; {suggest(path, model)}")
        elif one["type"] == "missing":
            lines.append(f"{where}: {path} is missing")
        else:
            given = "" if isinstance(one["input"], (dict, list)) else f" is {one['input']!r}"
            lines.append(f"{where}: {path or 'the config'}{given}: {_message(one['msg'])}")
    return "\n".join(dict.fromkeys(lines))


def suggest(path: str, model: type[BaseModel]) -> str:
    """What an unknown key was probably meant to be."""
    known = sorted(set(_paths(model)))
    parent, _, key = generic(path).rpartition(".")
    siblings = [one.rpartition(".")[2] for one in known if one.rpartition(".")[0] == parent]
    close = difflib.get_close_matches(key, siblings, n=1, cutoff=0.6)
    if close:
        return f"did you mean {join(path.rpartition('.')[0], close[0])}?"
    # The same or nearly the same key elsewhere, below the place where it was written before all others.
    names = {one.rpartition(".")[2] for one in known}
    meant = difflib.get_close_matches(key, names, n=1, cutoff=0.75)
    elsewhere = [one for one in known if one.rpartition(".")[2] in meant]
    if elsewhere:
        elsewhere.sort(key=lambda one: not one.startswith(f"{parent}."))
        return f"did you mean {' or '.join(map(_example, elsewhere[:3]))}?"
    return f"known here are {', '.join(siblings)}" if siblings else "nothing may stand here"


def _example(path: str) -> str:
    """A generic path as one may write it on the command line: for the first entry of a list."""
    return path.replace(".*", "[0]")


def _message(text: str) -> str:
    text = text.removeprefix("Value error, ")
    expected = text.removeprefix("Input should be ")
    return text if expected == text else f"expected {expected}"


def _path(location: tuple[int | str, ...], value: Any) -> str:
    """The dotted path of a pydantic location, without the names of union members it passes through."""
    path = ""
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if isinstance(value, Mapping) and (part in value or (last and not _is_type_name(part))):
            value, path = value.get(part), join(path, part)
        elif isinstance(value, list) and isinstance(part, int):
            value, path = (value[part] if part < len(value) else None), join(path, part)
    return path


def _is_type_name(part: int | str) -> bool:
    return isinstance(part, str) and (not part.isidentifier() or part[0].isupper() or part in _PLAIN_TYPES)


def _place(path: str, places: Mapping[str, Place], label: str) -> str:
    while path:
        if path in places:
            return str(places[path])
        path = path.rpartition(".")[0]
    return label


def _paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every dotted path of a model; list entries are `*`."""
    for name, info in model.model_fields.items():
        path = join(prefix, name)
        yield path
        yield from _inside(info.annotation, path)


def _inside(annotation: Any, path: str) -> Iterator[str]:
    origin = get_origin(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _paths(annotation, path)
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _inside(member, path)
    elif origin is Annotated:
        yield from _inside(get_args(annotation)[0], path)
    elif origin in (list, tuple):
        for member in get_args(annotation):
            yield from _inside(member, f"{path}.*")
