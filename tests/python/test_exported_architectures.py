"""Whole networks, ours and ordinary ones, give in the package what they give in torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import architectures
import idn
from exported import assert_same_answers

# Deep networks let the roundings of float32 grow from layer to layer.
DEEP = 1e-4

OURS = {
    "lenet": {"in_channels": 1, "image_size": 28},
    "b_lenet": {"in_channels": 1, "image_size": 28},
    "alexnet": {},
    "b_alexnet": {},
    "alexnet_style": {},
    "b_alexnet_style": {},
    "resnet": {"depth": 20},
    "b_resnet": {"depth": 20},
    "densenet": {"blocks": (2, 2), "growth": 8},
    "b_densenet": {"blocks": (2, 2, 2, 2), "growth": 8},
}


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_an_ordinary_architecture_gives_the_same_answers(name: str, tmp_path: Path) -> None:
    module, example = architectures.build(name)
    assert_same_answers(module, example, tmp_path)


@pytest.mark.parametrize("name", OURS)
def test_our_network_gives_the_same_answers(name: str, tmp_path: Path) -> None:
    options = OURS[name]
    torch.manual_seed(0)
    network = idn.models.build(name, **options)
    shape = (options.get("in_channels", 3), *[options.get("image_size", 32)] * 2)
    example = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0))
    assert_same_answers(network, (example,), tmp_path, DEEP)


def test_every_network_of_ours_is_tried() -> None:
    assert set(OURS) == set(idn.models.names())


def test_exits_hung_on_a_network_by_name_give_the_same_answers(tmp_path: Path) -> None:
    """In a trunk that is no chain the exits are taken by hooks."""
    module, example = architectures.build("residual")
    heads = {"layer1": "pool-conv(4)-gap-linear", "layer2": "linear"}
    torch.manual_seed(0)
    branchy = idn.Branchy(module, heads, example_input=example[0])
    package = assert_same_answers(branchy, example, tmp_path)
    assert [exit["name"] for exit in package.exits] == ["layer1", "layer2", "output"]


def test_a_package_of_half_precision_gives_the_same_answers(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)).to(torch.bfloat16)
    # bfloat16 has eight bits: 2^-8 is one rounding, and there are two layers.
    assert_same_answers(module, (torch.randn(4, 6).to(torch.bfloat16),), tmp_path, tolerance=2e-2)
