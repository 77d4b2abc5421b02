"""
Batches of images.
"""

from __future__ import annotations

import collections.abc
import typing

import torch

__all__: list[str] = ["crop_batch"]

def crop_batch(
    images: torch.Tensor,
    index: torch.Tensor,
    *,
    mean: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex],
    inverse_std: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex],
    top: torch.Tensor,
    left: torch.Tensor,
    flip: torch.Tensor,
) -> torch.Tensor:
    """
    Picks, normalises, crops and mirrors images (samples, channels, height, width): float32 of as many.
    """
