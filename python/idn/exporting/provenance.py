"""Where a package comes from, as the exporter knows it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping

import torch
from torch import nn

from idn.exits.digest import weights_digest

__all__ = ["provenance_of"]


def provenance_of(module: nn.Module, given: Mapping[str, str] | None) -> dict[str, str]:
    """Put together what made a package; `weights_sha256` is what policy files hold of the same network.

    :param given: entries of the caller's own.
    :raises ValueError: for an entry that is no text, or has a name of ours.
    """
    ours = {
        "idn": importlib.metadata.version("idn"),
        "module": f"{type(module).__module__}.{type(module).__qualname__}",
        "torch": torch.__version__,
        "weights_sha256": weights_digest(module.state_dict()),
    }
    for name, value in (given or {}).items():
        if name in ours:
            raise ValueError(f"provenance has {name!r}, which export fills in itself; choose another name.")
        if not isinstance(name, str) or not isinstance(value, str):
            raise ValueError(f"provenance has {name!r}: {value!r}, expected texts by name.")
    return {**ours, **(given or {})}
