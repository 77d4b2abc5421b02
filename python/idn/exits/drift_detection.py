"""Whether live answers still look like those on the validation data that a policy was chosen on.

Two questions, each a test of homogeneity between two samples: do as many samples leave at each exit, and are
those that leave there as sure. Both compare counts, validation's beside the live ones, by Pearson's
chi-squared statistic. Its p-value is that of the permutation test: under the hypothesis that all samples come
from one source, which of them were the live ones is a matter of chance, so given the sums of the table the
live counts are a draw without replacement (multivariate hypergeometric), and the p-value is the share of such
draws that are as extreme. That holds for small counts too, where the chi-squared distribution does not.

With several tests one is more often extreme by chance: p-values are adjusted by Holm's method, so that the
chance of a false alarm is at most the significance, over all of them together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from idn._words import counted
from idn.exits.policy_file import PolicyFile

__all__ = ["ConfidenceShift", "Drift", "ExitRate", "detect_drift"]

MOST_DRAWS = 1_000_000
LEAST_SIGNIFICANCE = 1e-4


@dataclass(frozen=True)
class ExitRate:
    """How many leave at an exit, in percent: on the validation data, and now.

    `moved` is the difference in standard errors, positive where more leave now.
    """

    exit: int
    expected: float
    found: float
    moved: float


@dataclass(frozen=True)
class ConfidenceShift:
    """How sure the samples are that leave at an exit.

    `below_median` is how many of the live ones, in percent, are less sure than the validation's middle one
    (which half of those were), None where there are none to compare. `samples` is how many live ones there
    are; the p-value is adjusted.
    """

    exit: int
    samples: int
    below_median: float | None
    p_value: float


@dataclass(frozen=True)
class Drift:
    """What a comparison found. `rates_p_value` is of all exit rates together, adjusted."""

    samples: int
    significance: float
    rates: list[ExitRate]
    rates_p_value: float
    confidences: list[ConfidenceShift]

    @property
    def rates_moved(self) -> bool:
        """Whether the exit rates differ by more than chance."""
        return self.rates_p_value <= self.significance

    @property
    def exits_less_alike(self) -> list[int]:
        """The exits whose confidences differ by more than chance, from 0."""
        return [one.exit for one in self.confidences if one.p_value <= self.significance]

    @property
    def found(self) -> bool:
        """Whether anything differs by more than chance."""
        return self.rates_moved or bool(self.exits_less_alike)

    @property
    def most_moved(self) -> ExitRate:
        """The exit whose rate is farthest from what was expected, in standard errors."""
        return max(self.rates, key=lambda one: abs(one.moved))

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, with `drift` and `rates_moved`."""
        return {"drift": self.found, "rates_moved": self.rates_moved, **asdict(self)}


def detect_drift(
    policy: PolicyFile,
    exits: NDArray[np.int64],
    confidences: NDArray[np.float64] | None = None,
    *,
    significance: float = 0.01,
    seed: int = 0,
) -> Drift:
    """Compare live answers with what a policy file says of its validation data.

    :param exits: (samples,), where each sample left, from 0.
    :param confidences: (samples,), in [0, 1]; compared where the file holds validation's. None compares exit
        rates alone.
    :param significance: how often an alarm may be false where nothing drifted, from 0.0001 to 0.5.
    :param seed: of the permutations.
    :raises ValueError: for no samples, values out of range, or arrays that do not fit.
    """
    _check(policy, exits, confidences, significance)
    random = np.random.default_rng(seed)
    seen = policy.validation
    before = np.rint(np.asarray(seen.exit_rates) / 100 * seen.samples).astype(np.int64)
    now = np.bincount(exits, minlength=policy.exits)
    histograms = [] if confidences is None else seen.confidences or []
    # So many that the least p-value they can give stays below the significance when it is adjusted.
    draws = min(MOST_DRAWS, math.ceil(20 * (1 + len(histograms)) / significance)) - 1
    p_values = [permutation_p_value(before, now, draws, random)]
    shifts = []
    for k, histogram in enumerate(histograms):
        assert confidences is not None
        sure = confidences[exits == k]
        p_values.append(
            permutation_p_value(np.asarray(histogram.counts), histogram.count(sure), draws, random)
        )
        comparable = len(sure) > 0 and histogram.median is not None
        shifts.append((k, len(sure), 100 * float(np.mean(sure < histogram.median)) if comparable else None))
    adjusted = holm(p_values)
    return Drift(
        samples=len(exits),
        significance=significance,
        rates=_rates(before, now),
        rates_p_value=adjusted[0],
        confidences=[ConfidenceShift(*one, p) for one, p in zip(shifts, adjusted[1:], strict=True)],
    )


def permutation_p_value(
    before: NDArray[np.int64], now: NDArray[np.int64], draws: int, random: np.random.Generator
) -> float:
    """How probably two rows of counts are as far apart as these if both come from one source.

    :param before: (cells,), counts of one sample.
    :param now: (cells,), of the other.
    :param draws: how many permutations are tried; the p-value is a multiple of 1 / (draws + 1).
    :returns: in (0, 1]; 1 where a row or all but one cell is empty, which says nothing.
    """
    together = before + now
    both, live = int(together.sum()), int(now.sum())
    if live in (0, both) or np.count_nonzero(together) < 2:
        return 1.0
    together, now = together[together > 0], now[before + now > 0]
    drawn = random.multivariate_hypergeometric(together, live, size=draws, method="marginals")
    # Given the sums, chi-squared is this times a constant.
    expected = together * (live / both)
    far = ((now - expected) ** 2 / together).sum()
    others = ((drawn - expected) ** 2 / together).sum(axis=1)
    return float(1 + np.count_nonzero(others >= far * (1 - 1e-12))) / (draws + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values so that the least of them at or below a level is as rare as one alone would be.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    order = np.argsort(p_values, kind="stable")
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _rates(before: NDArray[np.int64], now: NDArray[np.int64]) -> list[ExitRate]:
    """Each exit's rate beside its expectation, and the difference of two shares in standard errors."""
    first, second = int(before.sum()), int(now.sum())
    found = []
    for k, (a, b) in enumerate(zip(before.tolist(), now.tolist(), strict=True)):
        pooled = (a + b) / (first + second)
        error = np.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second))
        moved = float((b / second - a / first) / error) if error > 0 else 0.0
        found.append(ExitRate(k, 100 * a / first, 100 * b / second, moved))
    return found


def _check(
    policy: PolicyFile,
    exits: NDArray[np.int64],
    confidences: NDArray[np.float64] | None,
    significance: float,
) -> None:
    if not LEAST_SIGNIFICANCE <= significance <= 0.5:
        raise ValueError(
            f"significance is {significance}, expected a number from {LEAST_SIGNIFICANCE} to 0.5."
        )
    if exits.ndim != 1 or len(exits) == 0 or not np.issubdtype(exits.dtype, np.integer):
        raise ValueError(
            f"exits have shape {exits.shape} and type {exits.dtype}, expected integers (samples,) of one "
            "sample at least."
        )
    if exits.min() < 0 or exits.max() >= policy.exits:
        wrong = int(exits.min() if exits.min() < 0 else exits.max())
        raise ValueError(
            f"an exit is {wrong}, but the policy is for {counted(policy.exits, 'exit')}: they count from 0."
        )
    if confidences is None:
        return
    if confidences.shape != exits.shape:
        raise ValueError(f"confidences have shape {confidences.shape}, exits {exits.shape}; give one each.")
    if not ((confidences >= 0) & (confidences <= 1)).all():
        raise ValueError("a confidence is NaN or outside 0 to 1.")
