"""Heads: what turns the features at an exit into logits (batch, classes).

A head builder is a function that takes the shape of the features, without the batch dimension, and returns a
module.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from torch import nn

from idn.models.layers import Pool, feature_count

__all__ = ["HeadBuilder", "named", "with_linear"]

HeadBuilder = Callable[[tuple[int, ...]], nn.Module]

_PART = re.compile(r"conv\((?P<filters>\d{1,6})\)|pool|gap|linear")


def with_linear(layers: nn.Sequential, shape: tuple[int, ...], classes: int) -> nn.Sequential:
    """Return `layers` followed by `flatten` and a `linear` of the right size.

    :param shape: of one feature map, without the batch dimension.
    """
    features = feature_count(layers, shape)
    layers.add_module("flatten", nn.Flatten())
    layers.add_module("linear", nn.Linear(features, classes))
    return layers


def named(description: str, classes: int) -> HeadBuilder:
    """Make a builder from a description such as "linear" or "pool-conv(32)-linear".

    `conv(F)` is a 3x3 convolution with F filters and padding 1, followed by a ReLU; `pool` is 2x2 max
    pooling; `gap` is the mean of each map, right before `linear`; `linear`, which comes last and only there,
    takes everything that is left.

    :raises ValueError: for a description that is not one, here, or for features it does not fit, when sized.
    """
    parts = [part.strip() for part in description.split("-")]
    bad = [part for part in parts if not _PART.fullmatch(part)]
    if bad or parts[-1] != "linear" or "linear" in parts[:-1]:
        what = f"{bad[0]!r} is unknown" if bad else "'linear' must be its last part, and only that"
        raise ValueError(
            f"head {description!r}: {what}; "
            "expected parts conv(FILTERS), pool, gap and a final linear, joined by '-'."
        )
    if "gap" in parts[:-2]:
        raise ValueError(f"head {description!r}: 'gap' must stand right before 'linear', and only there.")

    def build(shape: tuple[int, ...]) -> nn.Module:
        layers = nn.Sequential()
        for index, part in enumerate(parts[:-1]):
            if len(shape) != 3:
                raise ValueError(
                    f"head {description!r}: {part!r} needs features (channels, height, width), "
                    f"but they are {tuple(shape)}; use 'linear'."
                )
            if part == "pool":
                layers.add_module(f"pool{index}", Pool(2))
                continue
            if part == "gap":
                layers.add_module("gap", nn.AdaptiveAvgPool2d(1))
                continue
            match = _PART.fullmatch(part)
            assert match is not None  # checked above
            filters = int(match["filters"])
            if filters < 1:
                raise ValueError(f"head {description!r}: {part!r} has no filters; expected at least 1.")
            inputs = next(
                (layer.out_channels for layer in reversed(layers) if isinstance(layer, nn.Conv2d)), shape[0]
            )
            layers.add_module(f"conv{index}", nn.Conv2d(inputs, filters, 3, padding=1))
            layers.add_module(f"relu{index}", nn.ReLU())
        return with_linear(layers, tuple(shape), classes)

    return build
