"""Data sets: found, fetched, checked, split, normalised, augmented and batched.

`load` gives the three splits of a data set as arrays of bytes in memory; `Batches` walks over one of them.
`registry`, `get` and `verify` are about the files on disk. Everything is loaded at its first use, so that
listing data sets does not import torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idn.data.augment import Augment
    from idn.data.batches import Batches
    from idn.data.dataset import Dataset, Splits
    from idn.data.installation import get
    from idn.data.loading import load
    from idn.data.normalizer import Normalizer
    from idn.data.sources import Source, data_root, registry
    from idn.data.verification import Verification, verify

_HOMES = {
    "Augment": "augment",
    "Batches": "batches",
    "Dataset": "dataset",
    "Normalizer": "normalizer",
    "Source": "sources",
    "Splits": "dataset",
    "Verification": "verification",
    "data_root": "sources",
    "get": "installation",
    "load": "loading",
    "registry": "sources",
    "verify": "verification",
}

__all__ = [
    "Augment",
    "Batches",
    "Dataset",
    "Normalizer",
    "Source",
    "Splits",
    "Verification",
    "data_root",
    "get",
    "load",
    "registry",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'idn.data' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"idn.data.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
