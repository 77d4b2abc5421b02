"""Tests a study of suggested against hand-placed exits: what the guidelines of section 3.6.2 are good for."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from idn.experiment import published, study_tests
from idn.experiment.fronts import Cost

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.experiment.study import StudyData
    from idn.report import RunData

MARGIN = 1.0  # percentage points


def study_claims(study: StudyData) -> list[Comparison]:
    """Our own claim, at equal budgets of measured time and of MACs."""
    claim, data = published.read(Path(__file__).parent)["claims"]["suggested"], study_tests.data_of(study)
    return [
        study_tests.tested(
            f"{claim} (by {unit}, within {MARGIN:g} point), on {data}",
            study,
            ["suggested", "hand"],
            partial(_no_worse, cost=cost),
            ours=True,
        )
        for cost, unit in study_tests.UNITS.items()
    ]


def _no_worse(suggested: RunData, hand: RunData, cost: Cost) -> study_tests.Outcome:
    """Passes if suggested exits lose less than `MARGIN` at equal budgets, in the mean over budgets.

    The thresholds of both are chosen on validation data; the 95 % interval of the mean difference on the same
    test samples lies above minus `MARGIN`, so that too few samples to tell do not pass.
    """
    found = study_tests.at_equal_budgets(suggested, hand, cost)
    return (None, study_tests.NOT_TIMED) if found is None else (found.accuracy.low > -MARGIN, str(found))
