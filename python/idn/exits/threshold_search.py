"""Thresholds from recorded logits: the whole Pareto front of accuracy against cost, and points on it.

Search on validation data, never on test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from idn._native import extension
from idn.exits.criterion import Entropy
from idn.exits.policy import Policy

__all__ = [
    "Front",
    "SearchData",
    "ThresholdPoint",
    "affordable_candidates",
    "check_apart",
    "rounded_up",
    "search",
    "steps",
]

MOST_STEPS = 2e11  # a few minutes on one core
_AFFORDABLE_STEPS = 2e10


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

    def within(self, budget: float, unit: str = "") -> ThresholdPoint:
        """Return the most accurate point whose mean cost is at most `budget`.

        :param unit: of the costs, for the message.
        :raises ValueError: if nothing is that cheap, naming the cheapest there is.
        """
        affordable = [point for point in self.points if point.cost <= budget]
        if not affordable:
            least = rounded_up(self.points[0].cost, 6)
            asked, cheapest = (f"{text} {unit}".strip() for text in (f"{budget:.12g}", least))
            raise ValueError(
                f"no thresholds meet a budget of {asked} per sample; the cheapest cost {cheapest}."
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
        best = (
            math.floor(100 * self.points[-1].accuracy) / 100
        )  # not rounded up: it must be met when asked for
        raise ValueError(f"no thresholds reach an accuracy of {accuracy:g} %; the best reach {best:g} %.")


@dataclass(frozen=True)
class SearchData:
    """What the searches in C++ take of samples: `scores` float64 (early exits, samples), `correct` uint8
    (exits, samples), `cost` float64 (exits,), and whether a high score is a reason to leave.
    """

    scores: NDArray[np.float64]
    correct: NDArray[np.uint8]
    cost: NDArray[np.float64]
    leaves_at_or_above: bool

    @classmethod
    def of(
        cls, logits: NDArray[np.float32], labels: NDArray[np.int64], cost: Sequence[float], policy: Policy
    ) -> SearchData:
        """Score recorded logits (samples, exits, classes) by the criterion and temperature of a policy.

        :raises ValueError: for shapes that disagree, or NaN.
        """
        if logits.ndim != 3 or labels.shape != logits.shape[:1] or len(cost) != logits.shape[1]:
            raise ValueError(
                f"logits {logits.shape}, labels {labels.shape} and {len(cost)} costs do not fit; expected "
                "(samples, exits, classes), (samples,) and one cost per exit."
            )
        exits = logits.shape[1]
        outputs = [torch.from_numpy(np.ascontiguousarray(logits[:, k])) for k in range(exits)]
        scores = [policy.scores(outputs[: k + 1]).double().numpy() for k in range(exits - 1)]
        return cls(
            np.stack(scores) if scores else np.empty((0, len(labels))),
            np.ascontiguousarray((logits.argmax(axis=2) == labels[:, None]).T, dtype=np.uint8),
            np.asarray(cost, dtype=np.float64),
            policy.leaves_at_or_above,
        )

    def arguments(self) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], bool]:
        """The same in the order in which the functions in C++ take it."""
        return self.scores, self.correct, self.cost, self.leaves_at_or_above


def search(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    cost: Sequence[float],
    policy: Policy,
    *,
    candidates_per_exit: int | None = None,
) -> Front:
    """Find the Pareto front over all thresholds of a criterion.

    Up to two early exits it is exact in well under a second for 10,000 samples: every score is tried as a
    threshold. Each further early exit multiplies the time by the number of samples, or by
    `candidates_per_exit`, quantiles of its scores.

    :param logits: (samples, exits, classes), of validation data.
    :param labels: (samples,).
    :param cost: what a sample costs that leaves at each exit, in any unit: operations, seconds, bytes.
    :param policy: the criterion and temperature; its own thresholds are not used.
    :param candidates_per_exit: at the early exits before the last two; 0 tries all scores, None as many as
        are searched within a minute.
    :raises ValueError: for shapes that disagree, NaN, or a search that would take many minutes.
    """
    if candidates_per_exit is not None and candidates_per_exit < 0:
        raise ValueError(f"candidates_per_exit is {candidates_per_exit}, expected 0 (all) or more.")
    data = SearchData.of(logits, labels, cost, policy)
    if candidates_per_exit is None:
        candidates_per_exit = affordable_candidates(policy.name, len(labels), logits.shape[1] - 1)
    found = extension.exits.pareto_front(*data.arguments(), candidates_per_exit, MOST_STEPS)
    # In nats a sample leaves strictly below: the next number up lets those at the threshold leave.
    strict = is_strict(policy)
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
        100 * float(data.correct[-1].mean()),
        float(cost[-1]),
    )


def rounded_up(value: float, digits: int = 4) -> str:
    """With so many digits, and no less: asking for what a message names must work."""
    if value <= 0:
        return "0"
    unit = 10.0 ** (math.floor(math.log10(value)) + 1 - digits)
    if unit >= 1:
        return str(math.ceil(value))
    text = f"{value:.{digits}g}"
    return text if float(text) >= value else f"{float(text) + unit:.{digits}g}"


def is_strict(policy: Policy) -> bool:
    """Whether a score equal to the threshold stays: of entropy in nats alone."""
    return isinstance(policy, Entropy) and not policy.normalized


def steps(criterion: str, samples: int, early: int, candidates_per_exit: int = 0) -> float:
    """How many steps a search takes at most: samples times the choices at all early exits but the last."""
    found = float(samples)
    for k in range(early - 1):
        # A criterion that counts exits has one score for each exit so far.
        scores = min(samples, k + 1) if criterion in ("patience", "vote") else samples
        if k + 2 < early and candidates_per_exit:
            scores = min(scores, candidates_per_exit)
        found *= scores + 1
    return found


def affordable_candidates(criterion: str, samples: int, early: int) -> int:
    """The most candidates per exit with which a search stays well below a minute, and at least 2.

    0, which is all, up to two early exits, and wherever else that is few enough.
    """
    if early <= 2 or steps(criterion, samples, early) <= _AFFORDABLE_STEPS:
        return 0
    low, high = 2, max(3, samples)
    while high - low > 1:
        middle = (low + high) // 2
        if steps(criterion, samples, early, middle) <= _AFFORDABLE_STEPS:
            low = middle
        else:
            high = middle
    return low


def check_apart(
    validation_logits: NDArray[np.float32],
    validation_labels: NDArray[np.int64],
    test_logits: NDArray[np.float32],
    test_labels: NDArray[np.int64],
) -> None:
    """Refuse test data that is the validation data: thresholds chosen on it would flatter themselves.

    :raises ValueError: where logits and labels are the same, sample by sample.
    """
    if np.array_equal(validation_labels, test_labels) and np.array_equal(validation_logits, test_logits):
        raise ValueError(
            f"the {len(test_labels)} validation and test samples are the same; choose thresholds on data held"
            " out of training, and test them on other data."
        )
