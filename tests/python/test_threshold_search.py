"""Calibration, the Pareto front over thresholds, and whole grids of them, from logits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from idn import exits, inference
from idn.exits import threshold_search

POLICIES = {
    "confidence": exits.Confidence([]),
    "entropy": exits.Entropy([]),
    "nats": exits.Entropy([], normalized=False),
    "margin": exits.Margin([], temperature=2.0),
    "patience": exits.Patience([]),
    "vote": exits.Vote([]),
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
    named = front.points[0].cost + 1 / 3
    with pytest.raises(ValueError, match=r"budget of 9 ms per sample; the cheapest cost 10\.3334 ms\."):
        exits.Front([exits.ThresholdPoint([None], 90.0, named)], 90.0, named).within(9, "ms")
    with pytest.raises(ValueError, match=r"accuracy of 101 %; the best reach"):
        front.at_least(101)


def test_a_search_that_would_take_minutes_is_refused_until_candidates_are_few() -> None:
    logits, labels = traces(4, 6000)
    with pytest.raises(ValueError, match="fewer candidates per exit"):
        exits.search(logits, labels, COST, POLICIES["entropy"], candidates_per_exit=0)
    front = exits.search(logits, labels, COST, POLICIES["entropy"], candidates_per_exit=3)
    assert front.points[0].cost == COST[0]


@pytest.mark.parametrize("early", [3, 4, 6])
@pytest.mark.parametrize("samples", [50, 5000, 10_000])
def test_as_many_candidates_are_tried_as_are_searched_soon(early: int, samples: int) -> None:
    tried = threshold_search.affordable_candidates("entropy", samples, early)
    assert threshold_search.affordable_candidates("entropy", samples, 2) == 0
    assert threshold_search.steps("entropy", samples, early, tried) <= threshold_search.MOST_STEPS
    if tried:
        assert threshold_search.steps("entropy", samples, early, tried + 1) > 2e10
    if samples == 50 and early == 3:
        assert tried == 0


def test_the_last_two_early_exits_are_exact_however_few_the_candidates() -> None:
    logits, labels = traces(3, 80)
    exact = exits.search(logits, labels, COST[:3], POLICIES["entropy"])
    assert exits.search(logits, labels, COST[:3], POLICIES["entropy"], candidates_per_exit=2) == exact


def test_of_equally_cheap_thresholds_the_most_accurate_are_kept() -> None:
    labels = np.arange(20) % 5
    sure = np.eye(5, dtype=np.float32) * 9
    logits = np.stack([sure[(labels + 1) % 5], sure[labels], sure[labels]], axis=1)  # exit 1 is always wrong
    (point,) = exits.search(logits, labels, [10, 10, 30], POLICIES["confidence"]).points
    assert (point.accuracy, point.cost, point.thresholds[0]) == (100.0, 10.0, None)


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


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("exit_count", [1, 2, 3, 4])
def test_a_grid_tells_of_every_combination_what_the_policy_does(name: str, exit_count: int) -> None:
    logits, labels = traces(exit_count, 60)
    policy, cost = POLICIES[name], COST[:exit_count]
    tried: list[list[float | None]] = []
    for k in range(exit_count - 1):
        scores = policy.scores([torch.from_numpy(logits[:, j]) for j in range(k + 1)]).double().numpy()
        # In no order, two of them scores themselves, one twice.
        tried.append(
            [float(scores[3]), None, float(scores.max()), float(scores[8]), float(scores[3])][: 5 - k]
        )
    found = exits.grid(logits, labels, cost, policy, tried)
    assert found.thresholds == tried
    assert found.accuracy.shape == found.cost.shape == tuple(map(len, tried))
    for place in itertools.product(*(range(len(row)) for row in tried)):
        vector = [row[at] for row, at in zip(tried, place, strict=True)]
        answers = inference.from_traces(logits, policy.with_thresholds(vector))
        accuracy, mean = outcome(logits, labels, policy.with_thresholds(vector))
        rates = 100 * np.bincount(answers.exits.numpy(), minlength=exit_count) / len(labels)
        assert (found.accuracy[place], found.cost[place]) == pytest.approx((accuracy, mean))
        np.testing.assert_allclose(found.exit_rates[(slice(None), *place)], rates)


def test_a_grid_of_all_scores_holds_the_front() -> None:
    logits, labels = traces(3, 80)
    policy = POLICIES["entropy"]
    front = exits.search(logits, labels, COST[:3], policy)
    tried = [sorted({point.thresholds[k] for point in front.points}, key=str) for k in range(2)]
    found = exits.grid(logits, labels, COST[:3], policy, tried)
    for point in front.points:
        place = tuple(row.index(one) for row, one in zip(tried, point.thresholds, strict=True))
        assert (found.accuracy[place], found.cost[place]) == pytest.approx((point.accuracy, point.cost))


def test_grids_that_cannot_be_are_refused() -> None:
    logits, labels = traces(3, 20)
    policy = POLICIES["confidence"]
    for thresholds, message in (
        ([[0.5]], "one list for each of 2 early exits"),
        ([[0.5], []], "exit 2 has no thresholds"),
        ([[0.5], [1.5]], "threshold 1.5 is out of range for confidence"),
        ([[0.5], [float("nan")]], "threshold nan is out of range"),
        ([np.linspace(0, 1, 9000).tolist()] * 2, "give fewer thresholds, or search for the best"),
    ):
        with pytest.raises(ValueError, match=message):
            exits.grid(logits, labels, COST[:3], policy, thresholds)
    with pytest.raises(ValueError, match="and 4 costs"):
        exits.grid(logits, labels, COST, policy, [[0.5], [0.5]])


def test_test_data_that_is_the_validation_data_is_refused() -> None:
    logits, labels = traces(2, 50)
    with pytest.raises(ValueError, match="50 validation and test samples are the same"):
        exits.check_apart(logits, labels, logits.copy(), labels.copy())
    others, _ = traces(2, 50, seed=1)
    exits.check_apart(logits, labels, others, labels)
    exits.check_apart(logits, labels, logits[:49], labels[:49])


def test_impossible_wishes_that_are_no_numbers_are_refused_too() -> None:
    front = exits.search(*traces(2, 50), COST[:2], POLICIES["margin"])
    with pytest.raises(ValueError, match="budget of nan"):
        front.within(float("nan"))
    with pytest.raises(ValueError, match="accuracy of nan"):
        front.at_least(float("nan"))
