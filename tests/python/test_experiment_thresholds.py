"""Threshold search against a search that tries one combination after the other with the policy itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from idn import exits
from idn.experiment import thresholds

Traces = tuple[NDArray[np.float32], NDArray[np.int64]]
MACS = [10, 25, 45, 70]
POLICIES = {
    "confidence": exits.Confidence([]),
    "entropy": exits.Entropy([]),
    "nats": exits.Entropy([], normalized=False),
    "margin": exits.Margin([], temperature=2.0),
    "patience": exits.Patience([]),
}


def traces(exit_count: int, samples: int = 120, seed: int = 0) -> Traces:
    """Logits that are right more often, and surer, the later the exit."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, samples)
    logits = rng.normal(size=(samples, exit_count, 5))
    for index in range(exit_count):
        logits[np.arange(samples), index, labels] += 1 + index
    return logits.astype(np.float32), labels


def slow(logits: NDArray[np.float32], labels: NDArray[np.int64], policy: exits.Policy) -> tuple[float, float]:
    """Accuracy in percent and mean MACs, one sample and one exit at a time."""
    hits, cost = 0, 0
    for sample, label in zip(logits, labels, strict=True):
        for index in range(logits.shape[1]):
            outputs = [torch.from_numpy(sample[None, k]) for k in range(index + 1)]
            if index == logits.shape[1] - 1 or bool(policy.should_exit(outputs)[0]):
                hits += int(sample[index].argmax() == label)
                cost += MACS[index]
                break
    return 100 * hits / len(labels), cost / len(labels)


def search(
    logits: NDArray[np.float32], labels: NDArray[np.int64], policy: exits.Policy, count: int, drop: float
) -> thresholds.Selection:
    return thresholds.select(
        logits, labels, MACS[: logits.shape[1]], policy, candidates_per_exit=count, max_accuracy_drop=drop
    )


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize(("exit_count", "count"), [(2, 6), (3, 4), (4, 2)])
def test_the_search_finds_what_trying_everything_finds(name: str, exit_count: int, count: int) -> None:
    logits, labels = traces(exit_count, samples=60)
    found = search(logits, labels, POLICIES[name], count, drop=2.0)
    tried = [thresholds.candidates(logits, k, POLICIES[name], count) for k in range(exit_count - 1)]
    points = {
        vector: slow(logits, labels, POLICIES[name].with_thresholds(list(vector)))
        for vector in itertools.product(*tried)
    }
    full = points[(None,) * (exit_count - 1)][0]
    assert found.full_accuracy == pytest.approx(full)
    allowed = [point for point in points.values() if point[0] >= full - 2.0]
    cheapest = min(macs for _, macs in allowed)
    best = max(accuracy for accuracy, macs in allowed if macs == pytest.approx(cheapest))
    # Sums of whole numbers divided by the number of samples, in another order: a few last bits.
    assert (found.chosen.accuracy, found.chosen.macs) == pytest.approx((best, cheapest), rel=1e-12)
    assert points[tuple(found.chosen.thresholds)] == pytest.approx((best, cheapest), rel=1e-12)


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_tried_beats_a_point_of_the_front(name: str) -> None:
    logits, labels = traces(3, samples=60)
    found = search(logits, labels, POLICIES[name], 4, drop=0.0)
    tried = [thresholds.candidates(logits, k, POLICIES[name], 4) for k in range(2)]
    points = [
        slow(logits, labels, POLICIES[name].with_thresholds(list(vector)))
        for vector in itertools.product(*tried)
    ]
    assert [point.macs for point in found.front] == sorted(point.macs for point in found.front)
    for point in found.front:
        assert not [p for p in points if p[0] > point.accuracy + 1e-9 and p[1] <= point.macs + 1e-9]
        assert not [p for p in points if p[0] >= point.accuracy - 1e-9 and p[1] < point.macs - 1e-9]
    assert found.front[-1].accuracy == pytest.approx(max(accuracy for accuracy, _ in points))


def test_many_combinations_are_searched_in_pieces_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logits, labels = traces(4)
    whole = search(logits, labels, POLICIES["entropy"], 5, drop=1.0)
    monkeypatch.setattr(thresholds, "_CHUNK_BYTES", 1)
    assert search(logits, labels, POLICIES["entropy"], 5, drop=1.0) == whole


def test_accuracy_is_kept_when_none_may_be_lost() -> None:
    logits, labels = traces(3)
    found = search(logits, labels, POLICIES["confidence"], 20, drop=0.0)
    assert found.chosen.accuracy >= found.full_accuracy
    assert found.chosen.macs <= MACS[2]


def test_everybody_may_leave_at_once_when_any_accuracy_will_do() -> None:
    logits, labels = traces(3)
    for policy in POLICIES.values():
        assert search(logits, labels, policy, 5, drop=100.0).chosen.macs == MACS[0]


def test_of_equally_cheap_thresholds_the_most_accurate_are_chosen() -> None:
    labels = np.arange(20) % 5
    sure = np.eye(5, dtype=np.float32) * 9
    logits = np.stack([sure[(labels + 1) % 5], sure[labels], sure[labels]], axis=1)  # exit 1 is always wrong
    found = thresholds.select(
        logits, labels, [10, 10, 30], POLICIES["confidence"], candidates_per_exit=3, max_accuracy_drop=100.0
    )
    assert (found.chosen.accuracy, found.chosen.macs) == (100.0, 10.0)
    assert found.chosen.thresholds[0] is None
    assert [point.accuracy for point in found.front] == [100.0]


def test_a_network_without_early_exits_has_nothing_to_choose() -> None:
    logits, labels = traces(1)
    found = search(logits, labels, POLICIES["entropy"], 5, drop=0.0)
    assert found.chosen.thresholds == []
    assert found.chosen.macs == MACS[0]
    assert len(found.front) == 1


def test_scores_that_are_all_equal_give_one_candidate_and_never() -> None:
    logits = np.zeros((10, 2, 5), dtype=np.float32)
    assert len(thresholds.candidates(logits, 0, POLICIES["nats"], 8)) == 2


def test_too_many_combinations_are_refused_before_they_are_tried() -> None:
    logits, labels = traces(4, samples=200)
    with pytest.raises(ValueError, match="200 candidates at each of 3 early exits are 8120601 combinations"):
        search(logits, labels, POLICIES["entropy"], 200, drop=0.0)


def test_shapes_that_disagree_are_refused_with_both() -> None:
    logits, labels = traces(3)
    with pytest.raises(ValueError, match=r"\(120, 3, 5\).*\(119,\)"):
        search(logits, labels[:-1], POLICIES["entropy"], 4, drop=0.0)
    with pytest.raises(ValueError, match="no samples"):
        search(logits[:0], labels[:0], POLICIES["entropy"], 4, drop=0.0)
