"""Runs compared with each other: paired differences, fronts of validation measured on test, settings."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import synthetic_run
from idn import exits, report, store
from idn.errors import RunError
from idn.experiment import fronts, paired, published, study_tests
from idn.experiment.evaluate import evaluate
from idn.experiment.study import StudyData
from idn.report import RunData

SAMPLES, EXITS, CLASSES = 300, 3, 4
COST = [1.0, 2.0, 4.0]


def random_run(path: Path, seed: int = 0, **changes: Any) -> RunData:
    """A run of random logits, the later exits right more often; validation and test differ."""
    rng = np.random.default_rng(seed)
    synthetic_run.write(path, **{"criterion": {"name": "confidence", "temperature": 1.0}, **changes})
    with store.TraceWriter(path / "traces.h5") as writer:
        for split in ("validation", "test"):
            labels = np.arange(SAMPLES) % CLASSES
            hot = np.eye(CLASSES)[labels][:, None] * np.array([1.0, 2.0, 3.0])[:, None]
            logits = (hot + rng.normal(size=(SAMPLES, EXITS, CLASSES))).astype(np.float32)
            writer.append(split, logits=logits, labels=labels, index=np.arange(SAMPLES))
    return report.load(path)


def test_a_paired_difference_has_the_interval_of_agresti_and_min() -> None:
    # With one half more in each cell, d = (c - b) / (n + 2), and its variance is
    # ((b + c + 1) - (c - b)^2 / (n + 2)) / (n + 2)^2.
    b, c, n = 15, 45, 200
    gains = np.array([1.0] * c + [-1.0] * b + [0.0] * (n - b - c))
    centre = (c - b) / (n + 2)
    half = 1.959963984540054 * math.sqrt((b + c + 1) - (c - b) ** 2 / (n + 2)) / (n + 2)
    found = paired.paired(gains)
    assert found.points == pytest.approx(15.0)
    assert (found.low, found.high) == (
        pytest.approx(100 * (centre - half)),
        pytest.approx(100 * (centre + half)),
    )


@pytest.mark.parametrize(("differ", "is_more"), [(0, False), (4, False), (5, True)])
def test_a_handful_of_samples_proves_nothing(differ: int, is_more: bool) -> None:
    assert paired.paired(np.array([1.0] * differ + [0.0] * 1000)).is_more is is_more


def test_the_interval_holds_the_truth_about_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        found = paired.paired(rng.choice([-1.0, 0.0, 1.0], size=200, p=[0.05, 0.8, 0.15]))
        held += found.low <= 10 <= found.high
    # Four standard errors of a share of 0.95 among 2000 are 0.02.
    assert abs(held / 2000 - 0.95) < 0.02


def test_a_difference_needs_samples() -> None:
    with pytest.raises(ValueError, match=r"\(0,\)"):
        paired.paired(np.empty(0))
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        paired.paired(np.zeros((2, 2)))


def test_exits_are_compared_on_the_same_samples_only(tmp_path: Path) -> None:
    first, second = (random_run(tmp_path / str(seed), seed).trace("test") for seed in (0, 1))
    found = paired.exit_against_exit(first, second, 2, 0)
    assert found.points == pytest.approx(
        paired.accuracy(paired.right_answers(first)[:, 2])[0]
        - paired.accuracy(paired.right_answers(second)[:, 0])[0]
    )
    shuffled = store.Trace(second.logits, second.labels, second.index[::-1].copy())
    with pytest.raises(ValueError, match="other samples"):
        paired.exit_against_exit(first, shuffled, 0, 0)


def test_a_trade_off_takes_its_thresholds_from_validation_and_its_numbers_from_test(tmp_path: Path) -> None:
    run = random_run(tmp_path / "run")
    validation, test = run.trace("validation"), run.trace("test")
    policy = exits.Confidence([None, None])
    front = exits.search(validation.logits, validation.labels, COST, policy)
    found = fronts.trade_off(run, COST)
    assert found.front == front
    for outcome, point in (
        (found.cheapest, front.points[0]),
        (found.best, front.points[-1]),
        (found.within(2.5), front.within(2.5)),
    ):
        wanted = evaluate(test.logits, test.labels, [1, 2, 4], policy.with_thresholds(point.thresholds))
        assert outcome.accuracy == pytest.approx(wanted.accuracy)
        assert outcome.cost == pytest.approx(wanted.mean_macs)
        assert outcome.exit_rates == pytest.approx(wanted.exit_rates)
    with pytest.raises(ValueError, match="no thresholds meet a budget"):
        found.within(0.5)


def test_two_trade_offs_are_compared_at_the_same_budgets(tmp_path: Path) -> None:
    first, second = (fronts.trade_off(random_run(tmp_path / str(seed), seed), COST) for seed in (0, 1))
    found = fronts.compare(first, second)
    low = max(first.front.points[0].cost, second.front.points[0].cost)
    high = max(first.front.points[-1].cost, second.front.points[-1].cost)
    budgets = np.linspace(low, high, fronts.BUDGETS)
    wanted = np.mean([first.within(one).accuracy - second.within(one).accuracy for one in budgets])
    spent = [np.mean([each.within(one).cost for one in budgets]) for each in (first, second)]
    assert found.accuracy.points == pytest.approx(wanted)
    assert found.accuracy.low < wanted < found.accuracy.high
    assert found.cost_ratio == pytest.approx(spent[0] / spent[1])
    back = fronts.compare(second, first)
    assert back.accuracy.points == pytest.approx(-wanted)
    assert fronts.compare(first, first).accuracy.points == 0


def test_time_is_in_units_of_the_trunks(tmp_path: Path) -> None:
    time = synthetic_run.summary()["time"] | {"trunk_ms": 2.0, "exit_ms": [1.0, 2.0, 3.0]}
    run = random_run(tmp_path / "timed", time=time)
    assert fronts.exit_costs(run, "time") == [0.5, 1.0, 1.5]
    assert fronts.exit_costs(run, "macs") == synthetic_run.MACS
    assert fronts.exit_costs(random_run(tmp_path / "not"), "time") is None
    assert fronts.exit_costs(random_run(tmp_path / "none", time=None), "time") is None
    short = random_run(tmp_path / "short", time=time | {"exit_ms": [1.0]})
    assert fronts.exit_costs(short, "time") is None


def test_a_policy_is_that_of_the_run(tmp_path: Path) -> None:
    rule = {"name": "entropy", "normalized": True, "temperature": [1.0, 2.0, 3.0]}
    policy = fronts.policy_of(random_run(tmp_path / "run", criterion=rule, thresholds=[0.2, None]))
    assert isinstance(policy, exits.Entropy)
    assert (policy.thresholds, policy.temperature) == ([0.2, None], [1.0, 2.0, 3.0])


def test_numbers_are_of_a_data_set_and_of_a_network(tmp_path: Path) -> None:
    run = random_run(tmp_path / "run", model="b_densenet")
    setting = {"dataset": "cifar10", "model": {"growth": 32, "blocks": [6, 12, 24, 16]}}
    assert published.another_setting(run, setting) is None
    assert published.another_setting(run, {"dataset": "mnist"}) == (
        "published for mnist, this run is on cifar10"
    )
    config = {"model": {"name": "b_densenet", "growth": 12}}
    (run.path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    cousin = report.load(run.path)
    assert published.another_setting(cousin, setting) == "published for growth 32, this run has 12"
    assert published.model_option(cousin, "no_such_option") is None


def test_a_published_file_is_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "published.yaml").write_text("[1, 2]\n", encoding="utf-8")
    with pytest.raises(RunError, match="is no mapping"):
        published.read(tmp_path)


def test_a_claim_that_cannot_be_tested_says_why(tmp_path: Path) -> None:
    study = StudyData("custom", "cpu", {"one": random_run(tmp_path / "one")})
    entry = study_tests.tested("it is so", study, ["one", "two"], lambda one, two: (True, ""))  # noqa: ARG005
    assert (entry.what, entry.holds) == ("it is so (the study has no two)", None)
    entry = study_tests.tested("it is so", study, ["one"], lambda one: (None, "not seen"))  # noqa: ARG005
    assert (entry.what, entry.holds, entry.measured) == ("it is so (not seen)", None, None)
    entry = study_tests.tested("it is so", study, ["one"], lambda one: (False, "seen"))  # noqa: ARG005
    assert (entry.what, entry.holds, entry.measured) == ("it is so", False, "seen")
