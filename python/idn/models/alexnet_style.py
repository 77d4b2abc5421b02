"""The AlexNet-style network of sections 3.5 and 5.4 (Figures 3.5 and 5.6), alone and with early exits."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from idn.branchy import Branchy
from idn.models.layers import Pool, check_options, feature_count, initialise

__all__ = ["alexnet_style", "b_alexnet_style"]

_FILTERS = (96, 288, 576, 384, 384)
_HIDDEN = 1536
_HEAD_FILTERS = 64
_POOLED = (1, 2, 5)


def alexnet_style(
    classes: int = 10, in_channels: int = 3, image_size: int = 32, width: float = 1.0, dropout: float = 0.0
) -> nn.Sequential:
    """Build the trunk: convolutions of 96, 288, 576, 384 and 384 filters, and linear layers of 1536, 1536 and
    `classes`, all but the last rectified.

    The text gives these numbers and no more. Here the convolutions are 3x3 with padding 1, and 2x2 max
    pooling follows the first, the second and the fifth.

    :param image_size: height and width of the input, (batch, in_channels, image_size, image_size).
    :param width: multiplies filters and hidden units, which are rounded; above 0, at most 4.
    :param dropout: probability with which a hidden unit is dropped; from 0, below 1.
    :returns: a network that gives logits (batch, classes).
    :raises ValueError: for an option out of range.
    """
    check_options("alexnet_style", classes, in_channels, image_size)
    if not _is_number(width) or not 0 < width <= 4:
        raise ValueError(f"alexnet_style: width is {width!r}, expected a number above 0, at most 4.")
    if not _is_number(dropout) or not 0 <= dropout < 1:
        raise ValueError(f"alexnet_style: dropout is {dropout!r}, expected a number from 0, below 1.")
    layers = nn.Sequential()
    inputs = in_channels
    for number, filters in enumerate((_scaled(full, width) for full in _FILTERS), start=1):
        layers.add_module(f"conv{number}", nn.Conv2d(inputs, filters, 3, padding=1))
        layers.add_module(f"relu{number}", nn.ReLU())
        if number in _POOLED:
            layers.add_module(f"pool{number}", Pool(2))
        inputs = filters
    features = feature_count(layers, (in_channels, image_size, image_size))
    hidden = _scaled(_HIDDEN, width)
    last = nn.Linear(hidden, classes)
    rest = OrderedDict[str, nn.Module](
        flatten=nn.Flatten(),
        linear1=nn.Linear(features, hidden),
        relu6=nn.ReLU(),
        dropout1=nn.Dropout(dropout),
        linear2=nn.Linear(hidden, hidden),
        relu7=nn.ReLU(),
        dropout2=nn.Dropout(dropout),
        linear3=last,
    )
    for name, layer in rest.items():
        layers.add_module(name, layer)
    initialise(layers)
    # Without a normalisation, logits as large as the features would throw the first steps far off.
    nn.init.normal_(last.weight, std=0.01)
    return layers


def b_alexnet_style(
    classes: int = 10, in_channels: int = 3, image_size: int = 32, width: float = 1.0, dropout: float = 0.0
) -> Branchy:
    """Build `alexnet_style` with early exits after the first and the second pooling.

    The first exit has two convolutions and the second one, as Figure 3.1's caption says. Their filters, 64
    times `width` but at least 8, and the 2x2 pooling before them are ours.

    :returns: a network that gives three tensors of logits (batch, classes).
    :raises ValueError: for an option out of range.
    """
    trunk = alexnet_style(classes, in_channels, image_size, width, dropout)
    conv = f"conv({max(8, _scaled(_HEAD_FILTERS, width))})"
    exits = {"pool1": f"pool-{conv}-{conv}-linear", "pool2": f"pool-{conv}-linear"}
    return Branchy(trunk, exits, example_input=torch.zeros(1, in_channels, image_size, image_size))


def _scaled(full: int, width: float) -> int:
    return max(1, round(full * width))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
