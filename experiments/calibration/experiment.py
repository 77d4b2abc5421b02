"""Tests a study of calibrated exits against section 3.4.3 of the dissertation.

Temperatures are fitted on validation data; how true confidence is, is measured on test.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from idn import exits
from idn.experiment import published, study_tests
from idn.experiment.evaluate import evaluate
from idn.experiment.fronts import TradeOff, compare, policy_of
from idn.experiment.paired import paired, right_answers
from idn.report.marks import front

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.experiment.study import StudyData
    from idn.report import RunData

COMMON_THRESHOLDS = 200


def study_claims(study: StudyData) -> list[Comparison]:
    """Three claims: confidence is too high, temperatures mend it, and thresholds are then easier."""
    claims, where = published.read(Path(__file__).parent)["claims"], f"on {study_tests.data_of(study)}"
    tested = study_tests.tested
    return [
        tested(
            f"{claims['overconfident']} (mean confidence of the last exit against its accuracy), {where}",
            study,
            ["uncalibrated"],
            _overconfident,
        ),
        tested(
            f"{claims['calibrated']} (expected calibration error on test, mean over exits), {where}",
            study,
            ["uncalibrated", "calibrated"],
            _calibrated,
        ),
        tested(
            f"{claims['thresholds']} (one threshold for all exits is more accurate at equal budgets of MACs "
            f"with calibration than without), {where}",
            study,
            ["calibrated", "uncalibrated"],
            _easier_thresholds,
        ),
    ]


def _overconfident(run: RunData) -> study_tests.Outcome:
    """Passes if the last exit is surer than it is right, on average over the test samples.

    The 95 % interval of the mean of confidence less hits lies above zero. The last exit is the network
    itself; the early ones are told too.
    """
    trace = run.trace("test")
    right = right_answers(trace).astype(np.float64)
    gaps = [paired(_confidence(trace.logits[:, index]) - right[:, index]) for index in range(right.shape[1])]
    saw = ", ".join(f"exit {index}: {gap}" for index, gap in enumerate(gaps, start=1))
    return gaps[-1].is_more, f"confidence less accuracy, {saw}"


def _calibrated(before: RunData, after: RunData) -> study_tests.Outcome:
    """Passes if the expected calibration error on test, in 15 bins, is lower in the mean over exits."""
    temperatures = policy_of(after).temperature
    trace = before.trace("test")
    count = trace.logits.shape[1]
    if not isinstance(temperatures, list) or len(temperatures) != count:
        return None, "no temperature for each exit"
    errors = np.array(
        [
            [100 * exits.reliability(trace.logits[:, k], trace.labels, one[k]).error for k in range(count)]
            for one in ([1.0] * count, temperatures)
        ]
    )
    saw = ", ".join(
        f"exit {k + 1}: {errors[0, k]:.2f} to {errors[1, k]:.2f} % at temperature {temperatures[k]:.2f}"
        for k in range(count)
    )
    return bool(errors[1].mean() < errors[0].mean()), saw


def _easier_thresholds(after: RunData, before: RunData) -> study_tests.Outcome:
    """Passes if one threshold for all exits does better at equal budgets with calibrated confidence.

    It is chosen on validation data for each budget; as `study_tests.better_along_the_front` otherwise.
    """
    if min(len(run.summary.exits) for run in (after, before)) < 2:
        return None, "no early exit"
    found = compare(with_common_threshold(after), with_common_threshold(before))
    return found.accuracy.is_more, str(found)


def with_common_threshold(run: RunData) -> TradeOff:
    """The trade-off of a run's criterion where all early exits have the same threshold.

    Tried are `COMMON_THRESHOLDS` quantiles of the scores of all early exits on validation data, and never.
    """
    import torch

    policy, trace = policy_of(run), run.trace("validation")
    costs = [exit_.macs for exit_ in run.summary.exits]
    outputs = [torch.from_numpy(trace.logits[:, k]) for k in range(len(costs))]
    scores = np.concatenate([policy.scores(outputs[: k + 1]).numpy() for k in range(len(costs) - 1)])
    steps = np.linspace(0, 1, COMMON_THRESHOLDS)
    tried = [*np.unique(np.quantile(scores, steps, method="lower")).tolist(), None]
    points = []
    for threshold in tried:
        thresholds = [threshold] * (len(costs) - 1)
        one = evaluate(
            trace.logits, trace.labels, [round(cost) for cost in costs], policy.with_thresholds(thresholds)
        )
        points.append(exits.ThresholdPoint(thresholds, one.accuracy, one.mean_macs))
    last = points[-1]
    best = [points[index] for index in front([(one.cost, one.accuracy) for one in points])]
    return TradeOff(exits.Front(best, last.accuracy, last.cost), policy, costs, run.trace("test"))


def _confidence(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    import torch

    scores: NDArray[np.float64] = exits.Confidence([]).scores([torch.from_numpy(logits)]).numpy()
    return scores
