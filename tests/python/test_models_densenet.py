"""DenseNet: parameters of DenseNet-121, where its layers 14, 39 and 88 are, and the heads there."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

from idn import costs, models
from idn.models.densenet import DenseLayer

COUSIN = {"blocks": [2, 4, 8, 4], "growth": 12}


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_densenet_121_has_its_parameters_and_layers() -> None:
    with torch.device("meta"):
        network = models.densenet()
    # torchvision's has 7,978,856, of which 1,000 classes, a 7x7 stem and its normalisation are not ours.
    assert parameters(network) == 7_978_856 - 1025 * 990 - 64 * 3 * (49 - 9) - 128 == 6_956_298
    layers = [name for name, layer in network.named_modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    assert len(layers) == 121
    assert [layers[number - 1] for number in (14, 39, 88)] == [
        *["transition1.conv", "transition2.conv", "transition3.conv"]
    ]


def test_a_dense_layer_keeps_its_input_and_adds_maps() -> None:
    layer = DenseLayer(5, 3).eval()
    x = torch.randn(2, 5, 4, 4)
    output = layer(x)
    assert output.shape == (2, 8, 4, 4)
    assert torch.equal(output[:, :5], x)
    assert torch.equal(output[:, 5:], layer.layers(x))


def test_transitions_halve_maps_height_and_width() -> None:
    x = torch.zeros(1, 3, 32, 32)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, child in models.densenet(blocks=[2, 4, 8, 4], growth=12).eval().named_children():
        x = child(x)
        shapes[name] = tuple(x.shape[1:])
    assert shapes["conv"] == (24, 32, 32)
    assert [shapes[f"block{n}"] for n in (1, 2, 3, 4)] == [
        *[(48, 32, 32), (72, 16, 16), (132, 8, 8), (114, 4, 4)]
    ]
    assert [shapes[f"transition{n}"] for n in (1, 2, 3)] == [(24, 16, 16), (36, 8, 8), (66, 4, 4)]
    assert shapes["flatten"] == (114,)


@pytest.mark.parametrize(
    ("options", "filters"), [({}, [32, 64, 256]), (COUSIN, [12, 24, 96]), ({"growth": 2}, [8, 8, 16])]
)
def test_each_transition_has_an_exit_with_one_convolution(
    options: dict[str, Any], filters: list[int]
) -> None:
    model = models.build("b_densenet", **options)
    assert model.exit_names == ["transition1", "transition2", "transition3", "output"]
    convolutions = [layer for layer in model.heads.modules() if isinstance(layer, nn.Conv2d)]  # type: ignore[union-attr]
    assert [layer.out_channels for layer in convolutions] == filters


@pytest.mark.parametrize("options", [{}, COUSIN])
def test_the_heads_cost_little(options: dict[str, Any]) -> None:
    counted = costs.count(models.b_densenet(**options), torch.zeros(1, 3, 32, 32))
    assert sum(counted.head_macs) < 0.1 * counted.trunk_macs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"growth": 0}, "densenet: growth is 0, expected a whole number from 1 to 256"),
        ({"growth": 1.5}, "densenet: growth is 1.5"),
        ({"blocks": []}, "densenet: blocks is [], expected a list"),
        ({"blocks": "6,12"}, "densenet: blocks is '6,12', expected a list"),
        ({"blocks": 6}, "densenet: blocks is 6, expected a list"),
        ({"blocks": [1] * 9}, "expected a list of 1 to 8 numbers"),
        ({"blocks": [1, 0, 1, 1]}, "densenet: block 2 is 0, expected a whole number from 1 to 64"),
        ({"blocks": [1, 1, True, 1]}, "densenet: block 3 is True"),
        ({"blocks": [1, 2, 3], "growth": 2}, "b_densenet: blocks is [1, 2, 3], expected four numbers"),
    ],
)
def test_an_option_out_of_range_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        models.build("b_densenet", **options)


def test_another_number_of_blocks_makes_a_trunk() -> None:
    network = models.build("densenet", blocks=(1, 2), growth=4, exits=["transition1: gap-linear"]).eval()
    assert [tuple(logits.shape) for logits in network(torch.zeros(2, 3, 8, 8))] == [(2, 10)] * 2
