"""Early exits of a config's choice, hung on a network that has none."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

from idn import models
from idn.branchy import Branchy


def test_without_exits_a_trunk_is_a_trunk() -> None:
    assert type(models.build("lenet")) is nn.Sequential
    assert type(models.build("lenet", exits=None)) is nn.Sequential


def test_exits_are_hung_and_sized_in_the_order_of_execution() -> None:
    model = models.build(
        "alexnet", exits=["relu4", " pool1 :pool-conv(6)-linear"], classes=4, in_channels=1, image_size=8
    )
    assert isinstance(model, Branchy)
    assert model.exit_names == ["pool1", "relu4", "output"]
    described, plain = model.heads
    assert [name for name, _ in described.named_children()] == [
        "pool0",
        "conv1",
        "relu1",
        "flatten",
        "linear",
    ]
    assert [name for name, _ in plain.named_children()] == ["flatten", "linear"]
    model.eval()
    assert [tuple(logits.shape) for logits in model(torch.zeros(2, 1, 8, 8))] == [(2, 4)] * 3


def test_an_exit_may_be_inside_a_stage() -> None:
    model = models.build("resnet", depth=14, exits=["stage1.block2: gap-linear"]).eval()
    assert isinstance(model, Branchy)
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        features = model.trunk.get_submodule("stage1")(model.trunk[:3](x))  # type: ignore[index]
        assert torch.equal(model(x)[0], model.heads[0](features))


def test_the_trunk_is_the_one_built_without_exits() -> None:
    torch.manual_seed(3)
    alone = models.build("lenet")
    torch.manual_seed(3)
    hung = models.build("lenet", exits=["conv1"])
    assert isinstance(hung, Branchy)
    for one, other in zip(alone.parameters(), hung.trunk_parameters(), strict=True):
        assert torch.equal(one, other)


def test_no_exits_at_all_is_a_network_with_its_own_output() -> None:
    model = models.build("lenet", exits=[])
    assert isinstance(model, Branchy)
    assert model.exit_names == ["output"]


@pytest.mark.parametrize("name", [name for name in models.names() if name.startswith("b_")])
def test_a_network_with_exits_of_its_own_takes_no_others(name: str) -> None:
    options: dict[str, Any] = {"depth": 8} if name == "b_resnet" else {}
    with pytest.raises(ValueError, match=f"'{name}' has early exits of its own .*'{name[2:]}'"):
        models.build(name, exits=["conv1"], **options)


@pytest.mark.parametrize(
    ("exits", "message"),
    [
        ("pool1", "exits is 'pool1', expected a list"),
        ({"pool1": "linear"}, "exits is {'pool1': 'linear'}, expected a list"),
        ([{"pool1": "linear"}], "in YAML the text needs its quotes"),
        ([""], "exits has '', expected a list of texts"),
        ([": linear"], "exits has ': linear'"),
        (["pool1:"], "exits has 'pool1:'"),
        (["pool1", "pool1: pool-linear"], "names module 'pool1' twice"),
        (["pol1"], "'pol1': the trunk has no submodule of that name; did you mean 'pool1'"),
        (["pool1: dense"], "head 'dense': 'dense' is unknown"),
        (["pool1: linear: linear"], "head 'linear: linear'"),
        (["linear1: pool-linear"], "needs features (channels, height, width)"),
    ],
)
def test_what_is_no_list_of_exits_is_refused(exits: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        models.build("lenet", exits=exits)
