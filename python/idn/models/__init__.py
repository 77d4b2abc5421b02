"""The networks of the papers, by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from idn.branchy import Branchy
from idn.models import heads
from idn.models.alexnet import alexnet, b_alexnet
from idn.models.alexnet_style import alexnet_style, b_alexnet_style
from idn.models.densenet import b_densenet, densenet
from idn.models.lenet import b_lenet, lenet
from idn.models.resnet import b_resnet, resnet

__all__ = [
    "alexnet",
    "alexnet_style",
    "b_alexnet",
    "b_alexnet_style",
    "b_densenet",
    "b_lenet",
    "b_resnet",
    "build",
    "densenet",
    "heads",
    "lenet",
    "names",
    "resnet",
]

_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    builder.__name__: builder
    for builder in (
        alexnet,
        alexnet_style,
        b_alexnet,
        b_alexnet_style,
        b_densenet,
        b_lenet,
        b_resnet,
        densenet,
        lenet,
        resnet,
    )
}


def names() -> list[str]:
    """Return the names `build` knows."""
    return sorted(_BUILDERS)


def build(name: str, *, exits: Sequence[str] | None = None, **options: Any) -> nn.Module:
    """Build a network by name, as configs do.

    :param name: one of `names()`.
    :param exits: early exits to hang on a network that has none, each "MODULE: HEAD", such as
        "pool1: pool-conv(32)-linear" (`heads.named`), or "MODULE", which means "MODULE: linear". The result
        is then an `idn.Branchy`, even of an empty list.
    :param options: the arguments of the function of that name, such as `classes`, `in_channels`,
        `image_size`.
    :raises ValueError: for an unknown name, option or module, with what is close to it; for a value out of
        range; for exits that are no such list, or name a module twice, or a network that has its own.
    """
    if name not in _BUILDERS:
        raise ValueError(f"model {name!r} is unknown{_suggest(name, names())}")
    known = list(inspect.signature(_BUILDERS[name]).parameters)
    for option in options:
        if option not in known:
            raise ValueError(f"model {name!r} has no option {option!r}{_suggest(option, known)}")
    network = _BUILDERS[name](**options)
    if exits is None:
        return network
    if isinstance(network, Branchy):
        raise ValueError(
            f"model {name!r} has early exits of its own ({', '.join(network.exit_names[:-1])}); "
            f"leave out exits, or hang them on {name.removeprefix('b_')!r}."
        )
    bound = inspect.signature(_BUILDERS[name]).bind(**options)
    bound.apply_defaults()
    channels, size = bound.arguments["in_channels"], bound.arguments["image_size"]
    return Branchy(network, _exits(exits), example_input=torch.zeros(1, channels, size, size))


def _exits(entries: Sequence[str]) -> dict[str, str]:
    expected = 'expected a list of texts such as "pool1" or "pool1: pool-conv(32)-linear"'
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise ValueError(f"exits is {entries!r}, {expected}.")
    exits: dict[str, str] = {}
    for entry in entries:
        if not isinstance(entry, str):
            raise ValueError(f"exits has {entry!r}, {expected}; in YAML the text needs its quotes.")
        module, colon, head = (part.strip() for part in entry.partition(":"))
        if not module or (colon and not head):
            raise ValueError(f"exits has {entry!r}, {expected}.")
        if module in exits:
            raise ValueError(f"exits names module {module!r} twice; one module has at most one exit.")
        exits[module] = head or "linear"
    return exits


def _suggest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
    return f": {hint}Expected one of {', '.join(known)}."
