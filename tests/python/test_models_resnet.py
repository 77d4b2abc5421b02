"""ResNet: numbers of parameters of the paper, its shortcut without parameters, and the heads of B-ResNet."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from idn import costs, models
from idn.models.resnet import ResidualBlock


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("depth", "published"), [(20, 0.27e6), (32, 0.46e6), (44, 0.66e6), (56, 0.85e6), (110, 1.73e6)]
)
def test_it_has_the_parameters_of_the_papers_table_6(depth: int, published: float) -> None:
    with torch.device("meta"):
        network = models.resnet(depth=depth)
    # The table rounds to two decimals of a million.
    assert parameters(network) == pytest.approx(published, abs=0.006e6)
    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    assert len(layers) == depth


def test_resnet_20_has_the_parameters_counted_by_hand() -> None:
    norms = 7 * 2 * 16 + 6 * 2 * 32 + 6 * 2 * 64
    first, second, third = 6 * 16 * 16, 16 * 32 + 5 * 32 * 32, 32 * 64 + 5 * 64 * 64
    assert parameters(models.resnet(depth=20)) == 9 * (3 * 16 + first + second + third) + norms + 65 * 10


def test_the_stages_halve_the_maps_and_double_the_filters() -> None:
    x = torch.zeros(1, 3, 32, 32)
    shapes: list[tuple[int, ...]] = []
    for name, child in models.resnet(depth=8, width=6).eval().named_children():
        x = child(x)
        if name.startswith("stage") or name == "pool":
            shapes.append(tuple(x.shape[1:]))
    assert shapes == [(6, 32, 32), (12, 16, 16), (24, 8, 8), (24, 1, 1)]


def test_the_shortcut_strides_and_pads_with_zeros() -> None:
    block = ResidualBlock(3, 7, stride=2).eval()
    nn.init.zeros_(block.residual[-1].weight)  # type: ignore[arg-type]
    x = torch.randn(2, 3, 5, 5)
    expected = torch.zeros(2, 7, 3, 3)
    expected[:, 2:5] = F.relu(x[:, :, ::2, ::2])
    assert torch.equal(block(x), expected)
    same = ResidualBlock(3, 3).eval()
    nn.init.zeros_(same.residual[-1].weight)  # type: ignore[arg-type]
    assert torch.equal(same(x), F.relu(x))


def test_convolutions_start_with_the_deviation_of_he() -> None:
    torch.manual_seed(0)
    weight = models.resnet(depth=8).get_submodule("stage3.block1.residual.conv2").weight
    assert isinstance(weight, torch.Tensor)
    # 36,864 draws: the deviation is known to about 0.4 %.
    assert weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.02)


def test_the_published_exits_are_those_of_b_resnet_110() -> None:
    model = models.b_resnet()
    assert model.exit_names == ["relu", "stage1", "output"]
    assert len(model.trunk.get_submodule("stage1")) == 18  # type: ignore[arg-type]
    first = [layer for layer in model.heads[0].modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels, layer.kernel_size) for layer in first] == [
        *[(16, 64, (5, 5)), (64, 32, (3, 3)), (32, 32, (3, 3))]
    ]
    assert isinstance(model.heads[1].get_submodule("block"), ResidualBlock)
    # 3x3 convolutions of 16 filters with their norms, then 10 classes from 16 maps of 32x32.
    assert parameters(model.heads[1]) == 2 * (9 * 16 * 16 + 2 * 16) + (16 * 32 * 32 + 1) * 10


def test_light_heads_cost_little_of_resnet_20_and_published_ones_more_than_all_of_it() -> None:
    example = torch.zeros(1, 3, 32, 32)
    light = costs.count(models.b_resnet(depth=20, heads="light"), example)
    assert light.exits == ["relu", "stage1", "output"]
    published = costs.count(models.b_resnet(depth=20), example)
    assert light.trunk_macs == published.trunk_macs
    assert sum(light.head_macs) < 0.15 * light.trunk_macs
    assert sum(published.head_macs) > published.trunk_macs


@pytest.mark.parametrize("depth", [7, 18, 21, 2, 1208, 20.0, True])
def test_another_depth_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match=f"resnet: depth is {depth!r}, expected"):
        models.build("resnet", depth=depth)


def test_other_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="resnet: width is 0, expected a whole number from 1"):
        models.build("b_resnet", depth=8, width=0)
    with pytest.raises(ValueError, match="heads is 'heavy', expected 'published' or 'light'"):
        models.build("b_resnet", depth=8, heads="heavy")
