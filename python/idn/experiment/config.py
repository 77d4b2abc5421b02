"""Configs: YAML files that extend each other, changed by `key=value`, checked against the schema.

Configs are data: no tags, no interpolation, no resolver, nothing that runs.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.errors import ConfigError
from idn.experiment import catalog, strict_yaml
from idn.experiment.strict_yaml import Document, Place

if TYPE_CHECKING:
    from idn.experiment.schema import RunConfig

MAX_EXTENDS = 16
FROM_DATA = ("classes", "in_channels", "image_size")
COMMAND_LINE = "the command line"
# What a run computes does not follow from these.
_NOT_RESULTS = (
    "note",
    "data.root",
    "training.threads",
    "training.device",
    "training.tensorboard",
    "training.checkpoint_every_epochs",
    "training.checkpoint_every_steps",
)
_NOT_RECIPE = (*_NOT_RESULTS, "training.seed", "data.seed", "measure")


@dataclass(frozen=True)
class LoadedConfig:
    """A config, resolved and checked, and where it came from.

    `name` is the last part of how it was asked for, `files` the files it was made of (the base first), and
    `overrides` what the command line changed.
    """

    run: RunConfig
    name: str
    files: list[Path] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        """The name, and a digest of every setting that results follow from: same settings, same directory."""
        text = json.dumps(_settings(self.run, _NOT_RESULTS), sort_keys=True, separators=(",", ":"))
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def preset(self) -> str:
        """The preset, followed by ", changed" where the recipe is not that of a config of ours.

        Another seed or machine does not change a recipe.
        """
        if self.run.preset == "custom":
            return "custom"
        changed = f"{self.run.preset}, changed"
        ours = [file for file in self.files if catalog.is_ours(file)]
        if not ours:
            return changed
        try:
            recipe = load(ours[-1]).run
        except ConfigError:  # a base that is no whole config by itself
            return changed
        same = _settings(self.run, _NOT_RECIPE) == _settings(recipe, _NOT_RECIPE)
        return self.run.preset if same else changed

    def as_yaml(self) -> str:
        """The resolved config as YAML, every default written out; `load` reads it back to the same."""
        from omegaconf import OmegaConf

        text: str = OmegaConf.to_yaml(OmegaConf.create(self.run.model_dump(mode="json")))
        return text


def load(name: str | Path, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Loads, merges and checks a config.

    :param name: `slug/name` of ours, or the path of a YAML file.
    :param overrides: `key=value`; keys are dotted and may index lists (`training.stages[0].epochs=1`), values
        are YAML.
    :raises ValueError: for an unknown config or an override that is not `key=value`.
    :raises idn.errors.ConfigError: for an unknown key, a wrong type, a cycle of `extends`, or a file that is
        not plain YAML; the message names file and line, the dotted path and what comes closest.
    """
    file = catalog.find(str(name))
    documents = _chain(file)
    value, places = _merge(documents)
    value = _override(value, places, overrides)
    return LoadedConfig(
        run=_check(value, places, catalog.label(file)),
        name=file.stem,
        files=[file for file, _ in documents],
        overrides=list(overrides),
    )


def json_schema() -> dict[str, Any]:
    """The JSON schema of a config, for editors; `extends` is resolved before it applies, and added here."""
    from idn.experiment.schema import RunConfig

    schema = RunConfig.model_json_schema()
    schema["properties"]["extends"] = {
        "type": "string",
        "description": "a config this one changes: a name in the same folder, slug/name, or a path",
    }
    # With `extends`, every key of a section may come from the base; entries of a list are written whole.
    for section in (schema, *(schema["$defs"][name] for name in _section_names(schema))):
        section.pop("required", None)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def _section_names(schema: dict[str, Any]) -> list[str]:
    properties = schema["properties"].values()
    return [entry["$ref"].rpartition("/")[2] for entry in properties if "$ref" in entry]


def _settings(run: RunConfig, without: Sequence[str]) -> dict[str, Any]:
    settings = run.model_dump(mode="json")
    for path in without:
        *parents, last = path.split(".")
        section = settings
        for key in parents:
            section = section[key]
        section.pop(last, None)
    return settings


def _chain(file: Path) -> list[tuple[Path, Document]]:
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
            raise ConfigError(
                f"{file} holds {_kind(document.value)}; a config is a mapping of keys to values"
            )
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


def _merge(documents: list[tuple[Path, Document]]) -> tuple[Any, dict[str, Place]]:
    from omegaconf import OmegaConf

    places: dict[str, Place] = {}
    merged: Any = OmegaConf.create({})
    for _, document in documents:
        places.update(document.places)
        _make_room(merged, document.value)
        merged = OmegaConf.merge(merged, document.value)
    return merged, places


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


def _override(merged: Any, places: dict[str, Place], overrides: Sequence[str]) -> dict[str, Any]:
    from omegaconf import DictConfig, OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    for override in overrides:
        key, equals, text = override.partition("=")
        path = key.strip().replace("[", ".").replace("]", "")
        if not equals or not all(part.isidentifier() or part.isdigit() for part in path.split(".")):
            raise ValueError(f"override {override!r} is not key=value, such as training.batch_size=64")
        document = strict_yaml.parse(text, f"override {override!r}")
        try:
            old = OmegaConf.select(merged, path)
            merge = isinstance(document.value, dict) and isinstance(old, DictConfig)
            if merge:
                _make_room(old, document.value)
            OmegaConf.update(merged, path, document.value, merge=merge, force_add=True)
        except (OmegaConfBaseException, ValueError, IndexError, TypeError, AssertionError) as error:
            raise ConfigError(
                f"override {override!r} cannot be applied: {str(error).splitlines()[0]}"
            ) from error
        command_line = Place(COMMAND_LINE)
        parts = path.split(".")
        for depth in range(1, len(parts)):
            places.setdefault(".".join(parts[:depth]), command_line)
        places[path] = command_line
        places.update({strict_yaml.join(path, inner): command_line for inner in document.places})
    value: dict[str, Any] = OmegaConf.to_container(merged, resolve=False)  # type: ignore[assignment]
    return value


def _check(value: dict[str, Any], places: dict[str, Place], label: str) -> RunConfig:
    from pydantic import ValidationError

    from idn.experiment.config_errors import explain
    from idn.experiment.schema import RunConfig

    try:
        run = RunConfig.model_validate(value)
    except ValidationError as error:
        raise ConfigError(explain(error, value, places, RunConfig, label)) from None
    _refuse_other_types(value, run.model_dump(), "", places, label)
    _check_model(run, places, label)
    return run


_WANTED: dict[type, str] = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


def _refuse_other_types(given: Any, read: Any, path: str, places: dict[str, Place], label: str) -> None:
    """Refuses what pydantic would quietly turn into something else: true for 1, "3" for 3, "yes" for true."""
    if isinstance(given, dict) and isinstance(read, dict):
        for key, value in given.items():
            _refuse_other_types(value, read.get(key), f"{path}.{key}" if path else str(key), places, label)
    elif isinstance(given, list) and isinstance(read, (list, tuple)):
        for index, (one, other) in enumerate(zip(given, read, strict=True)):
            _refuse_other_types(one, other, f"{path}[{index}]", places, label)
    elif isinstance(given, (bool, str)) and type(read) is not type(given):
        raise ConfigError(
            f"{places.get(path, label)}: {path} is {given!r}; expected {_WANTED.get(type(read), _kind(read))}"
        )


def _check_model(run: RunConfig, places: dict[str, Place], label: str) -> None:
    """Options of the network are those of its builder, less those the data decide."""
    import inspect

    from idn import models

    if run.model.name not in models.names():
        close = difflib.get_close_matches(run.model.name, models.names(), n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(models.names())}"
        raise ConfigError(
            f"{places.get('model.name', label)}: model.name {run.model.name!r} is unknown; {hint}"
        )
    known = set(inspect.signature(getattr(models, run.model.name)).parameters) - set(FROM_DATA)
    for option in run.model.options:
        where = f"{places.get(f'model.{option}', label)}: model.{option}"
        if option in FROM_DATA:
            raise ConfigError(f"{where} follows from the data; leave it out")
        if option not in known:
            close = difflib.get_close_matches(option, known | {"name"}, n=1)
            hint = (
                f"did you mean model.{close[0]}?"
                if close
                else f"{run.model.name} knows {sorted(known) or 'none'}"
            )
            raise ConfigError(f"{where} is unknown; {hint}")


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
