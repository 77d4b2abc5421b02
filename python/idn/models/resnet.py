"""ResNet for small images (He, Zhang, Ren, Sun; CVPR 2016; section 4.2), and B-ResNet (BranchyNet;
Teerapittayanon, McDanel, Kung; ICPR 2016)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from idn.branchy import Branchy
from idn.models.heads import HeadBuilder, with_linear
from idn.models.layers import check_options, check_whole, normalization

__all__ = ["ResidualBlock", "b_resnet", "resnet"]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, each normalised over the batch, and a shortcut without parameters.

    Where the shape changes the shortcut keeps every `stride`-th pixel and pads the channels with zeros (the
    paper's option A). Input: (batch, inputs, height, width); output: (batch, filters, height / stride,
    width / stride), rounded up.
    """

    def __init__(self, inputs: int, filters: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            OrderedDict[str, nn.Module](
                conv1=_convolution(inputs, filters, stride),
                norm1=nn.BatchNorm2d(filters),
                relu=nn.ReLU(),
                conv2=_convolution(filters, filters),
                norm2=nn.BatchNorm2d(filters),
            )
        )
        self.stride = stride
        self.added = filters - inputs

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Return the rectified sum of the residual and the shortcut."""
        shortcut = input
        if self.stride > 1:
            shortcut = shortcut[:, :, :: self.stride, :: self.stride]
        if self.added:
            before = self.added // 2
            shortcut = F.pad(shortcut, (0, 0, 0, 0, before, self.added - before))
        return F.relu(self.residual(input) + shortcut)


def resnet(
    classes: int = 10, in_channels: int = 3, image_size: int = 32, depth: int = 110, width: int = 16
) -> nn.Sequential:
    """Build the trunk: a 3x3 convolution, three stages of (depth - 2) / 6 blocks, the mean of each map, and a
    linear layer.

    Stages have `width`, 2 `width` and 4 `width` filters; the second and the third halve height and width.

    :param image_size: height and width of the input, (batch, in_channels, image_size, image_size).
    :param depth: convolutions and linear layers, 6n + 2; the paper's are 20, 32, 44, 56, 110 and 1202.
    :param width: filters of the first stage, 1 to 1024.
    :returns: a network that gives logits (batch, classes).
    :raises ValueError: for an option out of range.
    """
    check_options("resnet", classes, in_channels, image_size)
    check_whole("resnet", "depth", depth, 8, 1202)
    check_whole("resnet", "width", width, 1, 1024)
    if depth % 6 != 2:
        raise ValueError(f"resnet: depth is {depth}, expected 6n + 2, such as {depth - (depth - 2) % 6}.")
    blocks = (depth - 2) // 6
    return nn.Sequential(
        OrderedDict[str, nn.Module](
            conv=_convolution(in_channels, width),
            norm=nn.BatchNorm2d(width),
            relu=nn.ReLU(),
            stage1=_stage(blocks, width, width),
            stage2=_stage(blocks, width, 2 * width),
            stage3=_stage(blocks, 2 * width, 4 * width),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            linear=nn.Linear(4 * width, classes),
        )
    )


def b_resnet(
    classes: int = 10,
    in_channels: int = 3,
    image_size: int = 32,
    depth: int = 110,
    width: int = 16,
    heads: Literal["published", "light"] = "published",
) -> Branchy:
    """Build B-ResNet: early exits after the first convolution (`relu`) and after the first stage.

    :param heads: "published" are B-ResNet-110's: for the first exit a 5x5 convolution of 64 filters, local
        response normalisation and two 3x3 convolutions of 32, for the second a residual block. They cost more
        than the whole of ResNet-20, so "light" has two convolutions at each exit, after pooling.
    :returns: a network that gives three tensors of logits (batch, classes).
    :raises ValueError: for an option out of range.
    """
    trunk = resnet(classes, in_channels, image_size, depth, width)
    exits: dict[str, HeadBuilder] | dict[str, str]
    if heads == "published":
        exits = {"relu": _published_first(classes), "stage1": _published_second(classes)}
    elif heads == "light":
        exits = {
            "relu": f"pool-conv({2 * width})-pool-conv({2 * width})-pool-linear",
            "stage1": f"pool-conv({2 * width})-pool-conv({4 * width})-gap-linear",
        }
    else:
        raise ValueError(f"b_resnet: heads is {heads!r}, expected 'published' or 'light'.")
    return Branchy(trunk, exits, example_input=torch.zeros(1, in_channels, image_size, image_size))


def _stage(blocks: int, inputs: int, filters: int) -> nn.Sequential:
    stage = nn.Sequential(
        OrderedDict(block1=ResidualBlock(inputs, filters, stride=1 if inputs == filters else 2))
    )
    for number in range(2, blocks + 1):
        stage.add_module(f"block{number}", ResidualBlock(filters, filters))
    return stage


def _published_first(classes: int) -> HeadBuilder:
    def build(shape: tuple[int, ...]) -> nn.Module:
        layers = OrderedDict[str, nn.Module](
            conv1=nn.Conv2d(shape[0], 64, 5, padding=2),
            relu1=nn.ReLU(),
            norm=normalization(),
            conv2=nn.Conv2d(64, 32, 3, padding=1),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(32, 32, 3, padding=1),
            relu3=nn.ReLU(),
        )
        return with_linear(nn.Sequential(layers), shape, classes)

    return build


def _published_second(classes: int) -> HeadBuilder:
    def build(shape: tuple[int, ...]) -> nn.Module:
        layers = nn.Sequential(OrderedDict(block=ResidualBlock(shape[0], shape[0])))
        return with_linear(layers, shape, classes)

    return build


def _convolution(inputs: int, filters: int, stride: int = 1) -> nn.Conv2d:
    convolution = nn.Conv2d(inputs, filters, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution
