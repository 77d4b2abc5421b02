"""A module beside its package: the same answers, whatever the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

import idn
from idn._native import extension
from idn.exporting.tracing import outputs_of

BATCHES = (1, 3, 7)


class Function(nn.Module):
    """A function of tensors as a module: what it gives, flattened, as two logits or more."""

    def __init__(self, function: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        result = self.function(*inputs)
        rows = result.to(torch.float32).reshape(result.shape[0], -1)
        return torch.cat([rows, rows], dim=1) if rows.shape[1] < 2 else rows


def package_of(module: nn.Module, example: Sequence[torch.Tensor], folder: Path, **options: Any) -> Any:
    path = idn.export(module, tuple(example), folder / "model.safetensors", **options)
    return extension.graph.Package.open(str(path))


def samples(example: Sequence[torch.Tensor], batch: int, seed: int) -> list[torch.Tensor]:
    """Inputs of a batch like an example: floats drawn anew, integers taken from it in another order."""
    generator = torch.Generator().manual_seed(seed)
    drawn = []
    for given in example:
        rows = given[torch.randint(len(given), (batch,), generator=generator)]
        if given.is_floating_point():
            scale = given.std().nan_to_num(1.0) or 1.0
            rows = rows + 0.1 * scale * torch.randn(rows.shape, generator=generator, dtype=torch.float32).to(
                given.dtype
            )
        drawn.append(rows)
    return drawn


def assert_same_answers(
    module: nn.Module, example: Sequence[torch.Tensor], folder: Path, tolerance: float = 1e-5
) -> Any:
    """Export a module, and compare its answers with its package's at batches of 1, 3 and 7.

    The tolerance, absolute and relative, is for sums in another order: 1e-5 is about a hundred roundings of
    float32.
    """
    module.eval()
    package = package_of(module, example, folder)
    executor = extension.graph.Executor(package)
    for batch in BATCHES:
        inputs = samples(example, batch, seed=batch)
        with torch.no_grad():
            expected = outputs_of(module(*[given.clone() for given in inputs]))
        for answer, wanted in zip(executor.run(inputs), expected, strict=True):
            torch.testing.assert_close(answer, wanted.float(), rtol=tolerance, atol=tolerance)
    return package
