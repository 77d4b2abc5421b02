"""The networks of the papers, by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from idn.models import heads
from idn.models.alexnet import alexnet, b_alexnet
from idn.models.lenet import b_lenet, lenet

__all__ = ["alexnet", "b_alexnet", "b_lenet", "build", "heads", "lenet", "names"]

_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    builder.__name__: builder for builder in (alexnet, b_alexnet, b_lenet, lenet)
}


def names() -> list[str]:
    """Return the names `build` knows."""
    return sorted(_BUILDERS)


def build(name: str, **options: Any) -> nn.Module:
    """Build a network by name, as configs do.

    :param name: one of `names()`.
    :param options: the arguments of the function of that name, such as `classes`, `in_channels`,
        `image_size`.
    :raises ValueError: for an unknown name or option, with what is close to it, and for a value out of range.
    """
    if name not in _BUILDERS:
        raise ValueError(f"model {name!r} is unknown{_suggest(name, names())}")
    known = list(inspect.signature(_BUILDERS[name]).parameters)
    for option in options:
        if option not in known:
            raise ValueError(f"model {name!r} has no option {option!r}{_suggest(option, known)}")
    return _BUILDERS[name](**options)


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f": {hint}Expected one of {', '.join(known)}."
