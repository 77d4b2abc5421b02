"""Padding, random crops and flips of a whole batch at once."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Draw:
    """The random choices for a batch: where each crop begins in its padded image, and whether it is flipped.

    top, left: int64 (batch,), 0 to 2 * pad. flip: bool (batch,).
    """

    top: torch.Tensor
    left: torch.Tensor
    flip: torch.Tensor

    def __getitem__(self, samples: slice) -> Draw:
        return Draw(self.top[samples], self.left[samples], self.flip[samples])


@dataclass(frozen=True)
class Augment:
    """Pads `pad` zeros on each side, crops at random back to the image's size, flips left-right half of the
    time.

    The standard augmentation of CIFAR10 (dissertation, sections 3.5 and 5.5). There the images are normalised
    first, so that the padding is the training mean: apply it to normalised images, as `Batches` does; on
    bytes, it pads black.

    :raises ValueError: if pad is negative.
    """

    pad: int = 4
    flip: bool = True

    def __post_init__(self) -> None:
        if self.pad < 0:
            raise ValueError(f"pad is {self.pad}, expected a number of pixels >= 0.")

    def draw(self, samples: int, generator: torch.Generator) -> Draw:
        """Make the random choices for a number of samples: every offset equally likely, a flip with
        probability 1/2."""
        offsets = torch.randint(0, 2 * self.pad + 1, (2, samples), generator=generator)
        coins = torch.randint(0, 2, (samples,), generator=generator)
        return Draw(
            offsets[0], offsets[1], coins.bool() if self.flip else torch.zeros(samples, dtype=torch.bool)
        )

    def __call__(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return augmented images of the same shape and type, (batch, channels, height, width).

        :raises ValueError: if the images have another number of dimensions.
        """
        if images.dim() != 4:
            raise ValueError(
                f"images have shape {tuple(images.shape)}, expected (batch, channels, height, width)."
            )
        return self.apply(images, self.draw(len(images), generator))

    def apply(self, images: torch.Tensor, draw: Draw) -> torch.Tensor:
        """Return the crops that a draw names."""
        batch, channels, height, width = images.shape
        device = images.device
        top, left, flip = draw.top.to(device), draw.left.to(device), draw.flip.to(device)
        row = torch.arange(height, device=device) + (top - self.pad).unsqueeze(1)
        column = torch.arange(width, device=device).expand(batch, width)
        column = torch.where(flip.unsqueeze(1), width - 1 - column, column) + (left - self.pad).unsqueeze(1)
        inside = ((row >= 0) & (row < height)).view(batch, 1, height, 1)
        inside = inside & ((column >= 0) & (column < width)).view(batch, 1, 1, width)
        cropped = images[
            torch.arange(batch, device=device).view(batch, 1, 1, 1),
            torch.arange(channels, device=device).view(1, channels, 1, 1),
            row.clamp(0, height - 1).view(batch, 1, height, 1),
            column.clamp(0, width - 1).view(batch, 1, 1, width),
        ]
        return cropped.masked_fill_(~inside, 0)
