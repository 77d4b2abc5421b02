"""The AlexNet-style network: its shapes, its width, and heads that are cheap beside it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from idn import costs, models


def test_it_has_the_layers_of_section_5_4() -> None:
    with torch.device("meta"):
        network = models.alexnet_style()
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [96, 288, 576, 384, 384]
    linears = [layer for layer in network if isinstance(layer, nn.Linear)]
    assert [(layer.in_features, layer.out_features) for layer in linears] == [
        *[(384 * 4 * 4, 1536), (1536, 1536), (1536, 10)]
    ]
    names = [name for name, _ in network.named_children()]
    assert names[:8] == ["conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "conv3", "relu3"]
    assert names[8:13] == ["conv4", "relu4", "conv5", "relu5", "pool5"]


def test_width_scales_filters_and_hidden_units_but_not_classes() -> None:
    network = models.alexnet_style(width=0.25)
    outputs = [layer.weight.shape[0] for layer in network if isinstance(layer, (nn.Conv2d, nn.Linear))]
    assert outputs == [24, 72, 144, 96, 96, 384, 384, 10]
    narrowest = models.alexnet_style(width=0.001)
    assert [layer.weight.shape[0] for layer in narrowest if isinstance(layer, nn.Conv2d)] == [1] * 5


def test_dropout_is_off_unless_asked_for() -> None:
    def probabilities(network: nn.Module) -> list[float]:
        return [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]

    assert probabilities(models.alexnet_style(width=0.05)) == [0, 0]
    assert probabilities(models.b_alexnet_style(width=0.05, dropout=0.5)) == [0.5, 0.5]


@pytest.mark.parametrize("width", [0.25, 1])
def test_the_exits_are_those_of_figure_3_1_and_cost_little(width: float) -> None:
    model = models.b_alexnet_style(width=width)
    assert model.exit_names == ["pool1", "pool2", "output"]
    convolutions = [
        [layer.out_channels for layer in head.modules() if isinstance(layer, nn.Conv2d)]
        for head in model.heads
    ]
    assert convolutions == [[int(64 * width)] * 2, [int(64 * width)]]
    counted = costs.count(model, torch.zeros(1, 3, 32, 32))
    assert sum(counted.head_macs) < 0.03 * counted.trunk_macs


def test_a_narrow_network_keeps_eight_filters_in_its_heads() -> None:
    model = models.b_alexnet_style(width=0.01)
    assert {m.out_channels for m in model.heads.modules() if isinstance(m, nn.Conv2d)} == {8}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("width", 0), ("width", 4.1), ("width", float("nan")), ("width", True), ("width", "1")],
        *[("dropout", 1), ("dropout", -0.1), ("dropout", None)],
    ],
)
def test_an_option_out_of_range_is_refused(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"alexnet_style: {option} is {value!r}, expected a number"):
        models.build("b_alexnet_style", **{option: value})
