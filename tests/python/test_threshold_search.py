"""Calibration, the Pareto front over thresholds, and thresholds with a promise, from logits."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from idn import exits, inference

POLICIES = {
    "confidence": exits.Confidence([]),
    "entropy": exits.Entropy([]),
    "nats": exits.Entropy([], normalized=False),
    "margin": exits.Margin([], temperature=2.0),
    "patience": exits.Patience([]),
}
COST = [10.0, 25.0, 45.0, 70.0]


def traces(exit_count: int, samples: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits that are right more often, and surer, the later the exit."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, samples)
    logits = rng.normal(size=(samples, exit_count, 5))
    for index in range(exit_count):
        logits[np.arange(samples), index, labels] += 1 + index
    return logits.astype(np.float32), labels


def outcome(
    logits: NDArray[np.float32], labels: NDArray[np.int64], policy: exits.Policy
) -> tuple[float, float]:
    answers = inference.from_traces(logits, policy)
    accuracy = 100 * float((answers.labels.numpy() == labels).mean())
    return accuracy, float(np.array(COST)[answers.exits.numpy()].mean())


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("exit_count", [1, 2, 3])
def test_every_point_of_the_front_is_what_its_thresholds_give_and_nothing_beats_it(
    name: str, exit_count: int
) -> None:
    logits, labels = traces(exit_count, 30)
    policy = POLICIES[name]
    front = exits.search(logits, labels, COST[:exit_count], policy)
    for point in front.points:
        assert outcome(logits, labels, policy.with_thresholds(point.thresholds)) == pytest.approx(
            (point.accuracy, point.cost)
        )
    tried: list[list[float | None]] = []
    for k in range(exit_count - 1):
        scores = policy.scores([torch.from_numpy(logits[:, j]) for j in range(k + 1)]).double().numpy()
        above = np.nextafter(scores, np.inf) if name == "nats" else scores
        tried.append([None, *np.unique(above).tolist()])
    for vector in itertools.product(*tried):
        accuracy, cost = outcome(logits, labels, policy.with_thresholds(list(vector)))
        assert any(p.accuracy >= accuracy - 1e-9 and p.cost <= cost + 1e-9 for p in front.points)


def test_budgets_are_met_by_the_best_point_and_impossible_ones_name_the_nearest() -> None:
    logits, labels = traces(3, 200)
    front = exits.search(logits, labels, COST[:3], POLICIES["entropy"])
    within = front.within(30)
    assert within.cost <= 30
    assert within.accuracy == max(p.accuracy for p in front.points if p.cost <= 30)
    enough = front.at_least(front.full_accuracy)
    assert enough.accuracy >= front.full_accuracy - 1e-9
    assert enough.cost == min(p.cost for p in front.points if p.accuracy >= front.full_accuracy - 1e-9)
    with pytest.raises(ValueError, match=r"budget of 9 per sample; the cheapest cost 10\."):
        front.within(9)
    with pytest.raises(ValueError, match=r"accuracy of 101 %; the best reach"):
        front.at_least(101)


def test_a_search_that_would_take_minutes_is_refused_until_candidates_are_few() -> None:
    logits, labels = traces(4, 3000)
    with pytest.raises(ValueError, match="fewer candidates per exit"):
        exits.search(logits, labels, COST, POLICIES["entropy"])
    front = exits.search(logits, labels, COST, POLICIES["entropy"], candidates_per_exit=3)
    assert front.points[0].cost == COST[0]


def test_shapes_that_disagree_are_refused_with_all_of_them() -> None:
    logits, labels = traces(3, 20)
    with pytest.raises(ValueError, match=r"\(20, 3, 5\), labels \(19,\) and 3 costs"):
        exits.search(logits, labels[:-1], COST[:3], POLICIES["margin"])
    with pytest.raises(ValueError, match="and 4 costs"):
        exits.search(logits, labels, COST, POLICIES["margin"])


def test_calibration_lowers_the_loss_to_the_one_torch_finds_and_changes_no_label() -> None:
    logits, labels = traces(3, 2000)
    logits *= 9  # too sure: three times what the last exit deserves
    found = exits.calibrate(logits, labels)
    for k, temperature in enumerate(found.temperatures):
        z, y = torch.from_numpy(logits[:, k]).double(), torch.from_numpy(labels)
        assert found.loss_before[k] == pytest.approx(float(functional.cross_entropy(z, y)))
        assert found.loss_after[k] == pytest.approx(float(functional.cross_entropy(z / temperature, y)))
        for other in (0.99, 1.01):
            assert found.loss_after[k] < float(functional.cross_entropy(z / (temperature * other), y))
        before = exits.reliability(logits[:, k], labels)
        after = exits.reliability(logits[:, k], labels, temperature)
        assert after.error < before.error
        assert before.samples.sum() == after.samples.sum() == len(labels)
    with pytest.raises(ValueError, match=r"shape \(2000, 5\)"):
        exits.calibrate(logits[:, 0], labels)
    with pytest.raises(ValueError, match="bins is 0"):
        exits.reliability(logits[:, 0], labels, bins=0)


@pytest.mark.parametrize(("bound", "epsilon"), [("clopper_pearson", 0.03), ("hoeffding_bentkus", 0.12)])
def test_the_promise_is_kept_as_often_as_it_says(
    bound: Literal["clopper_pearson", "hoeffding_bentkus"], epsilon: float
) -> None:
    # The true loss is that on a sample a hundred times as large.
    population, answers = traces(2, 60_000, seed=1)
    population[:, 0] *= np.random.default_rng(2).uniform(0.5, 3, size=(60_000, 1)).astype(np.float32)
    delta, broken, leaving = 0.2, 0, 0
    rng = np.random.default_rng(3)
    for draw in range(100):
        chosen = rng.integers(0, len(answers), 600)
        found = exits.control_risk(
            population[chosen],
            answers[chosen],
            COST[:2],
            POLICIES["confidence"],
            epsilon=epsilon,
            delta=delta,
            bound=bound,
            seed=draw,
        )
        leaving += found.passed > 0
        full = float((population[:, -1].argmax(axis=1) == answers).mean())
        true_loss = full - outcome(population, answers, found.policy)[0] / 100
        broken += true_loss > epsilon
    # With the promise kept, 30 of 100 or more would come by chance once in a hundred times.
    assert broken < 30
    assert leaving > 50


def test_what_cannot_be_shown_is_refused_with_what_can() -> None:
    logits, labels = traces(2, 200)
    with pytest.raises(ValueError, match=r"100 test samples at delta 0.05 can show no less than 0.02951;"):
        exits.control_risk(logits, labels, COST[:2], POLICIES["margin"], epsilon=0.001)
    found = exits.control_risk(logits, labels, COST[:2], POLICIES["margin"], epsilon=0.2)
    assert found.passed > 0
    assert found.cost < COST[1]
    assert found.measured_loss < 0.2
    for options, message in (
        ({"epsilon": 0.0}, "epsilon is 0.0"),
        ({"epsilon": 0.2, "delta": 1.5}, "delta is 1.5"),
        ({"epsilon": 0.2, "bound": "guess"}, "bound is 'guess'"),
    ):
        with pytest.raises(ValueError, match=message):
            exits.control_risk(logits, labels, COST[:2], POLICIES["margin"], **options)  # type: ignore[arg-type]
