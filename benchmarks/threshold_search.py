"""Thresholds of three exits on 10,000 samples, against numpy on the same scores. One thread.

The exact Pareto front: every score is tried as a threshold, 10^8 vectors; numpy sweeps the second exit's
thresholds with a cumulative sum for each of the first. Target: under a second.

A full grid, as the BranchyNet paper of 2016 draws it: 101 x 101 thresholds; numpy loops over them and decides
for all samples at once. Scoring the logits counts on our side alone. Target: 10^8 decisions (a sample at a
vector of thresholds) a second.
"""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from side_by_side import arguments, compare, show

from idn import exits

SAMPLES = 10_000
COST = np.array([17.0, 21.0, 30.0])
GRID: list[float | None] = np.linspace(0, 1, 101).tolist()


def main() -> None:
    options = arguments(__doc__, repeats=5)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, SAMPLES)
    logits = rng.normal(size=(SAMPLES, 3, 10)).astype(np.float32)
    for k in range(3):
        logits[np.arange(SAMPLES), k, labels] += 1 + k
    policy = exits.Confidence([])
    scores = [policy.score(torch.from_numpy(logits[:, k].copy())).numpy() for k in range(2)]
    correct = logits.argmax(axis=2) == labels[:, None]
    found: dict[str, Any] = {}

    def our_front() -> float:
        start = time.perf_counter()
        found["ours"] = len(exits.search(logits, labels, COST.tolist(), policy).points)
        return time.perf_counter() - start

    def their_front() -> float:
        start = time.perf_counter()
        found["theirs"] = front_in_numpy(scores, correct)
        return time.perf_counter() - start

    result = compare(our_front, their_front, options.repeats)
    assert found["ours"] == found["theirs"], found
    title = f"exact threshold search, 3 exits x {SAMPLES} samples"
    show_decisions(title, result, (SAMPLES + 1.0) ** 2, "under 1 s", as_json=options.json)

    def our_grid() -> float:
        start = time.perf_counter()
        found["ours"] = exits.grid(logits, labels, COST.tolist(), policy, [GRID, GRID]).accuracy
        return time.perf_counter() - start

    def their_grid() -> float:
        start = time.perf_counter()
        found["theirs"] = grid_in_numpy(scores, correct)
        return time.perf_counter() - start

    result = compare(our_grid, their_grid, options.repeats)
    np.testing.assert_allclose(found["ours"], found["theirs"])
    title = f"grid of 101 x 101 thresholds, 3 exits x {SAMPLES} samples"
    show_decisions(title, result, 101.0**2, "1e8 decisions/s", as_json=options.json)


def show_decisions(title: str, result: dict[str, Any], vectors: float, target: str, *, as_json: bool) -> None:
    """Shows a comparison of seconds, and how many decisions a second ours are."""
    result["decisions_per_second"] = SAMPLES * vectors / result["ours"]
    show(title, result, "s", target, as_json=as_json)
    if not as_json:
        print(f"  {result['decisions_per_second']:.3g} decisions/s")


def front_in_numpy(scores: list[NDArray[np.float64]], correct: NDArray[np.bool_]) -> int:
    """How many points are on the front."""
    first, second = (np.argsort(-score, kind="stable") for score in scores)
    rank = np.empty(SAMPLES, dtype=np.int64)
    rank[first] = np.arange(SAMPLES)
    gain = correct[second, 1].astype(np.int64) - correct[second, 2]
    rank_in_second = rank[second]
    cheapest = np.full(SAMPLES + 1, np.inf)
    hits_before = np.concatenate([[0], np.cumsum(correct[first, 0].astype(np.int64) - correct[first, 2])])
    for left in range(SAMPLES + 1):
        there = gain[rank_in_second >= left]
        hits = correct[:, 2].sum() + hits_before[left] + np.concatenate([[0], np.cumsum(there)])
        cost = SAMPLES * COST[2] + left * (COST[0] - COST[2]) + np.arange(len(hits)) * (COST[1] - COST[2])
        np.minimum.at(cheapest, hits, cost)
    best = np.minimum.accumulate(cheapest[::-1])[::-1]
    return int((best < np.append(best[1:], np.inf)).sum())


def grid_in_numpy(scores: list[NDArray[np.float64]], correct: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The accuracy in percent at every combination; the cost and exit rates follow from the same masks."""
    accuracy = np.empty((len(GRID), len(GRID)))
    cost = np.empty_like(accuracy)
    for (i, first), (j, second) in itertools.product(enumerate(GRID), enumerate(GRID)):
        at_first = scores[0] >= first
        at_second = ~at_first & (scores[1] >= second)
        at_last = ~at_first & ~at_second
        right = (at_first & correct[:, 0]) | (at_second & correct[:, 1]) | (at_last & correct[:, 2])
        accuracy[i, j] = 100 * right.mean()
        leaving = np.array([at_first.sum(), at_second.sum(), at_last.sum()])
        cost[i, j] = leaving @ COST / SAMPLES
    return accuracy


if __name__ == "__main__":
    main()
