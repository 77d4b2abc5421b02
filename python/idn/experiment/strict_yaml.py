"""YAML from strangers, read as data: plain values only, with limits, and where every key stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from idn.errors import ConfigError

MAX_BYTES = 1 << 20
MAX_NODES = 10_000  # a real config has about a hundred; aliases are counted each time they are used
MAX_DEPTH = 32
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}


@dataclass(frozen=True)
class Place:
    """Where a key was set: a file and its line, or the command line."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}, line {self.line}"


@dataclass
class Document:
    """The value of a YAML text, and the place of every key in it by dotted path."""

    value: Any
    places: dict[str, Place] = field(default_factory=dict)


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 1e-3 as a number, as YAML 1.2 and everybody else does, and dates as text."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0].rpartition(":")[2] not in ("timestamp", "float", "merge")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    list("-+0123456789."),
)


def read(file: Path, label: str) -> Document:
    """Reads a config file.

    :param label: how messages name the file.
    :raises idn.errors.ConfigError: if it cannot be read, is larger than 1 MiB, or is not plain YAML.
    """
    try:
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ConfigError(f"{label} is larger than {MAX_BYTES} bytes; that is no config")
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{label} cannot be read: {error}") from error
    return parse(text, label)


def parse(text: str, label: str) -> Document:
    """Reads YAML text as plain values: no tags, no merge keys, no `${...}`, each key once.

    :raises idn.errors.ConfigError: for anything else, naming the line.
    """
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        document = Document(None)
        if node is not None:
            document.value = _Reader(loader, label, document.places).value(node, "", 0)
        return document
    except yaml.YAMLError as error:
        raise ConfigError(f"{label} is not YAML: {_one_line(error)}") from error
    except RecursionError:
        raise ConfigError(f"{label} is nested more than {MAX_DEPTH} deep") from None
    finally:
        if loader is not None:
            loader.dispose()


class _Reader:
    def __init__(self, loader: _Loader, label: str, places: dict[str, Place]) -> None:
        self._loader = loader
        self._label = label
        self._places = places
        self._nodes = 0

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or depth > MAX_DEPTH:
            raise self._refusal(
                node, f"more than {MAX_NODES} values, or nested more than {MAX_DEPTH} deep; that is no config"
            )
        if node.tag not in _PLAIN:
            raise self._refusal(
                node, f"the tag {node.tag!r} is refused: a config holds plain values, never code or objects"
            )
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, path, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, join(path, index), depth + 1) for index, item in enumerate(node.value)]
        try:
            plain = self._loader.construct_object(node)
        except ValueError as error:
            raise self._refusal(node, f"{node.value!r}: {error}") from error
        if isinstance(plain, str) and "${" in plain:
            raise self._refusal(
                node,
                f"{plain!r} at {path or 'the top'}: interpolation is refused, since a config is data alone; "
                "write the value",
            )
        return plain

    def _items(self, mapping: yaml.MappingNode, path: str, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in mapping.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in _PLAIN:
                raise self._refusal(key_node, "a key must be plain text")
            key = str(key_node.value)
            if key == "<<":
                raise self._refusal(key_node, "the merge key '<<' is refused; use `extends`")
            if key in seen:
                raise self._refusal(key_node, f"{join(path, key)} is given twice")
            if "." in key or "${" in key:
                raise self._refusal(
                    key_node, f"the key {key!r} is refused: write nested keys, without '.' or '${{'"
                )
            seen.add(key)
            self._places[join(path, key)] = Place(self._label, key_node.start_mark.line + 1)
            yield key, self.value(value_node, join(path, key), depth + 1)

    def _refusal(self, node: yaml.Node, message: str) -> ConfigError:
        return ConfigError(f"{Place(self._label, node.start_mark.line + 1)}: {message}")


def join(path: str, key: str | int) -> str:
    """The dotted path of a key below a path."""
    return f"{path}.{key}" if path else str(key)


def _one_line(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())
