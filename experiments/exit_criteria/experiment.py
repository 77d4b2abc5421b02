"""Tests a study of exit criteria on one network against section 3.5.2 and Figure 3.7 of the dissertation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from idn.experiment import published, study_tests

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.experiment.study import StudyData


def study_claims(study: StudyData) -> list[Comparison]:
    """The published claim at equal budgets, of measured time and of MACs.

    The other criteria of the study were not published here, so nothing is claimed of them.
    """
    claim, data = published.read(Path(__file__).parent)["claims"]["confidence"], study_tests.data_of(study)
    return [
        study_tests.tested(
            f"{claim} (by {unit}), on {data}",
            study,
            ["confidence", "entropy"],
            partial(study_tests.better_along_the_front, cost=cost),
        )
        for cost, unit in study_tests.UNITS.items()
    ]
