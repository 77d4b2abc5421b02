"""LeNet and B-LeNet (BranchyNet; Teerapittayanon, McDanel, Kung; ICPR 2016)."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from idn.branchy import Branchy
from idn.models.heads import with_linear
from idn.models.layers import Pool, check_options, feature_count

__all__ = ["b_lenet", "lenet"]


def lenet(classes: int = 10, in_channels: int = 3, image_size: int = 32) -> nn.Sequential:
    """Build the trunk: three 5x5 convolutions with padding 3, each pooled and then rectified, and two linear
    layers.

    Pooling keeps incomplete windows (28 pixels: 30, 15, 17, 9, 11, 6), and nothing stands between the linear
    layers. With one channel of 28 pixels this reading gives the paper's saving of operations.

    :param image_size: height and width of the input, (batch, in_channels, image_size, image_size).
    :returns: a network that gives logits (batch, classes).
    :raises ValueError: for a size out of range.
    """
    check_options("lenet", classes, in_channels, image_size)
    layers = nn.Sequential(
        OrderedDict[str, nn.Module](
            conv1=nn.Conv2d(in_channels, 5, 5, padding=3),
            pool1=Pool(2),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(5, 10, 5, padding=3),
            pool2=Pool(2),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(10, 20, 5, padding=3),
            pool3=Pool(2),
            relu3=nn.ReLU(),
            flatten=nn.Flatten(),
        )
    )
    features = feature_count(layers, (in_channels, image_size, image_size))
    layers.add_module("linear1", nn.Linear(features, 84))
    layers.add_module("linear2", nn.Linear(84, classes))
    return layers


def b_lenet(classes: int = 10, in_channels: int = 3, image_size: int = 32) -> Branchy:
    """Build B-LeNet: LeNet with one early exit after the first convolution.

    The exit's 3x3 convolution has padding 1, which the paper's saving of operations confirms.

    :returns: a network that gives two tensors of logits (batch, classes).
    :raises ValueError: for a size out of range.
    """

    def head(shape: tuple[int, ...]) -> nn.Module:
        layers = OrderedDict[str, nn.Module](
            pool1=Pool(2),
            relu1=nn.ReLU(),
            conv=nn.Conv2d(shape[0], 10, 3, padding=1),
            pool2=Pool(2),
            relu2=nn.ReLU(),
        )
        return with_linear(nn.Sequential(layers), shape, classes)

    trunk = lenet(classes, in_channels, image_size)
    return Branchy(trunk, {"conv1": head}, example_input=torch.zeros(1, in_channels, image_size, image_size))
