"""DenseNet-BC for small images (Huang, Liu, van der Maaten, Weinberger; CVPR 2017), and with the early exits
of section 3.5.3 (Figure 3.8)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from idn.branchy import Branchy
from idn.models.layers import check_options, check_whole

__all__ = ["DenseLayer", "b_densenet", "densenet"]

_HEAD_FILTERS = (32, 64, 256)


class DenseLayer(nn.Module):
    """A 1x1 and a 3x3 convolution, each after batch normalisation and a ReLU, whose output joins the input.

    Input: (batch, inputs, height, width); output: (batch, inputs + growth, height, width).
    """

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            OrderedDict[str, nn.Module](
                norm1=nn.BatchNorm2d(inputs),
                relu1=nn.ReLU(),
                conv1=nn.Conv2d(inputs, 4 * growth, 1, bias=False),
                norm2=nn.BatchNorm2d(4 * growth),
                relu2=nn.ReLU(),
                conv2=nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
            )
        )

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the input followed by `growth` new maps."""
        return torch.cat([input, self.layers(input)], 1)


def densenet(
    classes: int = 10,
    in_channels: int = 3,
    image_size: int = 32,
    blocks: Sequence[int] = (6, 12, 24, 16),
    growth: int = 32,
) -> nn.Sequential:
    """Build the trunk, by default DenseNet-121: dense blocks with transitions between them, the mean of each
    map, and a linear layer.

    The first convolution is 3x3 with 2 `growth` filters and no pooling. A transition is a 1x1 convolution
    that halves the number of maps, and 2x2 average pooling. A convolution is a layer, so with the defaults
    the transitions are layers 14, 39 and 88.

    :param image_size: height and width of the input, (batch, in_channels, image_size, image_size).
    :param blocks: dense layers in each block, 1 to 64; 1 to 8 blocks.
    :param growth: maps that a dense layer adds, 1 to 256.
    :returns: a network that gives logits (batch, classes).
    :raises ValueError: for an option out of range.
    """
    check_options("densenet", classes, in_channels, image_size)
    check_whole("densenet", "growth", growth, 1, 256)
    if isinstance(blocks, (str, bytes)) or not isinstance(blocks, Sequence) or not 1 <= len(blocks) <= 8:
        raise ValueError(f"densenet: blocks is {blocks!r}, expected a list of 1 to 8 numbers of layers.")
    for number, layers_in_block in enumerate(blocks, start=1):
        check_whole("densenet", f"block {number}", layers_in_block, 1, 64)
    channels = 2 * growth
    layers = nn.Sequential(
        OrderedDict[str, nn.Module](conv=nn.Conv2d(in_channels, channels, 3, padding=1, bias=False))
    )
    for number, layers_in_block in enumerate(blocks, start=1):
        block = nn.Sequential()
        for index in range(layers_in_block):
            block.add_module(f"layer{index + 1}", DenseLayer(channels, growth))
            channels += growth
        layers.add_module(f"block{number}", block)
        if number < len(blocks):
            layers.add_module(f"transition{number}", _transition(channels))
            channels //= 2
    rest = OrderedDict[str, nn.Module](
        norm=nn.BatchNorm2d(channels),
        relu=nn.ReLU(),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        linear=nn.Linear(channels, classes),
    )
    for name, layer in rest.items():
        layers.add_module(name, layer)
    for layer in layers.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
    return layers


def b_densenet(
    classes: int = 10,
    in_channels: int = 3,
    image_size: int = 32,
    blocks: Sequence[int] = (6, 12, 24, 16),
    growth: int = 32,
) -> Branchy:
    """Build `densenet` of four blocks with an early exit at each of its three transitions.

    Each exit has a 3x3 convolution and a linear layer. The convolutions have 32, 64 and 256 filters, times
    `growth` / 32 but at least 8. The text puts them at layers 14, 39 and 88, the transitions' convolutions;
    here they follow the pooling after these, which makes them four times cheaper.

    :returns: a network that gives four tensors of logits (batch, classes).
    :raises ValueError: for an option out of range, or another number of blocks than four.
    """
    trunk = densenet(classes, in_channels, image_size, blocks, growth)
    if len(blocks) != len(_HEAD_FILTERS) + 1:
        raise ValueError(f"b_densenet: blocks is {blocks!r}, expected four numbers, for three early exits.")
    exits = {
        f"transition{number}": f"conv({max(8, round(filters * growth / 32))})-linear"
        for number, filters in enumerate(_HEAD_FILTERS, start=1)
    }
    return Branchy(trunk, exits, example_input=torch.zeros(1, in_channels, image_size, image_size))


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict[str, nn.Module](
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, ceil_mode=True),
        )
    )
