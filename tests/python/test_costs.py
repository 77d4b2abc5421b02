"""Operations and parameters of every exit, against counts by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from idn import costs, models
from idn.branchy import Branchy


def test_the_costs_of_b_alexnet_are_those_counted_by_hand() -> None:
    cost = costs.count(models.b_alexnet(), torch.zeros(4, 3, 32, 32))
    conv1 = 32 * 32 * 32 * (25 * 3)
    conv2 = 16 * 16 * 64 * (25 * 32)
    conv3 = 8 * 8 * 96 * (9 * 64)
    rest = 8 * 8 * 96 * (9 * 96) + 8 * 8 * 64 * (9 * 96) + 1024 * 256 + 256 * 128 + 128 * 10
    first = 8 * 8 * 32 * (9 * 64) + 8 * 8 * 32 * (9 * 32) + 512 * 10
    second = 4 * 4 * 32 * (9 * 96) + 128 * 10
    assert cost.exits == ["conv2", "conv3", "output"]
    assert cost.segment_macs == [conv1 + conv2, conv3, rest]
    assert cost.head_macs == [first, second, 0]
    assert cost.macs_without_heads == [conv1 + conv2, conv1 + conv2 + conv3, conv1 + conv2 + conv3 + rest]
    assert cost.macs == [17_339_392, 21_321_984, 30_465_536]
    assert cost.trunk_macs == conv1 + conv2 + conv3 + rest == 28_247_296
    assert cost.full_macs == cost.trunk_macs + first + second
    assert cost.parameters_without_heads == [2_432 + 51_264, 2_432 + 51_264 + 55_392, 544_074]
    assert cost.parameters == [53_696 + 32_842, 109_088 + 32_842 + 28_970, 605_886]
    assert cost.trunk_parameters == 544_074


def test_the_costs_of_b_lenet_are_those_counted_by_hand() -> None:
    cost = costs.count(models.b_lenet(), torch.zeros(1, 3, 32, 32))
    conv1 = 34 * 34 * 5 * 75
    rest = 19 * 19 * 10 * 125 + 12 * 12 * 20 * 250 + 720 * 84 + 84 * 10
    head = 17 * 17 * 10 * 45 + 810 * 10
    assert cost.macs == [conv1 + head, conv1 + head + rest]
    assert cost.macs_without_heads == [conv1, conv1 + rest]


def test_our_reading_of_the_networks_gives_the_papers_savings() -> None:
    # At the published exit rates: 4.10 for LeNet on 1x28x28, 1.44 for AlexNet.
    lenet = costs.count(models.b_lenet(in_channels=1, image_size=28), torch.zeros(1, 1, 28, 28))
    rates = [0.943, 0.0563]
    mean = sum(r * m for r, m in zip(rates, lenet.macs, strict=True)) / sum(rates)
    assert round(lenet.trunk_macs / mean, 2) == 4.10
    alexnet = costs.count(models.b_alexnet(), torch.zeros(1, 3, 32, 32))
    rates = [0.656, 0.252, 0.092]
    mean = sum(r * m for r, m in zip(rates, alexnet.macs, strict=True))
    assert round(alexnet.trunk_macs / mean, 2) == 1.44


class Residual(nn.Module):
    """Not a chain: the exit's features are used again after the next layer."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = nn.Linear(6, 6)
        self.last = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        return self.last(x + self.second(x))


def test_costs_are_counted_in_any_module_and_leave_it_as_it_was() -> None:
    trunk = Residual()
    model = Branchy(trunk, {"first": "linear"})
    model.train()
    cost = costs.count(model, torch.zeros(1, 6))
    assert cost.macs == [36 + 18, 36 + 18 + 36 + 18]
    assert cost.parameters == [42 + 21, 42 + 21 + 42 + 21]
    assert all(module.training for module in model.modules())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_an_empty_example_is_refused() -> None:
    with pytest.raises(ValueError, match=r"example has shape \(0, 3, 32, 32\)"):
        costs.count(models.b_lenet(), torch.zeros(0, 3, 32, 32))


class Attention(nn.Module):
    """A token transformer of one layer over (batch, 5, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.last = nn.Linear(40, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(self.layer(x).flatten(1))
        return logits


def test_attention_is_counted_whole_though_it_would_run_fused() -> None:
    model = Branchy(Attention(), {"layer": lambda _shape: nn.Sequential(nn.Flatten(), nn.Linear(40, 3))})
    cost = costs.count(model, torch.zeros(1, 5, 8))
    projections = 5 * 8 * 8 * 4
    scores_and_sums = 2 * 5 * 5 * 8
    feed_forward = 2 * 5 * 8 * 16
    assert cost.segment_macs == [projections + scores_and_sums + feed_forward, 40 * 3]
    assert cost.parameters_without_heads[0] == sum(p.numel() for p in model.trunk.layer.parameters())
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_recurrent_layer_is_refused_and_not_counted_as_nothing() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.last = nn.LSTM(8, 4, batch_first=True), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.last(self.rnn(x)[0][:, -1])
            return logits

    with pytest.raises(ValueError, match=r"trunk\.rnn is an LSTM, whose operations cannot be counted"):
        costs.count(Branchy(Recurrent(), {}), torch.zeros(1, 5, 8))
