"""Thresholds from recorded logits: the whole Pareto front of accuracy against cost, and points on it.

Search on validation data, never on test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from idn._native import extension
from idn.exits.criterion import Entropy, Policy

__all__ = ["Front", "ThresholdPoint", "search"]


@dataclass(frozen=True)
class ThresholdPoint:
    """Thresholds (None: never taken), and accuracy (percent) and mean cost on the data searched."""

    thresholds: list[float | None]
    accuracy: float
    cost: float


@dataclass(frozen=True)
class Front:
    """The best that can be had, the cheapest first: no thresholds are both as cheap and as accurate.

    `full_accuracy` and `full_cost` are those of the last exit answering everything.
    """

    points: list[ThresholdPoint]
    full_accuracy: float
    full_cost: float

    def within(self, budget: float) -> ThresholdPoint:
        """Return the most accurate point whose mean cost is at most `budget`.

        :raises ValueError: if nothing is that cheap, naming the cheapest there is.
        """
        affordable = [point for point in self.points if point.cost <= budget]
        if not affordable:
            raise ValueError(
                f"no thresholds meet a budget of {budget:g} per sample; the cheapest cost "
                f"{self.points[0].cost:g}."
            )
        return affordable[-1]

    def at_least(self, accuracy: float) -> ThresholdPoint:
        """Return the cheapest point with at least this accuracy in percent.

        :raises ValueError: if nothing is that accurate, naming the best there is.
        """
        for point in self.points:
            # Counts are whole numbers: the tolerance only absorbs the division by the number of samples.
            if point.accuracy >= accuracy - 1e-9:
                return point
        raise ValueError(
            f"no thresholds reach an accuracy of {accuracy:g} %; the best reach "
            f"{self.points[-1].accuracy:.4g} %."
        )


def search(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    cost: Sequence[float],
    policy: Policy,
    *,
    candidates_per_exit: int = 0,
) -> Front:
    """Find the Pareto front over all thresholds of a criterion.

    Up to two early exits it is exact in well under a second for 10,000 samples: every score is tried as a
    threshold. Each further early exit multiplies the time by the number of samples, or by
    `candidates_per_exit`, quantiles of its scores, where that is given.

    :param logits: (samples, exits, classes), of validation data.
    :param labels: (samples,).
    :param cost: what a sample costs that leaves at each exit, in any unit: operations, seconds, bytes.
    :param policy: the criterion and temperature; its own thresholds are not used.
    :raises ValueError: for shapes that disagree, NaN, or a search that would take minutes.
    """
    if logits.ndim != 3 or labels.shape != logits.shape[:1] or len(cost) != logits.shape[1]:
        raise ValueError(
            f"logits {logits.shape}, labels {labels.shape} and {len(cost)} costs do not fit; expected "
            "(samples, exits, classes), (samples,) and one cost per exit."
        )
    if candidates_per_exit < 0:
        raise ValueError(f"candidates_per_exit is {candidates_per_exit}, expected 0 (all) or more.")
    exits = logits.shape[1]
    outputs = [torch.from_numpy(np.ascontiguousarray(logits[:, k])) for k in range(exits)]
    scores = [policy.scores(outputs[: k + 1]).double().numpy() for k in range(exits - 1)]
    correct = np.ascontiguousarray((logits.argmax(axis=2) == labels[:, None]).T, dtype=np.uint8)
    found = extension.exits.pareto_front(
        np.stack(scores) if scores else np.empty((0, len(labels))),
        correct,
        np.asarray(cost, dtype=np.float64),
        policy.leaves_at_or_above,
        candidates_per_exit,
        2e10,
    )
    # In nats a sample leaves strictly below: the next number up lets those at the threshold leave.
    strict = isinstance(policy, Entropy) and not policy.normalized
    samples = len(labels)
    return Front(
        [
            ThresholdPoint(
                [
                    float(np.nextafter(one, np.inf)) if strict and one is not None else one
                    for one in point.thresholds
                ],
                100 * point.correct / samples,
                point.cost / samples,
            )
            for point in found
        ],
        100 * float(correct[-1].mean()),
        float(cost[-1]),
    )
