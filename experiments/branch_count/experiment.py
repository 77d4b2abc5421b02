"""Tests a study of two against three branches against section 3.6.2 and Figure 3.10 of the dissertation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from idn.experiment import published, study_tests
from idn.experiment.fronts import Cost, exit_costs, trade_off
from idn.experiment.paired import check_same_samples, paired
from idn.report.format import macs

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.experiment.study import StudyData
    from idn.report import RunData


def study_claims(study: StudyData) -> list[Comparison]:
    """The published claim, of measured time and of MACs."""
    claim, data = published.read(Path(__file__).parent)["claims"]["range"], study_tests.data_of(study)
    return [
        study_tests.tested(
            f"{claim} (by {unit}), on {data}", study, ["three", "two"], partial(_wider, cost=cost)
        )
        for cost, unit in study_tests.UNITS.items()
    ]


def _wider(three: RunData, two: RunData, cost: Cost) -> study_tests.Outcome:
    """Passes if the front of three branches spans more, both of accuracy and of cost.

    Fronts are searched on validation data and reach from their cheapest thresholds to their most accurate
    ones; what lies between these two is measured on test. Of accuracy, the 95 % interval of how much more it
    is, on the same samples, lies above zero; the cost simply spans more.
    """
    found = []
    for run in (three, two):
        costs = exit_costs(run, cost)
        if costs is None:
            return None, study_tests.NOT_TIMED
        found.append(trade_off(run, costs))
    check_same_samples(found[0].test, found[1].test)
    ends = [(one.cheapest, one.best) for one in found]
    gains = [best.right.astype(np.float64) - cheapest.right for cheapest, best in ends]
    spans = [best.cost - cheapest.cost for cheapest, best in ends]
    wider = paired(gains[0] - gains[1])
    saw = "; ".join(
        f"{name}: {cheapest.accuracy:.2f} to {best.accuracy:.2f} % for "
        f"{_words(cheapest.cost, cost)} to {_words(best.cost, cost)}"
        for name, (cheapest, best) in zip(("three", "two"), ends, strict=True)
    )
    return wider.is_more and spans[0] > spans[1], f"{saw}; range of accuracy wider by {wider}"


def _words(value: float, cost: Cost) -> str:
    return macs(value) if cost == "macs" else f"{value:.2f} of the trunk's time"
