"""Two answers to the same test samples: how much more often one is right than the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from idn.experiment.comparison import Z_95, wilson

if TYPE_CHECKING:
    from idn.store import Trace


@dataclass(frozen=True)
class Difference:
    """A mean difference in percentage points, with its 95 % interval over test samples.

    The interval says nothing of the training: another seed gives other networks.
    """

    points: float
    low: float
    high: float

    @property
    def is_more(self) -> bool:
        """Whether it is above zero with 95 % confidence."""
        return self.low > 0

    def __str__(self) -> str:
        return f"{self.points:+.2f} points ({self.low:+.2f} to {self.high:+.2f})"


def paired(gains: NDArray[np.float64]) -> Difference:
    """The mean of what each test sample gains, with the interval of Agresti and Min.

    They add half a sample to each cell of the two-by-two table, so that a handful of samples that differ
    proves nothing: at least five must, all in one direction. Source: Agresti, Min, "Simple improved
    confidence intervals for comparing matched proportions", Statistics in Medicine 24, 2005. Here a gain may
    be a fraction too, the mean over several comparisons of the same sample.

    :param gains: (samples,), such as right(a) - right(b), each -1, 0 or 1.
    :raises ValueError: without samples, or for another shape.
    """
    if gains.ndim != 1 or len(gains) == 0:
        raise ValueError(f"gains have shape {gains.shape}, expected (samples,) with at least one sample")
    samples = len(gains) + 2
    mean = float(gains.sum()) / samples
    variance = (float((gains**2).sum()) + 1) / samples - mean**2
    half = Z_95 * math.sqrt(variance / samples)
    return Difference(100 * float(gains.mean()), 100 * (mean - half), 100 * (mean + half))


def right_answers(trace: Trace) -> NDArray[np.bool_]:
    """Whether each exit is right on each sample: (samples, exits)."""
    right: NDArray[np.bool_] = trace.logits.argmax(axis=2) == trace.labels[:, None]
    return right


def accuracy(right: NDArray[np.bool_]) -> tuple[float, tuple[float, float]]:
    """The accuracy of one exit in percent, and its 95 % interval (Wilson).

    :param right: (samples,), a column of `right_answers`.
    """
    count = int(right.sum())
    return 100 * count / len(right), wilson(count, len(right))


def exit_against_exit(first: Trace, second: Trace, one: int, other: int) -> Difference:
    """How much more often exit `one` of the first network is right than exit `other` of the second.

    :raises ValueError: as `check_same_samples`.
    """
    check_same_samples(first, second)
    return paired(
        right_answers(first)[:, one].astype(np.float64) - right_answers(second)[:, other].astype(np.float64)
    )


def check_same_samples(first: Trace, second: Trace) -> None:
    """Refuses traces of different samples, or in another order.

    :raises ValueError: naming how many there are of each.
    """
    if not (np.array_equal(first.index, second.index) and np.array_equal(first.labels, second.labels)):
        raise ValueError(
            f"the traces are of other samples ({len(first.labels)} and {len(second.labels)}); "
            "compare runs on the same split of the same data"
        )
