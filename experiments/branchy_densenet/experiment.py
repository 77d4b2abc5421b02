"""Tests a study of DenseNet with and without early exits against section 3.5.3 and Figure 3.9.

The number is tested only on the network, the data and the kind of machine it was published for; claims on
whatever the study used. The best-accuracy setting is the one most accurate on validation data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from idn.experiment import published, study_tests
from idn.experiment.comparison import Comparison, number
from idn.experiment.fronts import Outcome, exit_costs, trade_off
from idn.experiment.paired import check_same_samples, paired, right_answers

if TYPE_CHECKING:
    from idn.experiment.study import StudyData
    from idn.report import RunData


def study_claims(study: StudyData) -> list[Comparison]:
    """The speed-up at the best accuracy, and what is said of it."""
    setting = published.read(Path(__file__).parent)
    claims, where = setting["claims"], f"on {study_tests.data_of(study)}"
    return [
        _speed_up(study, setting),
        study_tests.tested(f"{claims['faster']} (by the clock), {where}", study, ["branchy"], _faster),
        study_tests.tested(
            f"{claims['faster']} (by MACs, heads counted), {where}", study, ["branchy"], _fewer_operations
        ),
        study_tests.tested(
            f"{claims['accuracy']}, {where}; the original trained alone, for its own epochs only",
            study,
            ["branchy", "trunk"],
            _more_accurate,
        ),
    ]


@dataclass(frozen=True)
class BestSetting:
    """The setting most accurate on validation data: what it does on test, and how much it saves.

    `time_gain` is the time of the trunk over the mean time at this setting, None where that was not measured.
    """

    outcome: Outcome
    mac_gain: float
    time_gain: float | None

    @classmethod
    def of(cls, run: RunData) -> BestSetting:
        """Finds it among the run's own criterion's thresholds, of equally accurate ones the fewest MACs."""
        costs = exit_costs(run, "macs")
        assert costs is not None
        outcome = trade_off(run, costs).best
        times, gain = exit_costs(run, "time"), None
        if times is not None:
            gain = 100 / sum(rate * time for rate, time in zip(outcome.exit_rates, times, strict=True))
        return cls(outcome, run.summary.trunk_macs / outcome.cost, gain)


def _speed_up(study: StudyData, setting: dict[str, Any]) -> Comparison:
    """The published speed-up beside the measured one; the measurement has no interval."""
    value, run = setting["speedup_at_best_accuracy"], study.runs.get("branchy")
    what = (
        "speed-up over the original network at the best-accuracy setting, on a GPU, heads and decisions timed"
    )
    if run is None:
        return number(f"{what} (the study has no branchy)", value, None, preset=study.preset)
    why_not = published.another_setting(run, setting)
    if why_not is None and run.summary.device.split(":")[0] != setting["device"]:
        why_not = "no GPU in this run"
    if why_not is None and run.summary.criterion["name"] != setting["criterion"]:
        why_not = f"published for {setting['criterion']}, this run is by {run.summary.criterion['name']}"
    gain = None if why_not is not None else BestSetting.of(run).time_gain
    if gain is None:
        why_not = why_not or study_tests.NOT_TIMED
        return number(f"{what} ({why_not})", value, None, preset=study.preset)
    return number(what, value, gain, preset=study.preset, better="higher")


def _faster(branchy: RunData) -> study_tests.Outcome:
    """Passes if the mean time per sample at that setting is below the trunk's, measured in turns with it."""
    gain = BestSetting.of(branchy).time_gain
    return (None, study_tests.NOT_TIMED) if gain is None else (gain > 1, f"{gain:.2f}× as fast")  # noqa: RUF001


def _fewer_operations(branchy: RunData) -> study_tests.Outcome:
    """Passes if the mean number of MACs at that setting is below the trunk's."""
    gain = BestSetting.of(branchy).mac_gain
    return gain > 1, f"{gain:.2f}× fewer"  # noqa: RUF001


def _more_accurate(branchy: RunData, trunk: RunData) -> study_tests.Outcome:
    """Passes if that setting is right more often than the trunk trained alone, on the same test samples.

    The 95 % interval of the paired difference lies above zero. The trunk has had fewer epochs.
    """
    outcome, alone = BestSetting.of(branchy).outcome, trunk.trace("test")
    check_same_samples(branchy.trace("test"), alone)
    difference = paired(outcome.right.astype(np.float64) - right_answers(alone)[:, -1])
    return difference.is_more, f"{difference}, {outcome.accuracy:.2f} % with exits"
