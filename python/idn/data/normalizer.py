"""Centring and normalisation by the channels of the training split."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class Normalizer:
    """Subtracts each channel's mean and divides by its deviation, both in units of a byte (0 to 255).

    The statistics are those of the training split alone (dissertation, sections 3.5 and 5.5).

    :raises ValueError: if a number is not finite, a deviation is not positive, or their counts differ.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.mean or len(self.mean) != len(self.std):
            raise ValueError(
                f"mean is {self.mean} and std is {self.std}, expected one of each for each channel."
            )
        if not np.isfinite([*self.mean, *self.std]).all() or min(self.std) <= 0:
            raise ValueError(
                f"mean is {self.mean} and std is {self.std}, expected finite numbers and std > 0."
            )

    @classmethod
    def fit(cls, images: NDArray[np.uint8]) -> Normalizer:
        """Take mean and deviation of each channel of uint8 images (samples, channels, height, width).

        The deviation of a channel that never changes is taken as 1: such a channel becomes 0 everywhere.

        :raises ValueError: if the images are not uint8 of four dimensions, or there are none.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
            raise ValueError(
                f"images are {images.dtype} of shape {images.shape}, "
                "expected uint8 (samples, channels, height, width) and at least one sample."
            )
        pixels = images.reshape(len(images), images.shape[1], -1)
        count = len(pixels) * pixels.shape[2]
        totals = np.zeros((2, images.shape[1]), dtype=np.uint64)
        for begin in range(0, len(pixels), 1024):  # in blocks, so that the squares take little memory
            block = pixels[begin : begin + 1024]
            totals[0] += block.sum(axis=(0, 2), dtype=np.uint64)
            totals[1] += np.square(block, dtype=np.uint16).sum(axis=(0, 2), dtype=np.uint64)
        mean, std = [], []
        for total, squares in totals.T.tolist():
            mean.append(total / count)
            # Whole numbers up to the root, so nothing is lost to cancellation.
            std.append(math.sqrt(count * squares - total * total) / count or 1.0)
        return cls(tuple(mean), tuple(std))

    @property
    def inverse_std(self) -> tuple[float, ...]:
        """What a centred value is multiplied with."""
        return tuple(1.0 / value for value in self.std)

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value that a normalised image can have, over all channels."""
        ends = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1)
        found = self(ends.expand(2, len(self.mean), 1, 1))
        return float(found.min()), float(found.max())

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return uint8 images (batch, channels, height, width) as centred and normalised float32.

        :raises ValueError: if the images are of another type or number of channels.
        """
        if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] != len(self.mean):
            raise ValueError(
                f"images are {images.dtype} of shape {tuple(images.shape)}, "
                f"expected torch.uint8 (batch, {len(self.mean)}, height, width)."
            )
        shape = (1, len(self.mean), 1, 1)
        mean = torch.tensor(self.mean, dtype=torch.float32, device=images.device).view(shape)
        inverse_std = torch.tensor(self.inverse_std, dtype=torch.float32, device=images.device).view(shape)
        return images.to(torch.float32).sub_(mean).mul_(inverse_std)
