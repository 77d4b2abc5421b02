"""Every combination of given thresholds at once, as the BranchyNet paper of 2016 draws its curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from idn._native import extension
from idn.exits.policy import Policy
from idn.exits.threshold_search import SearchData, is_strict

__all__ = ["Grid", "grid"]


@dataclass(frozen=True, eq=False)
class Grid:
    """What every combination of thresholds comes to.

    `thresholds` are those given, a list for each early exit (None: never taken). `accuracy` (percent) and
    `cost` (mean per sample) are float64 with one axis per early exit, in the order given: `accuracy[i, j]` is
    of `thresholds[0][i]` and `thresholds[1][j]`. `exit_rates` (percent) has one more axis before them, of the
    exits.
    """

    thresholds: list[list[float | None]]
    accuracy: NDArray[np.float64]
    cost: NDArray[np.float64]
    exit_rates: NDArray[np.float64]


def grid(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    cost: Sequence[float],
    policy: Policy,
    thresholds: Sequence[Sequence[float | None]],
) -> Grid:
    """Evaluate every combination of the thresholds given, exactly as the policy itself would decide.

    Samples are counted once by the thresholds they pass, so the time hardly depends on their number.

    :param logits: (samples, exits, classes).
    :param labels: (samples,).
    :param cost: what a sample costs that leaves at each exit.
    :param policy: the criterion and temperature; its own thresholds are not used.
    :param thresholds: for each early exit those to try, in any order.
    :raises ValueError: for shapes that disagree, NaN, a threshold out of the criterion's range, an exit
        without thresholds, or more combinations than 256 MiB can count (about 22 million of three exits).
    """
    data = SearchData.of(logits, labels, cost, policy)
    given = [[None if one is None else float(one) for one in row] for row in thresholds]
    for threshold in (one for row in given for one in row if one is not None):
        policy.check_threshold(threshold)
    # In nats a sample leaves strictly below, here at or below: the next number down keeps the others.
    tried = [
        [float(np.nextafter(one, -np.inf)) if is_strict(policy) and one is not None else one for one in row]
        for row in given
    ]
    found = extension.exits.evaluate_grid(*data.arguments(), tried)
    shape, samples = [len(row) for row in given], len(labels)
    return Grid(
        given,
        (100 * found.correct.astype(np.float64) / samples).reshape(shape),
        (found.cost / samples).reshape(shape),
        (100 * found.leaving.astype(np.float64) / samples).reshape([len(cost), *shape]),
    )
