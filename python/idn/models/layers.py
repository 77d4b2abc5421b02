"""Layers that the networks share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from idn.branchy import evaluating

__all__ = [
    "LocalResponseNorm",
    "Pool",
    "check_options",
    "check_whole",
    "feature_count",
    "initialise",
    "normalization",
]


class LocalResponseNorm(nn.LocalResponseNorm):
    """torch's local response normalisation (Krizhevsky et al., 2012), with its sums taken by shifted slices.

    Equal to `nn.LocalResponseNorm` up to rounding, and faster on a CPU, where torch pools over a view of five
    dimensions. What is exported is torch's own, which stays one operator there. Input and output: (batch,
    channels, height, width).
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Divide each value by (k + alpha / n * sum of squares over n neighbouring channels) ** beta."""
        if torch.compiler.is_exporting():
            normalised: torch.Tensor = super().forward(input)
            return normalised
        before = self.size // 2
        squares = F.pad(input * input, (0, 0, 0, 0, before, self.size - 1 - before))
        channels = input.shape[1]
        total = squares[:, :channels]
        for shift in range(1, self.size):
            total = total + squares[:, shift : shift + channels]
        return input * (total * (self.alpha / self.size) + self.k).pow(-self.beta)


class Pool(nn.MaxPool2d):
    """Max pooling with stride 2 that keeps the incomplete window at the border, as the papers' code did.

    A map of one pixel is left as it is, so the networks also take images as small as 8 pixels.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size, stride=2, ceil_mode=True)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Pool (batch, channels, height, width)."""
        if input.shape[-2:].numel() == 1:
            return input
        pooled: torch.Tensor = super().forward(input)
        return pooled


def normalization() -> LocalResponseNorm:
    """Return the BranchyNet paper's normalisation: n 3, alpha 5e-5, beta 0.75 (and torch's k = 1)."""
    return LocalResponseNorm(3, alpha=5e-5, beta=0.75, k=1.0)


@torch.no_grad()
def feature_count(layers: nn.Module, shape: tuple[int, ...]) -> int:
    """Return how many numbers `layers` make of an input of `shape` (no batch), computing no values."""
    state = {name: value.to("meta") for name, value in [*layers.named_parameters(), *layers.named_buffers()]}
    with evaluating(layers):  # one sample is no batch to normalise over
        output = torch.func.functional_call(layers, state, (torch.empty(1, *shape, device="meta"),))
    return int(output[0].numel())


def check_options(network: str, classes: int, in_channels: int, image_size: int) -> None:
    """Refuse sizes that make no network.

    :raises ValueError: naming the option, its value and what was expected.
    """
    for option, value, smallest in (
        ("classes", classes, 2),
        ("in_channels", in_channels, 1),
        ("image_size", image_size, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < smallest:
            raise ValueError(
                f"{network}: {option} is {value!r}, expected a whole number of at least {smallest}."
            )


def check_whole(network: str, option: str, value: int, smallest: int, largest: int) -> None:
    """Refuse an option that is no whole number within its bounds.

    :raises ValueError: naming the option, its value and what was expected.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
        raise ValueError(
            f"{network}: {option} is {value!r}, expected a whole number from {smallest} to {largest}."
        )


def initialise(network: nn.Module) -> None:
    """Draw the weights of convolutions and linear layers for rectified units (He et al., 2015); biases are 0.

    With torch's own start, whose scale halves from layer to layer, deep networks without normalisation do not
    begin to learn within a few epochs.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
