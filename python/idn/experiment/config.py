"""Configs: YAML files that extend each other, changed by `key=value`, checked against the schema.

Configs are data: no tags, no interpolation, no resolver, nothing that runs.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn import zoo
from idn.errors import ConfigError
from idn.experiment import catalog, checking, merging
from idn.experiment.strict_yaml import Document, Place

if TYPE_CHECKING:
    from idn.experiment.schema import RunConfig

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
# What a change to a run changes in what it starts from too.
_SHARED = ("data.", "training.threads=", "training.device=")
_ZOO = "zoo/"
_NOT_RECIPE = (*_NOT_RESULTS, "training.seed", "data.seed", "measure")


@dataclass(frozen=True)
class LoadedConfig:
    """A config, resolved and checked, and where it came from.

    `name` is the last part of how it was asked for, `files` the files it was made of (the base first),
    `overrides` what the command line changed, `start` the config whose network it starts from. For one of
    the variants of a study, `variant` is its name and `study_id` the name of the study's directory.
    """

    run: RunConfig
    name: str
    files: list[Path] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    start: LoadedConfig | None = None
    variant: str | None = None
    study_id: str | None = None

    @property
    def digest(self) -> str:
        """A digest of every setting that results follow from, those of what it starts from included."""
        settings = _settings(self.run, _NOT_RESULTS)
        # Not how the start is called, but what it is; and nothing where there is none, as ever.
        settings.pop("start_from")
        if (name := zoo_name(self.run)) is not None:
            settings["start"] = zoo.card(name).sha256
        if self.start is not None:
            settings["start"] = self.start.digest
        return _digest(settings)

    @property
    def run_id(self) -> str:
        """The name of its directory: same settings, same directory."""
        return self.variant if self.variant is not None else f"{self.name}-{self.digest[:8]}"

    @property
    def folder(self) -> Path:
        """Where its directory is, below that of all runs."""
        above = Path(self.run.experiment)
        return (above if self.study_id is None else above / self.study_id) / self.run_id

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
        recipe = _recipes(ours[-1]).get(self.variant)
        if recipe is None:  # a base that is no whole config by itself, or lacks the variant
            return changed
        same = _settings(self.run, _NOT_RECIPE) == _settings(recipe, _NOT_RECIPE)
        return self.run.preset if same else changed

    @property
    def command(self) -> str:
        """What runs it again, from where it was run."""
        file = self.files[-1] if self.files else Path(f"{self.name}.yaml")
        config = catalog.label(file) if catalog.is_ours(file) else _seen_from_here(file)
        if self.variant is not None:
            config = f"{config}:{self.variant}"
        return shlex.join(["idn", "run", config, *self.overrides])

    def as_yaml(self) -> str:
        """The resolved config as YAML, every default written out; `load` reads it back to the same."""
        from omegaconf import OmegaConf

        text: str = OmegaConf.to_yaml(OmegaConf.create(self.run.model_dump(mode="json")))
        return text


@dataclass(frozen=True)
class Study:
    """A config with variants: several runs that are compared with each other."""

    name: str
    study_id: str
    experiment: str
    variants: dict[str, LoadedConfig]

    @property
    def folder(self) -> Path:
        """Where its directory is, below that of all runs."""
        return Path(self.experiment) / self.study_id


def zoo_name(run: RunConfig) -> str | None:
    """The network of the zoo that a run starts from: NAME of a `start_from` of zoo/NAME."""
    origin = run.start_from or ""
    return origin.removeprefix(_ZOO) if origin.startswith(_ZOO) else None


Known = dict[tuple[str, tuple[str, ...]], LoadedConfig]


def load(name: str | Path, overrides: Sequence[str] = ()) -> LoadedConfig:
    """Loads, merges and checks a config of one run.

    :param name: `slug/name` of ours, or the path of a YAML file; of a config with variants,
        `slug/name:variant`.
    :param overrides: `key=value`; keys are dotted and may index lists (`training.stages[0].epochs=1`), values
        are YAML.
    :raises ValueError: for an unknown config or variant, or an override that is not `key=value`.
    :raises idn.errors.ConfigError: for an unknown key, a wrong type, a cycle of `extends` or `start_from`, or
        a file that is not plain YAML; the message names file and line, the dotted path and what comes
        closest.
    """
    return _load(str(name), overrides, (), {})


def load_study(name: str | Path, overrides: Sequence[str] = ()) -> Study | None:
    """Loads a config with all its variants, each with the overrides applied; None if it has none.

    :raises ValueError: as `load`.
    :raises idn.errors.ConfigError: as `load`.
    """
    return _load_study(str(name), overrides, (), {})


def _load(name: str, overrides: Sequence[str], asked: tuple[str, ...], known: Known) -> LoadedConfig:
    """Loads a config of one run; `asked` are those on the way to it, `known` those found on other ways."""
    base, variant = _split_variant(name)
    study = _load_study(base, overrides, asked, known, only=variant)
    if study is not None:
        if variant is None:
            names = list(study.variants)
            raise ConfigError(
                f"config {name!r} is a study of {len(names)} runs, {', '.join(names)}; "
                f"name one of them, such as {name}:{names[0]}"
            )
        return study.variants[variant]
    if variant is not None:
        raise ValueError(f"config {base!r} has no variants; leave out :{variant}")
    file = catalog.find(base)
    documents = merging.chain(file)
    merged, places = merging.merge(documents)
    one = _one(merging.override(merged, places, overrides), places, file, documents, overrides)
    key = _key(file, None)
    if key in asked:
        raise ConfigError(
            f"{key} starts from itself: {' -> '.join([*asked, key])}; take one `start_from` away"
        )
    return _started(one, file, places, (*asked, key), known) if _starts_from_a_run(one.run) else one


def _load_study(
    name: str, overrides: Sequence[str], asked: tuple[str, ...], known: Known, only: str | None = None
) -> Study | None:
    """All variants; those other than `only` without what they start from."""
    file = catalog.find(name)
    documents = merging.chain(file)
    merged, places = merging.merge(documents)
    changes = merging.take_variants(merged, places, catalog.label(file))
    if changes is None:
        return None
    if only is not None and only not in changes:
        close = difflib.get_close_matches(only, changes, n=1)
        hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(changes)}"
        raise ValueError(f"config {name!r} has no variant {only!r}; {hint}")
    loaded: dict[str, LoadedConfig] = {}
    identity: dict[str, Any] = {}
    for variant in changes:
        key = _key(file, variant)
        wanted = only is None or only == variant
        if key in asked and wanted:
            cycle = " -> ".join([*asked[asked.index(key) :], key])
            raise ConfigError(f"{key} starts from itself: {cycle}; take one `start_from` away")
        value, where = merging.varied(merged, changes[variant], places, variant)
        value = merging.override(value, where, overrides)
        one = _one(value, where, file, documents, overrides, variant)
        if _starts_from_a_run(one.run) and wanted:
            one = _started(one, file, where, (*asked, key), known)
        loaded[variant] = one
        # How the start is called, not what it is: that is seen when a finished run is asked for.
        identity[variant] = _settings(one.run, _NOT_RESULTS) | {"start_from": value.get("start_from")}
    first = next(iter(loaded.values())).run
    study_id = f"{file.stem}-{_digest(identity)[:8]}"
    loaded = {variant: replace(one, study_id=study_id) for variant, one in loaded.items()}
    return Study(file.stem, study_id, first.experiment, loaded)


def _one(
    value: dict[str, Any],
    places: dict[str, Place],
    file: Path,
    documents: list[tuple[Path, Document]],
    overrides: Sequence[str],
    variant: str | None = None,
) -> LoadedConfig:
    """Checks one merged config; what it starts from is named in full, and not loaded yet."""
    label = catalog.label(file)
    run = checking.check(value, places, label if variant is None else f"{label}:{variant}")
    if (name := zoo_name(run)) is not None:
        _check_zoo(run, name, places, label)
    elif run.start_from is not None:
        try:
            origin = catalog.label(_origin(run, file))
        except ValueError as error:
            raise ConfigError(f"{places.get('start_from', label)}: start_from: {error}") from error
        inner = _split_variant(run.start_from)[1]
        run = run.model_copy(update={"start_from": origin if inner is None else f"{origin}:{inner}"})
    files = [one for one, _ in documents]
    return LoadedConfig(run, file.stem, files, list(overrides), variant=variant)


def _starts_from_a_run(run: RunConfig) -> bool:
    return run.start_from is not None and zoo_name(run) is None


def _check_zoo(run: RunConfig, name: str, places: dict[str, Place], label: str) -> None:
    """Refuses a network of the zoo that is not there, or other data than it was trained on."""
    try:
        card = zoo.card(name)
    except ValueError as error:
        raise ConfigError(f"{places.get('start_from', label)}: start_from: {error}") from error
    # How many are held out is seen when the data is there: a config may leave it to the data set.
    for key, here, there in (("name", run.data.name, card.dataset), ("seed", run.data.seed, card.split_seed)):
        if here != there:  # what is held out here may have been trained on there
            raise ConfigError(
                f"{places.get(f'data.{key}', label)}: data.{key} is {here!r}, but {run.start_from}, which "
                f"this starts from, has {there!r}; both need the same split"
            )


def _origin(run: RunConfig, file: Path) -> Path:
    """The file of the config a run starts from: its own where `start_from` is empty or :VARIANT."""
    base = _split_variant(run.start_from or "")[0]
    return catalog.find(base, file.parent) if base else file


def _started(
    one: LoadedConfig, file: Path, places: dict[str, Place], asked: tuple[str, ...], known: Known
) -> LoadedConfig:
    """The same config with what it starts from."""
    # A start in another file is what that file says, but on the same machine and data.
    overrides = one.overrides
    if _origin(one.run, file) != file:
        overrides = [override for override in overrides if override.startswith(_SHARED)]
    key = (str(one.run.start_from), tuple(overrides))
    try:
        if key not in known:
            known[key] = _load(key[0], overrides, asked, known)
        start = known[key]
    except ValueError as error:
        place = places.get("start_from", catalog.label(file))
        raise ConfigError(f"{place}: start_from: {error}") from error
    for name in ("name", "validation", "seed"):
        here, there = getattr(one.run.data, name), getattr(start.run.data, name)
        if here != there:  # what is held out here may have been trained on there
            raise ConfigError(
                f"{places.get(f'data.{name}', catalog.label(file))}: data.{name} is {here!r}, but "
                f"{one.run.start_from}, which this starts from, has {there!r}; both need the same split"
            )
    return replace(one, start=start)


@functools.lru_cache(maxsize=64)
def _recipes(file: Path) -> dict[str | None, RunConfig]:
    """A config of ours as it is, by variant (None: it has none); what is installed stays as it is."""
    try:
        study = load_study(str(file))
        if study is None:
            return {None: load(str(file)).run}
    except ConfigError:
        return {}
    return {variant: one.run for variant, one in study.variants.items()}


def _seen_from_here(file: Path) -> str:
    """A path as one would write it in the current directory; of a file elsewhere its name alone."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else file.name


def _split_variant(name: str) -> tuple[str, str | None]:
    base, colon, variant = name.rpartition(":")
    return (base, variant) if colon and "/" not in variant else (name, None)


def _key(file: Path, variant: str | None) -> str:
    label = catalog.label(file)
    return label if variant is None else f"{label}:{variant}"


def _digest(settings: Any) -> str:
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


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
    schema["properties"]["variants"] = {
        "type": "object",
        "description": "runs to compare: by name, what each changes in the rest of the config",
        "additionalProperties": {"type": "object"},
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def _section_names(schema: dict[str, Any]) -> list[str]:
    properties = schema["properties"].values()
    return [entry["$ref"].rpartition("/")[2] for entry in properties if "$ref" in entry]


def _settings(run: RunConfig, without: Sequence[str]) -> dict[str, Any]:
    settings = run.model_dump(mode="json")
    if run.batching is None:  # so that runs without it are called as before there was any
        del settings["batching"]
    for path in without:
        *parents, last = path.split(".")
        section = settings
        for key in parents:
            section = section[key]
        section.pop(last, None)
    return settings
