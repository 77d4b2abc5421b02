"""Small trained networks inside the package, each with a card: where it comes from and what it is worth.

`load` gives a network ready to use, `graph` and `path` the same as a package that runs without Python,
`card` what is known of it: what its images have to be normalised with, and thresholds with what they give.
Everything is loaded at its first use; only `load`, `graph`, `path` and what a card makes
(`Card.normalizer`, `Card.policy`) import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idn.zoo.cards import Card, Exit, Operation, Origin, card, names
    from idn.zoo.loading import graph, load, path

_HOMES = {
    "Card": "cards",
    "Exit": "cards",
    "Operation": "cards",
    "Origin": "cards",
    "card": "cards",
    "graph": "loading",
    "load": "loading",
    "names": "cards",
    "path": "loading",
}

__all__ = ["Card", "Exit", "Operation", "Origin", "card", "graph", "load", "names", "path"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'idn.zoo' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"idn.zoo.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
