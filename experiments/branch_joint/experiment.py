"""Tests a study of joint training against what sections 3.6.3 and 3.7 of the dissertation say of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from idn.experiment import published, study_tests
from idn.experiment.paired import exit_against_exit

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.experiment.study import StudyData
    from idn.report import RunData


def study_claims(study: StudyData) -> list[Comparison]:
    """Three claims; each compares runs that were trained for as many epochs."""
    claims, where = published.read(Path(__file__).parent)["claims"], f"on {study_tests.data_of(study)}"
    tested = study_tests.tested
    return [
        tested(
            f"{claims['cdl']} (at equal budgets of MACs), {where}",
            study,
            ["joint", "heads_only"],
            study_tests.better_along_the_front,
        ),
        tested(
            f"{claims['regularisation']} (on test, against as many epochs without them), {where}",
            study,
            ["joint", "trunk_longer"],
            _regularised,
        ),
        tested(
            f"{claims['gradients']} (first convolution against the deeper half of the layers), {where}",
            study,
            ["fresh_joint", "fresh_trunk"],
            _stronger_gradients,
        ),
    ]


def _regularised(joint: RunData, longer: RunData) -> study_tests.Outcome:
    """Passes if the main branch trained with its branches is right more often than trained as long without.

    On the same test samples, with the 95 % interval of the paired difference above zero.
    """
    difference = exit_against_exit(joint.trace("test"), longer.trace("test"), -1, -1)
    return difference.is_more, str(difference)


def _stronger_gradients(joint: RunData, alone: RunData) -> study_tests.Outcome:
    """Passes if branches make the first convolution's gradient larger, against that of the deeper layers.

    Both trunks start from the same weights, untrained. The gradient of a layer is the mean over all steps of
    the norm of its weight's; the deeper layers are the second half of the trunk's, by the geometric mean. No
    branch of this study reaches those, so more gradient everywhere does not pass.
    """
    shares = [_first_against_deeper(run) for run in (joint, alone)]
    if shares[0] is None or shares[1] is None:
        return None, "gradients were not recorded"
    saw = f"{shares[0]:.3g} of that of the deeper layers with branches, {shares[1]:.3g} without"
    return shares[0] > shares[1], saw


def _first_against_deeper(run: RunData) -> float | None:
    rows = [row["gradient_norms"] for row in run.metrics if row.get("gradient_norms")]
    names = [name for name in rows[0] if name.startswith("trunk.")] if rows else []
    if len(names) < 2:
        return None
    norms = [float(sum(row[name] for row in rows)) / len(rows) for name in names]
    deeper = norms[len(norms) // 2 :]
    if min(deeper) <= 0:
        return None
    return norms[0] / math.exp(sum(map(math.log, deeper)) / len(deeper))
