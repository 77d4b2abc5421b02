"""Whether a merged config is one: the schema, types taken as they are, and the options of the network."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from idn.errors import ConfigError
from idn.experiment.merging import kind
from idn.experiment.strict_yaml import Place

if TYPE_CHECKING:
    from idn.experiment.schema import RunConfig

FROM_DATA = ("classes", "in_channels", "image_size")
_WANTED: dict[type, str] = {bool: "true or false", int: "an integer", float: "a number", str: "a text"}


def check(value: dict[str, Any], places: dict[str, Place], label: str) -> RunConfig:
    """Checks a merged config and returns it.

    :param places: where each key was set, by dotted path, for the message.
    :raises idn.errors.ConfigError: naming the place, the key, its value and what fits.
    """
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
            f"{places.get(path, label)}: {path} is {given!r}; expected {_WANTED.get(type(read), kind(read))}"
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
    known = set(inspect.signature(getattr(models, run.model.name)).parameters) - set(FROM_DATA) | {"exits"}
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
