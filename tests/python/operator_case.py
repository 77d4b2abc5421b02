"""An operator with inputs, attributes, and what PyTorch calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


FLOATS = (torch.float32, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.uint8)
NUMBERS = FLOATS + INTEGERS
ALL = (*NUMBERS, torch.bool)
NO_PASSES = {"fold_constants": False, "fold_batch_norms": False, "fuse_convolutions": False, "prepack": False}
# Of values near 1: sums in another order in single precision; a few roundings of the others' 11 and 8 bits.
TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 4e-2}


@dataclass(frozen=True)
class Case:
    """An operator on inputs of these shapes: a first size of None is the batch, others are constants."""

    operator: str
    shapes: Sequence[Sequence[int | None] | None]
    reference: Callable[..., torch.Tensor]
    attributes: Mapping[str, object] = field(default_factory=dict)
    dtypes: Sequence[torch.dtype] = (torch.float32,)
    make: Callable[[list[torch.Tensor | None]], list[torch.Tensor | None]] = lambda tensors: tensors

    @property
    def constants(self) -> list[int]:
        """Which inputs are constants."""
        return [i for i, shape in enumerate(self.shapes) if shape is not None and None not in shape[:1]]

    def tensors(self, batch: int, dtype: torch.dtype) -> list[torch.Tensor | None]:
        """Inputs at a batch, drawn by a fixed seed; constants are the same at every batch."""
        drawn: list[torch.Tensor | None] = []
        for index, shape in enumerate(self.shapes):
            if shape is None:
                drawn.append(None)
                continue
            generator = torch.Generator().manual_seed(index)
            sizes = [batch if size is None else size for size in shape]
            numbers = torch.randn(sizes, generator=generator)
            if dtype in INTEGERS:
                numbers = (numbers * 3).abs() if dtype == torch.uint8 else numbers * 3
            drawn.append(numbers.to(dtype))
        return self.make(drawn)

    def inputs(self, tensors: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
        """Those that are no constants, which a graph of the operator takes."""
        return [t for i, t in enumerate(tensors) if t is not None and i not in self.constants]

    def __str__(self) -> str:
        sizes = "x".join(str(shape) for shape in self.shapes)
        return f"{self.operator}-{sizes}-{self.attributes}".replace(" ", "")


def second_positive(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    """Let the second input be positive, as a variance is."""
    return [t.abs() + 0.5 if i == 2 and t is not None else t for i, t in enumerate(tensors)]


ROWS = [None, 3, 4]
IMAGE = [None, 4, 6, 5]
