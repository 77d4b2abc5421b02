from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import synthetic_run
from idn import Engine, data, exits, experiment, inference, report, zoo
from idn.experiment import batching, claims
from idn.experiment.comparison import FIELDS, OURS, Comparison
from idn.experiment.schema import BatchingConfig
from idn.report.markdown import markdown_table
from idn.store import Trace

SLUG = "early_exit_batching"
NETWORK = "b_lenet_digits"


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = experiment.run(f"{SLUG}/smoke", tmp_path_factory.mktemp("runs"), lambda _: None)
    assert done is not None
    return done.run_dir


def test_the_smoke_run_measures_every_batch_and_share_and_tests_its_claims(smoke: Path) -> None:
    run = report.load(smoke)
    assert run.summary.batching is not None
    assert [batch.batch for batch in run.summary.batching] == [1, 16]
    assert [batch.batches for batch in run.summary.batching] == [32, 2]
    for batch in run.summary.batching:
        assert [share.asked for share in batch.shares] == [0, 60]
        assert batch.shares[0].left == 0
        # Chosen on validation: a share of 32 samples is within four deviations of 9 points of it.
        assert batch.shares[1].left == pytest.approx(60, abs=36)
        for share in batch.shares:
            for way in (share.always, share.auto, share.never):
                assert way.spread[0] <= way.spread[1]
                assert min(way.time, way.to_ideal) > 0
    entries = json.loads((smoke / "comparison.json").read_text(encoding="utf-8"))
    assert len(entries) == 4
    for entry in entries:
        assert tuple(entry) == FIELDS
        assert (entry["published"], entry["preset"]) == (OURS, "smoke")
        # There is no batch of 128 in the smoke run; of others only a busy machine cannot tell.
        assert (entry["holds"] is None) == ("128" in entry["what"] or "too busy" in entry["what"])
    page = (smoke / "report.html").read_text(encoding="utf-8")
    assert "Batches on the engine" in page
    assert "batch of 16" in page


def test_it_starts_from_the_zoo_and_trains_nothing(smoke: Path) -> None:
    card, run = zoo.card(NETWORK), report.load(smoke)
    weights = torch.load(smoke / "model.pt", weights_only=True)
    for name, value in zoo.load(NETWORK).state_dict().items():
        assert torch.equal(weights[name], value), name
    assert run.metrics == []
    assert [one.test_accuracy for one in run.summary.exits] == [one.test_accuracy for one in card.exits]
    assert run.summary.test.accuracy == pytest.approx(card.test.accuracy)


def test_another_validation_split_than_the_zoo_had_is_refused(tmp_path: Path) -> None:
    config = experiment.load(f"{SLUG}/smoke", ["data.validation=100"])
    with pytest.raises(ValueError, match=r"data\.validation is 100, but zoo/b_lenet_digits.* has 297"):
        experiment.run(config, tmp_path, lambda _: None)
    other = experiment.load(f"{SLUG}/smoke", ["model={name: b_alexnet}"])
    with pytest.raises(ValueError, match="its trunk is another one"):
        experiment.run(other, tmp_path, lambda _: None)


def network() -> tuple[zoo.Card, Trace, torch.Tensor]:
    """The card, what the network says of validation data, and test images."""
    card = zoo.card(NETWORK)
    splits = data.load(card.dataset, validation=card.validation_samples, seed=card.split_seed)
    graph = zoo.graph(NETWORK)
    images = card.normalizer(torch.from_numpy(splits.validation.images))
    logits = np.stack([one.numpy() for one in graph.run(images)], axis=1)
    trace = Trace(logits, splits.validation.labels, np.arange(len(splits.validation)))
    return card, trace, card.normalizer(torch.from_numpy(splits.test.images))


@pytest.mark.parametrize(
    "policy", [exits.Entropy([None], normalized=False), exits.Confidence([None]), exits.Margin([None])]
)
def test_thresholds_let_the_share_leave_that_is_asked_for(policy: exits.Policy) -> None:
    _, validation, _ = network()
    scores = policy.scores([torch.from_numpy(validation.logits[:, 0])]).numpy()
    for share in (0, 20, 60, 95, None):
        limit = batching._limit(policy, scores, share)
        found = inference.from_traces(validation.logits, policy.with_thresholds([limit]))
        left = 100 * float((found.exits == 0).double().mean())
        # Of 297 samples one is a third of a percent, and scores may be equal.
        assert left == pytest.approx(100 if share is None else share, abs=1)


def test_times_are_those_of_a_clock_and_ideal_is_by_shares() -> None:
    card, validation, images = network()
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    config = BatchingConfig(batch_sizes=[64], leave=[60], samples=128, repeats=2)
    (found,) = batching.measure(zoo.graph(NETWORK), card.policy, validation, images, config, clock=clock)
    assert (found["batch"], found["batches"]) == (64, 2)
    assert found["nobody_ms"] == found["everybody_ms"] == pytest.approx(1000 / 64)
    (share,) = found["shares"]
    assert share["ideal"] == pytest.approx(1)  # all calls take as long by this clock
    for way in batching.WAYS:
        assert share[way]["time"] == share[way]["to_ideal"] == pytest.approx(1)
    limit = batching._limit(
        card.policy, card.policy.scores([torch.from_numpy(validation.logits[:, 0])]).numpy(), 60
    )
    answers = Engine(zoo.graph(NETWORK), card.policy.with_thresholds([limit]))(images[:128])
    assert share["left"] == pytest.approx(100 * float((answers.exits == 0).double().mean()))


def test_a_batch_larger_than_the_data_is_refused() -> None:
    card, validation, images = network()
    config = BatchingConfig(batch_sizes=[301], leave=[50])
    with pytest.raises(ValueError, match="a batch of 301 was asked for, and there are 300 samples"):
        batching.measure(zoo.graph(NETWORK), card.policy, validation, images, config)


def measured(batch: int, always: float, auto: float, never: float, ideal: float = 0.5) -> dict[str, Any]:
    """What a run would say of one batch size, of which 60 % leave."""
    ways = {
        name: {"time": time, "to_ideal": time / ideal, "spread": [time, time]}
        for name, time in (("always", always), ("auto", auto), ("never", never))
    }
    share = {"asked": 60.0, "left": 60.0, "ideal": ideal, **ways}
    return {"batch": batch, "batches": 4, "nobody_ms": 1.0, "everybody_ms": 0.2, "shares": [share]}


def judged(folder: Path, *batches: dict[str, Any]) -> dict[str, Comparison]:
    path = synthetic_run.write(folder, experiment=SLUG, batching=list(batches))
    names = ("single", "batched", "never_slower", "auto")
    return dict(zip(names, claims.of(report.load(path)), strict=True))


def test_claims_hold_where_all_is_within_its_bounds(tmp_path: Path) -> None:
    found = judged(tmp_path / "run", measured(1, 0.52, 0.52, 0.52), measured(128, 0.55, 0.56, 1.0))
    assert {name: one.holds for name, one in found.items()} == dict.fromkeys(found, True)


@pytest.mark.parametrize(
    ("name", "batches"),
    [
        ("single", [measured(1, 0.53, 0.53, 0.53), measured(128, 0.55, 0.56, 1.0)]),
        ("batched", [measured(1, 0.52, 0.52, 0.52), measured(128, 0.58, 0.58, 1.0)]),
        ("never_slower", [measured(8, 1.06, 1.06, 1.06), measured(128, 0.55, 0.56, 1.0)]),
        ("auto", [measured(8, 0.60, 0.64, 1.0), measured(128, 0.55, 0.56, 1.0)]),
    ],
)
def test_one_case_beyond_its_bound_fails_that_claim_alone(
    tmp_path: Path, name: str, batches: list[dict[str, Any]]
) -> None:
    found = judged(tmp_path / "run", *batches)
    assert [one for one, entry in found.items() if entry.holds is False] == [name]


def test_what_is_beyond_a_bound_by_less_than_the_noise_is_not_judged(tmp_path: Path) -> None:
    beyond = measured(128, 0.55, 0.60, 1.0)  # 1.09 of the better, 1.2 of the ideal
    idle = measured(8, 1.0, 0.99, 1.0, ideal=1.0)
    busy = measured(8, 1.04, 0.93, 1.0, ideal=1.0)
    for control in (idle, busy):
        control["shares"][0].update(asked=0.0, left=0.0)
    found = judged(tmp_path / "idle", beyond, idle)
    assert (found["batched"].holds, found["auto"].holds) == (False, False)
    found = judged(tmp_path / "busy", beyond, busy)
    assert (found["batched"].holds, found["auto"].holds) == (None, None)
    assert "the machine was too busy to tell" in found["auto"].what


def test_what_was_not_measured_is_not_tested(tmp_path: Path) -> None:
    found = judged(tmp_path / "run", measured(8, 0.55, 0.55, 1.0))
    assert found["single"].holds is None
    assert found["batched"].holds is None
    assert found["auto"].holds is True


def test_the_table_has_a_row_for_each_share(tmp_path: Path) -> None:
    judged(tmp_path / "run", measured(1, 0.52, 0.52, 0.52), measured(128, 0.55, 0.56, 1.0))
    table = markdown_table([report.load(tmp_path / "run")])
    assert "| 128 | 1.000 | 60.0 % | 0.50 | 0.55 (0.55 to 0.55) | 0.56 (0.56 to 0.56) | 1.00" in table
