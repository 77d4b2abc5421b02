"""Suggested exits: the places, the probes, the choice by section 3.6.2, and what is refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import idn
from idn.data import Dataset, Normalizer, Splits
from idn.suggestion import Probe, Suggestion, designing, features, places, probing, samples
from idn.suggestion.probing import Probed
from idn.training.progress import Progress

Pair = tuple[torch.Tensor, torch.Tensor]


def quiet(_line: str) -> None:
    """A log that shows nothing."""


class Block(nn.Module):
    """A residual block whose activation is a module that runs twice."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(x + self.conv2(self.relu(self.conv1(x))))


class Trunk(nn.Module):
    """For images (batch, 1, 8, 8); one block stands in a container, what `aside` gives is not used."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.stage = nn.Sequential(nn.Conv2d(8, 8, 1), Block(8))
        self.last_block = Block(8)
        self.aside = nn.Linear(128, 3)
        self.dropout = nn.Dropout(0.3)
        self.last = nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.last_block(self.stage(self.stem(x)))
        logits: torch.Tensor = self.last(self.dropout(x.flatten(1)))
        self.aside(x.flatten(1))
        return logits


STEM, POINTWISE, BLOCK = 64 * 8 * 9, 16 * 8 * 8, 2 * 16 * 8 * 8 * 9
UP_TO = {"stem": STEM, "stage.0": STEM + POINTWISE, "stage": STEM + POINTWISE + BLOCK}
UP_TO["last_block"] = UP_TO["stage"] + BLOCK
WHOLE = UP_TO["last_block"] + 128 * 3 + 128 * 10


@pytest.fixture(scope="module")
def splits() -> Splits:
    return idn.data.load("digits")


@pytest.fixture(scope="module")
def pairs(splits: Splits) -> tuple[Pair, Pair]:
    normalize = Normalizer.fit(splits.train.images)

    def pair(part: Dataset) -> Pair:
        return normalize(torch.from_numpy(part.images)), torch.from_numpy(part.labels)

    return pair(splits.train), pair(splits.validation)


def trained(trunk: nn.Module, pair: Pair, epochs: int) -> nn.Module:
    images, labels = pair
    optimizer = torch.optim.Adam(trunk.parameters(), lr=3e-3)
    for _ in range(epochs):
        for index in torch.randperm(len(labels)).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(trunk(images[index]), labels[index]).backward()
            optimizer.step()
    return trunk


@pytest.fixture(scope="module")
def trunk(pairs: tuple[Pair, Pair]) -> nn.Module:
    torch.manual_seed(0)
    return trained(Trunk(), pairs[0], 3)


def suggest(trunk: nn.Module, data: Any, **changes: Any) -> Suggestion:
    settings = {"samples_each": 250, "epochs": 4, "filters": 8, "log": quiet}
    return idn.suggest_exits(trunk, data, **{**settings, **changes})


@pytest.fixture(scope="module")
def suggestion(trunk: nn.Module, splits: Splits) -> Suggestion:
    return suggest(trunk, splits, min_accuracy=60)


# Places.


def test_places_are_between_layers_and_blocks_and_never_inside_a_residual_block() -> None:
    scan = places.find(Trunk(), torch.randn(4, 1, 8, 8), 12)
    assert {place.name: place.macs for place in scan.places} == UP_TO
    assert (scan.macs, scan.classes) == (WHOLE, 10)
    assert [place.shape for place in scan.places] == [(8, 4, 4)] * 4


def test_one_place_stands_for_all_of_its_cost_after_the_pooling_and_before_the_flattening() -> None:
    trunk = idn.models.lenet(in_channels=1, image_size=8)
    scan = places.find(trunk, torch.randn(4, 1, 8, 8), 12)
    assert [place.name for place in scan.places] == ["relu1", "relu2", "relu3"]
    assert scan.places[-1].shape == (20, 3, 3)
    assert scan.places[-1].macs + 180 * 84 + 84 * 10 == scan.macs  # linear1 leaves too little


def test_too_many_places_are_thinned_out_over_the_cost_and_the_lowest_stays() -> None:
    cheap = [nn.Linear(4, 4) for _ in range(4)]
    trunk = nn.Sequential(*cheap, nn.Linear(4, 64), nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 3))
    names = [place.name for place in places.find(trunk, torch.randn(4, 4), 4).places]
    assert names == ["0", "4", "5", "6"]


def test_what_runs_twice_or_gives_no_tensor_or_mixes_the_batch_is_no_place() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twice = nn.Linear(6, 6)
            self.pair = nn.Identity()
            self.mixed = nn.Linear(6, 6)
            self.single = nn.Linear(6, 6)
            self.last = nn.Linear(6, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.twice(self.twice(x))
            (x,) = self.pair((x,))
            x = self.mixed(x.reshape(1, -1, 6)).reshape(-1, 6)
            logits: torch.Tensor = self.last(self.single(x))
            return logits

    assert [place.name for place in places.find(Odd(), torch.randn(4, 6), 12).places] == ["single"]


# Probes.


def test_a_probe_is_a_head_as_described_on_the_trunk_as_it_is(
    trunk: nn.Module, pairs: tuple[Pair, Pair]
) -> None:
    """The centring and scaling of features go into the first layer with weights; then the whole head, at its
    place, says what the probe said.
    """
    training, validation = (samples.Sample(images[:200], labels[:200]) for images, labels in pairs)
    scan = places.find(trunk, training.images, 2)
    heads = probing.affordable_heads(scan, 8, 0)
    described = {head.description for head in heads}
    assert described == {"gap-linear", "linear", "conv(8)-linear", "conv(8)-conv(8)-linear"}
    with Progress(quiet, bars=False) as progress:
        probed = probing.probe(
            trunk, scan.macs, heads, training, validation, epochs=3, seed=0, progress=progress
        )
        wanted = {head.source: head.leading for head in heads}
        (maps,) = features.passes(trunk, wanted, training, validation, progress)
    for head, one in zip(heads, probed, strict=True):
        centre, scale = probing._centre_and_scale(maps[head.source][0])
        layers = nn.Sequential(*head.leading, *copy.deepcopy(head.learned))
        first = next(layer for layer in layers if isinstance(layer, (nn.Conv2d, nn.Linear)))
        assert first.bias is not None
        with torch.no_grad():
            first.weight /= scale
            if isinstance(first, nn.Linear):
                first.bias -= first.weight @ centre[0]
            else:
                assert not centre.any()
            model = idn.Branchy(trunk, {head.place.name: layers}).eval()
            logits, _ = model(validation.images)
        # float32, through features of other scales than those trained on.
        torch.testing.assert_close(logits.numpy(), one.logits, rtol=1e-3, atol=1e-3)
        right = (one.logits.argmax(axis=1) == validation.labels.numpy()).mean()
        assert one.probe.accuracy == pytest.approx(100 * right)


def test_large_maps_are_pooled_before_they_are_learned_on_and_kept() -> None:
    scan = places.Scan([places.Place("a", 10, (4, 30, 17))], 10**9, 10, torch.zeros(1))
    heads = probing.affordable_heads(scan, 32, 0)
    assert [head.description for head in heads] == [
        "gap-linear",
        "pool-pool-pool-linear",
        "pool-pool-conv(32)-linear",
        "pool-pool-conv(32)-conv(32)-linear",
    ]
    assert [head.leading(torch.zeros(1, 4, 30, 17)).numel() for head in heads] == [4, 48, 160, 160]
    convolution = 8 * 5 * 32 * 9
    assert heads[3].macs == convolution * 4 + convolution * 32 + 8 * 5 * 32 * 10


def test_heads_that_cost_more_than_the_rest_of_the_trunk_are_not_tried() -> None:
    scan = places.Scan([places.Place("a", 10, (40,)), places.Place("b", 500, (40,))], 900, 10, torch.zeros(1))
    assert [head.place.name for head in probing.affordable_heads(scan, 32, 0)] == ["a"]


def test_features_that_do_not_fit_are_kept_in_parts_and_the_suggestion_is_the_same(
    trunk: nn.Module, splits: Splits, suggestion: Suggestion, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    run = features._run
    monkeypatch.setattr(features, "_run", lambda *given: runs.append(len(given[1])) or run(*given))
    largest = 4 * 8 * 4 * 4 * 500
    monkeypatch.setattr(features, "MEMORY_BYTES", largest)
    assert suggest(trunk, splits, min_accuracy=60) == suggestion
    assert len(runs) > 3
    monkeypatch.setattr(features, "MEMORY_BYTES", largest // 2)
    with pytest.raises(ValueError, match=r"take 512 bytes a sample.*make samples_each at most 125\."):
        suggest(trunk, splits, min_accuracy=60)
    assert suggest(trunk, splits, min_accuracy=10, samples_each=125).probes


# The choice.


def made_up(place: str, trunk_macs: int, head_macs: int, logits: Any, labels: Any) -> Probed:
    accuracy = 100 * float((logits.argmax(axis=1) == labels).mean())
    probe = Probe(place, "linear", trunk_macs, head_macs, (trunk_macs + head_macs) / 1000, accuracy)
    return Probed(probe, logits.astype(np.float32))


@pytest.fixture
def three_places() -> tuple[designing.TradeOff, list[Probed]]:
    """Exits at 100, 120 and 500 of 1000, the second nearly a copy of the first."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 400)
    signal = np.eye(5)[labels]
    low = 1.5 * signal + rng.normal(size=(400, 5))
    near = low + 0.05 * rng.normal(size=(400, 5))
    high = 3 * signal + rng.normal(size=(400, 5))
    full = (4 * signal + rng.normal(size=(400, 5))).astype(np.float32)
    costs = {"low": (100, low), "near": (120, near), "high": (500, high)}
    exits = [made_up(name, macs, 20, logits, labels) for name, (macs, logits) in costs.items()]
    return designing.TradeOff(1000, full, labels), exits


def test_a_place_too_near_brings_nothing_and_one_far_enough_is_taken(
    three_places: tuple[designing.TradeOff, list[Probed]],
) -> None:
    trade_off, exits = three_places
    low, near, high = exits
    chosen, reasons = designing.further_exits(trade_off, exits, low, 4, 0.01)
    assert chosen == [low, high]
    assert reasons[0].startswith("'high: linear' brings the mean cost at equal accuracy from ")
    assert reasons[1].startswith("no further exit: the best, 'near: linear', would bring")
    assert designing.further_exits(trade_off, exits, low, 1, 0.01)[0] == [low]
    assert designing.further_exits(trade_off, exits, low, 4, 0.9)[0] == [low]
    assert designing.further_exits(trade_off, [low, near], low, 4, 0.01)[0] == [low]
    assert designing.further_exits(trade_off, exits, high, 4, 0.0) == (
        [high],
        ["no further exit: there is no other place above the first"],
    )


def test_the_mean_cost_is_the_area_beside_the_front(
    three_places: tuple[designing.TradeOff, list[Probed]],
) -> None:
    trade_off, (low, _, high) = three_places
    front = trade_off.front([low, high])
    assert front.points[0].cost == 120  # all leave at the first exit, its head included
    assert front.full_cost == 1000 + 20 + 20
    first, full = low.probe.accuracy, trade_off.trunk_accuracy
    assert first < full
    levels = [first + (full - first) * step / 100 for step in range(101)]
    expected = sum(front.at_least(level).cost for level in levels) / 101 / 1000
    assert trade_off.mean_cost([low, high], first) == pytest.approx(expected)
    assert trade_off.mean_cost([low, high], 100.0) == pytest.approx(front.at_least(full).cost / 1000)


def test_fronts_of_three_and_four_exits_are_searched_in_bounded_time() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    logits = [(k * np.eye(3)[labels] + rng.normal(size=(300, 3))).astype(np.float32) for k in range(1, 6)]
    trade_off = designing.TradeOff(1000, logits[4], labels)
    exits = [made_up(str(k), 200 * (k + 1), 5, logits[k], labels) for k in range(4)]
    assert trade_off._candidates(2) == trade_off._candidates(3) == 0
    assert trade_off._candidates(4) == 33  # 33 * 33 * 300 * 300 is just below 1e8
    assert trade_off.front(exits).full_cost == 1020


def probed(*rows: tuple[str, float, float]) -> list[Probed]:
    nothing = np.zeros((1, 2), np.float32)
    return [Probed(Probe(name, "linear", 0, 0, cost, accuracy), nothing) for name, cost, accuracy in rows]


LADDER = probed(("a", 0.1, 50.0), ("b", 0.3, 70.0), ("a2", 0.2, 65.0), ("c", 0.4, 68.0), ("d", 0.9, 90.0))


@pytest.mark.parametrize(
    ("min_accuracy", "max_cost", "expected"),
    [
        (40, None, "a"),
        (60, None, "a2"),
        (65, 0.2, "a2"),
        (69, 0.35, "b"),
        (None, 0.45, "b"),
        (None, 1.0, "d"),
        (None, 0.1, "a"),
    ],
)
def test_the_first_exit_is_the_cheapest_with_the_accuracy_or_the_best_within_the_cost(
    min_accuracy: float | None, max_cost: float | None, expected: str
) -> None:
    assert designing.first_exit(LADDER, min_accuracy, max_cost)[0].probe.place == expected


@pytest.mark.parametrize(
    ("min_accuracy", "max_cost", "message"),
    [
        (95, None, r"reaches min_accuracy=95 %; the best, 'd: linear', reaches 90\.00 %\."),
        (
            80,
            0.3,
            r"min_accuracy=80 % within max_cost=0\.3; the best, 'b: linear', reaches 70\.00 %, and the "
            r"cheapest that does, 'd: linear', costs 0\.9000\.",
        ),
        (
            None,
            0.05,
            r"costs at most max_cost=0\.05 of the trunk; the cheapest, 'a: linear', costs 0\.1000\.",
        ),
    ],
)
def test_a_wish_that_nothing_meets_is_refused_with_what_is_nearest(
    min_accuracy: float | None, max_cost: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        designing.first_exit(LADDER, min_accuracy, max_cost)


# The whole.


def test_the_suggestion_is_a_network_that_costs_what_it_says(
    trunk: nn.Module, suggestion: Suggestion, pairs: tuple[Pair, Pair]
) -> None:
    first = next(iter(suggestion.exits))
    by_exit = {(probe.place, probe.head): probe for probe in suggestion.probes}
    chosen = [by_exit[exit_item] for exit_item in suggestion.exits.items()]
    assert chosen[0].accuracy >= 60
    assert all(probe.cost >= chosen[0].cost for probe in suggestion.probes if probe.accuracy >= 60)
    model = idn.Branchy(trunk, exits=suggestion.exits, example_input=pairs[0][0][:1])
    assert model.exit_names == [*suggestion.exits, "output"]
    cost = idn.costs.count(model, pairs[0][0][:1])
    assert cost.head_macs == [*(probe.head_macs for probe in chosen), 0]
    assert cost.macs_without_heads == [*(probe.trunk_macs for probe in chosen), suggestion.trunk_macs]
    assert suggestion.front.full_cost == cost.full_macs
    assert suggestion.front.points[0].cost >= chosen[0].cost * suggestion.trunk_macs * (1 - 1e-12)
    assert suggestion.front.full_accuracy == pytest.approx(suggestion.trunk_accuracy)
    assert suggestion.as_config()[0] == f"{first}: {suggestion.exits[first]}"


def test_the_text_names_the_exits_every_probe_and_what_the_numbers_are_of(suggestion: Suggestion) -> None:
    text = str(suggestion)
    for line in suggestion.as_config() + suggestion.reasons:
        assert f"  {line}\n" in text
    marked = [line.split("  ")[0].removeprefix("* ") for line in text.splitlines() if line.startswith("*")]
    assert marked == suggestion.as_config()
    assert all(f"{probe.place}: {probe.head} " in text for probe in suggestion.probes)
    assert f"the trunk reaches {suggestion.trunk_accuracy:.2f} % with {WHOLE:,} multiply" in text
    assert "of 250 training samples" in text
    assert "do not tell what exits reach that are trained with the trunk." in text


def test_a_config_takes_what_is_suggested(splits: Splits, pairs: tuple[Pair, Pair]) -> None:
    torch.manual_seed(0)
    options = {"in_channels": 1, "image_size": 8}
    lenet = trained(idn.models.lenet(**options), pairs[0], 1)
    suggestion = suggest(lenet, splits, max_cost=0.5, epochs=2)
    model = idn.models.build("lenet", exits=suggestion.as_config(), **options)
    assert isinstance(model, idn.Branchy)
    assert model.exit_names == [*suggestion.exits, "output"]


def test_the_same_seed_gives_the_same_and_nothing_else_changes(
    trunk: nn.Module, splits: Splits, suggestion: Suggestion
) -> None:
    before = copy.deepcopy(trunk.state_dict())
    trunk.train()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    assert suggest(trunk, splits, min_accuracy=60) == suggestion
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(before[name], value) for name, value in trunk.state_dict().items())
    assert all(module.training and not module._forward_hooks for module in trunk.modules())
    assert all(parameter.grad is None or parameter.requires_grad for parameter in trunk.parameters())
    assert suggest(trunk, splits, min_accuracy=60, seed=1).probes != suggestion.probes


def test_tensors_give_what_splits_give_and_the_test_part_is_not_touched(
    trunk: nn.Module, splits: Splits, pairs: tuple[Pair, Pair], suggestion: Suggestion
) -> None:
    assert suggest(trunk, pairs, min_accuracy=60) == suggestion
    blank = Dataset("blank", np.zeros_like(splits.test.images), splits.test.labels, splits.test.classes)
    assert suggest(trunk, Splits(splits.train, splits.validation, blank), min_accuracy=60) == suggestion


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"min_accuracy": None}, "no wish is given for the first exit: pass min_accuracy"),
        ({"min_accuracy": 101}, "min_accuracy is 101, expected percent"),
        ({"min_accuracy": 0.75}, r"min_accuracy is in percent, so 0\.75 is 0\.75 %: write 75\."),
        ({"max_cost": 0.0}, r"max_cost is 0\.0, expected a share"),
        ({"max_cost": 30}, "max_cost is 30, expected a share"),
        ({"margin": -0.1}, r"margin is -0\.1, expected a share"),
        ({"max_exits": 0}, "max_exits is 0, expected a whole number from 1 to 4"),
        ({"max_exits": 5}, "max_exits is 5, expected"),
        ({"most_places": 2.5}, r"most_places is 2\.5, expected a whole number"),
        ({"epochs": True}, "epochs is True, expected a whole number"),
        ({"samples_each": 3}, "samples_each is 3, expected a whole number from 8"),
        ({"seed": -1}, "seed is -1, expected"),
        ({"min_accuracy": 100}, "no first exit reaches min_accuracy=100 %; the best, '.*', reaches "),
    ],
)
def test_numbers_out_of_range_are_refused(
    trunk: nn.Module, pairs: tuple[Pair, Pair], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        suggest(trunk, pairs, **{"min_accuracy": 50, "epochs": 1, **changes})


IMAGES, LABELS = torch.zeros(20, 1, 8, 8), torch.zeros(20, dtype=torch.int64)


@pytest.mark.parametrize(
    ("training", "message"),
    [
        (
            (IMAGES.byte(), LABELS),
            r"training images are torch\.uint8 of shape \(20, 1, 8, 8\), expected float",
        ),
        ((IMAGES.numpy(), LABELS), "training images are a ndarray"),
        (
            (IMAGES, LABELS.float()),
            r"training labels are torch\.float32 of shape \(20,\), expected torch\.int64",
        ),
        ((IMAGES, LABELS[:9]), "there are 20 training images and 9 labels"),
        ((IMAGES[:3], LABELS[:3]), "'training' has 3 samples, too few"),
        ((IMAGES, LABELS + 10), "a training label is 10, expected 0 to 9: the trunk gives 10 logits"),
        ((IMAGES, LABELS - 1), "a training label is -1"),
        ((torch.zeros(20, 3, 8, 8), LABELS), r"the trunk does not take images of shape \(3, 8, 8\)"),
        (IMAGES, r"data is a tuple, expected idn\.data\.Splits, or two pairs"),
    ],
)
def test_data_that_do_not_fit_are_refused(trunk: nn.Module, training: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        suggest(trunk, (training, (IMAGES, LABELS)), min_accuracy=10)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.rnn = nn.Linear(8, 8), nn.LSTM(8, 10, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(self.first(x[:, 0]))[0][:, -1]


TRUNKS: dict[str, tuple[nn.Module, str]] = {
    "one layer": (nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), "the trunk has no place for an early exit"),
    "dear heads": (
        nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.Linear(64, 10)),
        "the trunk has no place for an early exit: wherever one could be, every head costs at least as much",
    ),
    "maps": (nn.Conv2d(1, 10, 3), r"the trunk gives \(3, 10, 6, 6\) for 3 images, expected logits"),
    "exits": (
        idn.Branchy(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), {}, example_input=IMAGES),
        r"the trunk is a Branchy, which has exits already; pass its trunk: model\.trunk",
    ),
    "recurrent": (Recurrent(), r"trunk\.rnn is an LSTM, whose operations cannot be counted"),
}


@pytest.mark.parametrize("name", TRUNKS)
def test_a_trunk_without_a_place_is_refused(name: str) -> None:
    trunk, message = TRUNKS[name]
    data = ((torch.randn(20, 1, 8, 8), LABELS), (torch.randn(20, 1, 8, 8), LABELS))
    with pytest.raises(ValueError, match=message):
        suggest(trunk, data, min_accuracy=10)


def test_a_trunk_that_diverged_is_refused(pairs: tuple[Pair, Pair]) -> None:
    diverged = Trunk()
    nn.init.constant_(diverged.last.weight, float("inf"))
    with pytest.raises(ValueError, match="the trunk gives logits that are not finite"):
        suggest(diverged, pairs, min_accuracy=10)


# The command.


def test_the_command_suggests_from_a_finished_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from typer.testing import CliRunner

    from idn.cli.app import app

    config = tmp_path / "plain.yaml"
    config.write_text(
        "data: {name: digits}\nmodel: {name: lenet}\n"
        "training: {stages: [{train: trunk, epochs: 1}], batch_size: 64, threads: 1}\n"
        "measure: {samples: 4, repeats: 2}\n",
        encoding="utf-8",
    )
    done = idn.experiment.run(str(config), tmp_path / "runs", quiet)
    assert done is not None
    options = ["--max-cost", "0.5", "--samples", "200", "--epochs", "1"]
    result = CliRunner().invoke(app, ["suggest", str(done.run_dir), *options, "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["as_config"] == [f"{place}: {head}" for place, head in found["exits"].items()]
    assert found["training_samples"] == 200
    assert "Early exits, lowest first:" in result.stderr
    capfd.readouterr()
    (done.run_dir / "model.pt").write_bytes(b"nothing")
    result = CliRunner().invoke(app, ["suggest", str(done.run_dir), *options])
    assert isinstance(result.exception, idn.errors.RunError)
    assert "model.pt cannot be read" in str(result.exception)
