"""Thresholds chosen on validation data: the cheapest that keep the accuracy (section 3.4.2).

The text searches them on the test set; here validation data is held out, and the test split is never seen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from idn.experiment.evaluate import check_traces

if TYPE_CHECKING:
    from idn.exits import Policy

Thresholds = list[float | None]
MAX_VECTORS = 2_000_000
_CHUNK_BYTES = 64 << 20


@dataclass(frozen=True)
class Point:
    """Thresholds, and accuracy (percent) and mean MACs per sample on the data they were chosen on."""

    thresholds: Thresholds
    accuracy: float
    macs: float


@dataclass(frozen=True)
class Selection:
    """The chosen point, and the front: no other thresholds tried are both cheaper and as accurate."""

    chosen: Point
    front: list[Point]
    full_accuracy: float


def select(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    macs: Sequence[int],
    policy: Policy,
    *,
    candidates_per_exit: int,
    max_accuracy_drop: float,
) -> Selection:
    """Tries every combination of candidate thresholds.

    Candidates of an exit are quantiles of its validation scores, and never. Chosen is the least mean MACs
    (heads included) among those whose accuracy is at least the last exit's less `max_accuracy_drop`; of
    equally cheap ones the most accurate.

    :param logits: (samples, exits, classes), of validation data.
    :param labels: (samples,).
    :param macs: cumulative, one per exit, heads included.
    :param policy: the criterion; its own thresholds are not used.
    :param max_accuracy_drop: percentage points.
    :raises ValueError: if shapes disagree, or if there would be more than 2,000,000 combinations.
    """
    check_traces(logits, labels, macs)
    early = logits.shape[1] - 1
    tried = [candidates(logits, exit_index, policy, candidates_per_exit) for exit_index in range(early)]
    check_combinations([len(one) for one in tried], candidates_per_exit)
    leaves = [leaving(logits, exit_index, policy, tried[exit_index]) for exit_index in range(early)]
    correct = (logits.argmax(axis=2) == labels[:, None]).astype(np.float64)
    hits, cost = _combine(leaves, correct, np.asarray(macs, dtype=np.float64))
    full = float(correct[:, -1].sum())
    # Counts are whole numbers: the tolerance only absorbs the division by the number of samples.
    allowed = hits >= full - max_accuracy_drop / 100 * len(labels) - 1e-9
    order = np.lexsort((-hits, cost))

    def point(index: int) -> Point:
        where = np.unravel_index(index, [len(one) for one in tried]) if tried else ()
        return Point(
            [one[int(at)] for one, at in zip(tried, where, strict=True)],
            100 * float(hits[index]) / len(labels),
            float(cost[index]) / len(labels),
        )

    chosen = next(int(index) for index in order if allowed[index])
    return Selection(point(chosen), [point(index) for index in _front(order, hits)], 100 * full / len(labels))


def check_combinations(tried: Sequence[int], candidates_per_exit: int) -> None:
    """Refuses more combinations than a search can hold.

    :param tried: the number of candidates at each early exit.
    :raises ValueError: naming the number and the setting to lower.
    """
    vectors = math.prod(tried)
    if vectors > MAX_VECTORS:
        raise ValueError(
            f"{candidates_per_exit} candidates at each of {len(tried)} early exits are {vectors} "
            f"combinations, more than {MAX_VECTORS}; lower thresholds.candidates_per_exit"
        )


def candidates(
    logits: NDArray[np.float32], exit_index: int, policy: Policy, count: int
) -> list[float | None]:
    """The thresholds tried at one exit: never first, then quantiles of its scores that differ.

    For patience, which counts exits that agree: 0 to the number of exits before it.
    """
    if policy.name == "patience":
        return [None, *(float(agreeing) for agreeing in range(exit_index + 1))]
    import torch

    scores = policy.score(torch.from_numpy(np.ascontiguousarray(logits[:, exit_index])), exit_index).numpy()
    values = np.quantile(scores, np.linspace(0, 1, count), method="nearest")
    if getattr(policy, "normalized", True) is False:
        # In nats a sample leaves strictly below: the next number up lets those at the quantile leave.
        values = np.minimum(np.nextafter(values, np.inf), np.log(logits.shape[2]))
    return [None, *(float(value) for value in np.unique(values))]


def leaving(
    logits: NDArray[np.float32], exit_index: int, policy: Policy, tried: Sequence[float | None]
) -> NDArray[np.bool_]:
    """Which samples the policy itself would let out at one exit: (candidates, samples)."""
    import torch

    outputs = [torch.from_numpy(np.ascontiguousarray(logits[:, k])) for k in range(exit_index + 1)]
    before: Thresholds = [None] * exit_index
    return np.stack(
        [policy.with_thresholds([*before, one]).should_exit(outputs).numpy().astype(bool) for one in tried]
    )


def _combine(
    leaves: list[NDArray[np.bool_]], correct: NDArray[np.float64], macs: NDArray[np.float64]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Hits and cost summed over samples, of every combination, the last exit's candidates fastest."""
    samples, exits = correct.shape
    # A combination's value is a sum over samples, linear in who is still there: start from all going to the
    # end, and add what changes for those that leave at exit k.
    gain = np.stack([correct - correct[:, -1:], np.broadcast_to(macs - macs[-1], (samples, exits))])
    base = np.array([correct[:, -1].sum(), samples * macs[-1]])

    def below(there: NDArray[np.float64], k: int) -> NDArray[np.float64]:
        """(2, combinations of exits k and later) for every row of `there` (rows, samples), flattened."""
        if k == len(leaves):
            return np.zeros((2, len(there)))
        leave = leaves[k].astype(np.float64)
        here = np.stack([(there * gain[q, :, k]) @ leave.T for q in range(2)])  # (2, rows, candidates)
        if k == len(leaves) - 1:
            return here.reshape(2, -1)
        rows = max(1, _CHUNK_BYTES // (8 * samples * len(leave)))
        parts = []
        for start in range(0, len(there), rows):
            part = there[start : start + rows]
            rest = (part[:, None, :] * (1 - leave)[None]).reshape(-1, samples)
            parts.append(
                here[:, start : start + rows].reshape(2, -1, 1) + below(rest, k + 1).reshape(2, len(rest), -1)
            )
        return np.concatenate([part.reshape(2, -1) for part in parts], axis=1)

    total = base[:, None] + below(np.ones((1, samples)), 0)
    return np.rint(total[0]), total[1]


def _front(order: NDArray[np.intp], hits: NDArray[Any]) -> list[int]:
    """Indices of the points that no cheaper one equals in accuracy, the cheapest first."""
    ranked = hits[order]
    best_before = np.concatenate([[-np.inf], np.maximum.accumulate(ranked)[:-1]])
    return [int(index) for index in order[ranked > best_before]]
