"""Inputs that a package accepts, made up from its types and ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from idn.graph import TORCH_TYPES

if TYPE_CHECKING:
    from idn.graph import Input

_INSIDE = (0.01, 0.99)  # of a range: a bound itself may lie outside once it is rounded to the input's type


def make_inputs(
    inputs: Sequence[Input], batch: int, device: torch.device | str = "cpu", seed: int = 0
) -> list[torch.Tensor]:
    """A tensor for each input, the same for the same seed.

    Floats are spread over the range of the input, or normal where it names none; integers are spread over
    their range, and zeros where there is none, since zero is an index into whatever they may point at.

    :raises ValueError: where there is not enough memory for them.
    """
    generator = torch.Generator().manual_seed(seed)
    try:
        return [_one(declared, batch, generator).to(device) for declared in inputs]
    except RuntimeError as error:
        if "allocate" not in str(error):
            raise
        raise ValueError(
            f"there is not enough memory for inputs of batch {batch}; take a smaller one."
        ) from error


def _one(declared: Input, batch: int, generator: torch.Generator) -> torch.Tensor:
    shape = [per_batch * batch + fixed for per_batch, fixed in declared.shape]
    dtype = TORCH_TYPES[declared.dtype]
    if dtype == torch.bool:
        return torch.randint(0, 2, shape, generator=generator).to(dtype)
    if declared.range is None:
        if dtype.is_floating_point:
            return torch.randn(shape, generator=generator).to(dtype)
        return torch.zeros(shape, dtype=dtype)
    least, most = declared.range
    share = torch.rand(shape, generator=generator, dtype=torch.float64)
    share = _INSIDE[0] + (_INSIDE[1] - _INSIDE[0]) * share
    values: torch.Tensor = least * (1 - share) + most * share
    if dtype.is_floating_point:
        return values.to(dtype)
    return values.round().to(dtype)
