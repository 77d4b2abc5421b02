"""Digests that say which network and which data a policy belongs to (docs/formats.md, policy files)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["trace_digest", "weights_digest"]


def weights_digest(weights: Mapping[str, Any]) -> str:
    """Compute the SHA-256 of a network's weights, whatever file, device or order they are in.

    Of each tensor, sorted by name: the lengths of what follows, then name, type, shape and bytes in C order.

    :param weights: what `model.state_dict()` gives.
    :raises ValueError: for an entry that is not a tensor.
    """
    digest = hashlib.sha256(b"idn weights 1\n")
    for name in sorted(weights):
        tensor = weights[name]
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{name} is a {type(tensor).__name__}, expected a tensor.")
        kind = str(tensor.dtype).removeprefix("torch.")
        content = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        _add(digest, [name.encode(), kind.encode(), str(list(tensor.shape)).encode(), content])
    return digest.hexdigest()


def trace_digest(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> str:
    """Compute the SHA-256 of recorded logits (samples, exits, classes) and labels (samples,)."""
    digest = hashlib.sha256(b"idn trace 1\n")
    for values, kind in ((logits, "<f4"), (labels, "<i8")):
        content = np.ascontiguousarray(values, dtype=kind)
        _add(digest, [str(list(content.shape)).encode(), content.reshape(-1).view(np.uint8).data])
    return digest.hexdigest()


def _add(digest: Any, parts: Iterable[bytes | memoryview]) -> None:
    for part in parts:
        digest.update(f"{len(part)} ".encode())
        digest.update(part)
