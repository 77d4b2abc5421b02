"""The exact Pareto front over thresholds, three exits and 10,000 samples, against a vectorised numpy search.

Numpy sweeps the second exit's thresholds with a cumulative sum for each threshold of the first. Both try
every score as a threshold: 10^8 vectors. One thread. Targets: under a second; 10^8 decisions a second.
"""

from __future__ import annotations

import json
import time

import numpy as np
import torch
from side_by_side import arguments, compare, show

from idn import exits

SAMPLES = 10_000
COST = np.array([17.0, 21.0, 30.0])


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
    found: dict[str, int] = {}

    def ours() -> float:
        start = time.perf_counter()
        found["ours"] = len(exits.search(logits, labels, COST.tolist(), policy).points)
        return time.perf_counter() - start

    def theirs() -> float:
        start = time.perf_counter()
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
        found["theirs"] = int((best < np.append(best[1:], np.inf)).sum())
        return time.perf_counter() - start

    result = compare(ours, theirs, options.repeats)
    assert found["ours"] == found["theirs"], found
    show("exact threshold search, 3 exits x 10,000 samples", result, "s", "under 1 s", as_json=options.json)
    decisions = SAMPLES * (SAMPLES + 1.0) ** 2 / result["ours"]
    print(
        json.dumps({"decisions_per_second": decisions}) if options.json else f"  {decisions:.3g} decisions/s"
    )


if __name__ == "__main__":
    main()
