"""AlexNet for small images, and B-AlexNet (BranchyNet; Teerapittayanon, McDanel, Kung; ICPR 2016)."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from idn.branchy import Branchy
from idn.models.heads import HeadBuilder, with_linear
from idn.models.layers import Pool, check_options, feature_count, normalization

__all__ = ["alexnet", "b_alexnet"]


def alexnet(classes: int = 10, in_channels: int = 3, image_size: int = 32) -> nn.Sequential:
    """Build the trunk: five convolutions, each rectified, and three linear layers with dropout of one half.

    At 32 pixels the maps shrink as 32, 16, 8, 4, so the linear layers are 1024, 256, 128, classes.

    :param image_size: height and width of the input, (batch, in_channels, image_size, image_size).
    :returns: a network that gives logits (batch, classes).
    :raises ValueError: for a size out of range.
    """
    check_options("alexnet", classes, in_channels, image_size)
    layers = nn.Sequential(
        OrderedDict[str, nn.Module](
            conv1=nn.Conv2d(in_channels, 32, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=Pool(3),
            norm1=normalization(),
            conv2=nn.Conv2d(32, 64, 5, padding=2),
            relu2=nn.ReLU(),
            pool2=Pool(3),
            norm2=normalization(),
            conv3=nn.Conv2d(64, 96, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(96, 96, 3, padding=1),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(96, 64, 3, padding=1),
            relu5=nn.ReLU(),
            pool5=Pool(3),
            flatten=nn.Flatten(),
        )
    )
    features = feature_count(layers, (in_channels, image_size, image_size))
    for name, layer in (
        ("linear1", nn.Linear(features, 256)),
        ("relu6", nn.ReLU()),
        ("dropout1", nn.Dropout(0.5)),
        ("linear2", nn.Linear(256, 128)),
        ("relu7", nn.ReLU()),
        ("dropout2", nn.Dropout(0.5)),
        ("linear3", nn.Linear(128, classes)),
    ):
        layers.add_module(name, layer)
    return layers


def b_alexnet(classes: int = 10, in_channels: int = 3, image_size: int = 32) -> Branchy:
    """Build B-AlexNet: AlexNet with early exits after the second and the third convolution.

    The first exit has two 3x3 convolutions of 32 filters, the second has one.

    :returns: a network that gives three tensors of logits (batch, classes).
    :raises ValueError: for a size out of range.
    """
    trunk = alexnet(classes, in_channels, image_size)
    exits = {"conv2": _head(2, classes), "conv3": _head(1, classes)}
    return Branchy(trunk, exits, example_input=torch.zeros(1, in_channels, image_size, image_size))


def _head(convolutions: int, classes: int) -> HeadBuilder:
    def build(shape: tuple[int, ...]) -> nn.Module:
        layers = nn.Sequential(
            OrderedDict[str, nn.Module](relu=nn.ReLU(), pool=Pool(3), norm=normalization())
        )
        inputs = shape[0]
        for number in range(1, convolutions + 1):
            layers.add_module(f"conv{number}", nn.Conv2d(inputs, 32, 3, padding=1))
            layers.add_module(f"relu{number}", nn.ReLU())
            inputs = 32
        layers.add_module("last_pool", Pool(3))
        return with_linear(layers, shape, classes)

    return build
