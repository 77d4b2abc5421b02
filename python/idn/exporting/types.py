"""Types of values: torch's names of element types, and the graph's."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from idn.exporting.dimensions import Shape, shape_text
from idn.graph import TORCH_TYPES

__all__ = ["DTYPES", "TensorType", "dtype_fix", "dtype_name"]

DTYPES = {torch_type: name for name, torch_type in TORCH_TYPES.items()}


@dataclass(frozen=True)
class TensorType:
    """What a value holds and its shape, a size being (per_batch, fixed)."""

    dtype: torch.dtype
    shape: Shape

    @property
    def rank(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    def __str__(self) -> str:
        return f"{DTYPES.get(self.dtype, self.dtype)} {shape_text(self.shape)}"


def dtype_name(dtype: torch.dtype) -> str:
    """Name an element type as packages do.

    :raises KeyError: for one that packages do not hold.
    """
    return DTYPES[dtype]


def dtype_fix(dtype: torch.dtype) -> str:
    """Say what to do about an element type that packages do not hold."""
    if dtype == torch.float64:
        return "use single precision: module.float() and example.float()"
    if dtype.is_complex:
        return "hold real and imaginary parts as two float tensors"
    if dtype.is_floating_point:
        return "use float32, float16 or bfloat16"
    return "use int64, int32, uint8 or bool"
