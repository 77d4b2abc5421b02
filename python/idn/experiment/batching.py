"""Batches on the engine: what it is worth to drop the samples that left before the next segment runs.

For each batch size, thresholds of the first early exit let a row of shares leave there and nobody later. Each
is run with the three ways of compaction, against the same engine where nobody leaves.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from idn import exits
from idn.engine import Engine
from idn.graph import Graph

if TYPE_CHECKING:
    from idn.experiment.schema import BatchingConfig
    from idn.store import Trace

Clock = Callable[[], float]
WAYS: tuple[Literal["always", "auto", "never"], ...] = ("always", "auto", "never")


def measure(
    graph: Graph,
    policy: exits.Policy,
    validation: Trace,
    images: torch.Tensor,
    config: BatchingConfig,
    *,
    clock: Clock = time.perf_counter,
) -> list[dict[str, Any]]:
    """Time the engine over batch sizes and shares that leave at exit 1.

    Of each batch all are run in turns, in another order in each repeat, so that a slow moment of the machine
    meets all. Ratios are of the times of one batch in one repeat; of these the median over
    repeats counts, in the mean over batches.

    *Ideal* is the time by shares: of those who leave, that of the same batch where everybody leaves at exit
    1, and of the others, that where nobody leaves.

    :param policy: whose rule decides; its thresholds are chosen anew on validation data.
    :param validation: what the network answered there.
    :param images: (samples, ...), normalised, on the graph's device, from which batches are cut in order.
    :returns: for each batch size `batch`, `batches`, `nobody_ms` and `everybody_ms` (per sample), and
        `shares`: for each asked share `asked` and `left`, what left at exit 1 of the timed samples, in
        percent, `ideal`, and for each way of compaction `time`, all in units of the time where nobody
        leaves, `to_ideal`, and `spread`, the quartiles of `time` over repeats.
    :raises ValueError: for a network without an early exit, or more samples asked for than there are.
    """
    early = len(graph.exits) - 1
    if early < 1:
        raise ValueError("the network has no early exit, so nobody can leave a batch before its end")
    if max(config.batch_sizes) > len(images):
        raise ValueError(
            f"a batch of {max(config.batch_sizes)} was asked for, and there are {len(images)} samples"
        )
    scores = policy.scores([torch.from_numpy(validation.logits[:, 0])]).numpy()
    limits = [_limit(policy, scores, share) for share in config.leave]
    nobody = Engine(graph, _at_first(policy, None, early), compaction="never")
    everybody = Engine(graph, _at_first(policy, _limit(policy, scores, None), early), compaction="always")
    engines = [nobody, everybody]
    for limit in limits:
        engines += [Engine(graph, _at_first(policy, limit, early), compaction=way) for way in WAYS]
    found = []
    for size in config.batch_sizes:
        count = max(1, min(config.samples, len(images)) // size)
        batches = [images[index * size : (index + 1) * size] for index in range(count)]
        times, left = _times(engines, batches, config.repeats, clock)
        found.append(_described(config.leave, size, times, left))
    return found


def _limit(policy: exits.Policy, scores: NDArray[np.float64], share: float | None) -> float | None:
    """The threshold at which a share of the scores, in percent, leaves; at None, everybody does."""
    if share == 0:
        return None
    ranked = np.sort(scores)[::-1] if policy.leaves_at_or_above else np.sort(scores)
    if share is None:
        # Further than any score of these, within what the criterion allows.
        return 0.0 if policy.leaves_at_or_above else float(ranked[-1]) + 10.0
    last = min(len(ranked) - 1, round(len(ranked) * share / 100))
    return float(ranked[last])


def _at_first(policy: exits.Policy, limit: float | None, early: int) -> exits.Policy:
    return policy.with_thresholds([limit] + [None] * (early - 1))


def _times(
    engines: Sequence[Engine], batches: Sequence[torch.Tensor], repeats: int, clock: Clock
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds (engines, batches, repeats), and the share that left at exit 1 (engines, batches)."""
    times = np.empty((len(engines), len(batches), repeats))
    left = np.empty(times.shape[:2])
    orders = np.random.default_rng(0)
    for place, batch in enumerate(batches):
        for index, engine in enumerate(engines):  # and everything is warm
            left[index, place] = float((engine(batch).exits == 0).double().mean())
        for repeat in range(repeats):
            for index in orders.permutation(len(engines)):
                started = clock()
                engines[index](batch)
                times[index, place, repeat] = clock() - started
    return times, left


def _described(
    leave: Sequence[float], size: int, times: NDArray[np.float64], left: NDArray[np.float64]
) -> dict[str, Any]:
    nobody, everybody = times[0], times[1]
    shares = []
    for number, asked in enumerate(leave):
        first = 2 + number * len(WAYS)
        share = left[first][:, None]
        ideal = share * everybody / nobody + 1 - share
        entry: dict[str, Any] = {
            "asked": asked,
            "left": 100 * float(share.mean()),
            "ideal": _typical(ideal),
        }
        for offset, way in enumerate(WAYS):
            ratio = times[first + offset] / nobody
            entry[way] = {
                "time": _typical(ratio),
                "to_ideal": _typical(ratio / ideal),
                "spread": np.quantile(ratio, [0.25, 0.75], axis=1).mean(axis=1).tolist(),
            }
        shares.append(entry)
    return {
        "batch": size,
        "batches": times.shape[1],
        "nobody_ms": 1000 * _typical(nobody) / size,
        "everybody_ms": 1000 * _typical(everybody) / size,
        "shares": shares,
    }


def _typical(values: NDArray[np.float64]) -> float:
    """The median over repeats, in the mean over batches: of values (batches, repeats)."""
    return statistics.fmean(np.median(values, axis=1).tolist())
