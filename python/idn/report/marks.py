"""The points of a trade-off plot: what a run reached, and what each cost."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from idn.report.run_data import RunData
    from idn.report.summary import Summary, Time

__all__ = ["COSTS", "Cost", "Kind", "Mark", "front", "marks", "marks_together"]

Cost = Literal["macs", "ms"]
Kind = Literal["curve", "exit", "trunk", "chosen"]
COSTS: tuple[Cost, ...] = ("macs", "ms")


@dataclass(frozen=True)
class Mark:
    """One way of using a network on the test split.

    `accuracy` and `exit_rates` in percent; per sample `macs`, heads counted, and `ms` where it was measured.
    `thresholds` and `exit_rates` are empty where no sample chooses its exit.
    """

    kind: Kind
    name: str
    accuracy: float
    macs: float
    ms: float | None
    thresholds: Sequence[float | None] = ()
    exit_rates: Sequence[float] = ()

    def cost(self, kind: Cost) -> float | None:
        """What it costs, None where that was not measured."""
        return self.macs if kind == "macs" else self.ms


def marks(summary: Summary, trunk_ms: float | None = None) -> list[Mark]:
    """The curve of a run from cheap to dear, then its single exits, its trunk and its operating point.

    :param trunk_ms: what the trunk takes, where that is known better than from this run alone; the run's
        times are then as many times that as they were of its own trunk's.
    """
    time, test, exits = summary.time, summary.test, range(len(summary.exits))
    scale = 1.0 if trunk_ms is None or time is None or not time.trunk_ms else trunk_ms / time.trunk_ms
    found = [
        Mark(
            "curve", "early exits in use", one.accuracy, one.macs,
            _mean_ms(one.exit_rates, time, scale), one.thresholds, one.exit_rates,
        )
        for one in sorted(summary.curve, key=lambda point: point.macs)
    ]  # fmt: skip
    for index, one in enumerate(summary.exits):
        everyone = [100.0 if index == other else 0.0 for other in exits]
        name = f"exit {one.name} answers for all"
        found.append(Mark("exit", name, one.test_accuracy, one.macs, _mean_ms(everyone, time, scale)))
    if summary.trunk is not None:
        alone = None if time is None else scale * time.trunk_ms
        found.append(Mark("trunk", "trunk alone", summary.trunk.test_accuracy, summary.trunk_macs, alone))
    used = None if time is None else scale * time.branchy_ms
    found.append(
        Mark(
            "chosen", "chosen thresholds", test.accuracy, test.mean_macs,
            used, summary.thresholds, test.exit_rates,
        )
    )  # fmt: skip
    return found


def marks_together(runs: Sequence[RunData]) -> list[list[Mark]]:
    """The marks of runs that are looked at side by side.

    Runs on the same trunk and machine share one measure of it, the median of theirs: that the machine was
    slower during one of them then makes no difference between them.
    """
    trunks: dict[tuple[object, ...], list[float]] = {}
    for run in runs:
        if (time := run.summary.time) is not None:
            trunks.setdefault(_trunk_and_machine(run), []).append(time.trunk_ms)
    return [marks(run.summary, statistics.median(trunks.get(_trunk_and_machine(run), [0.0]))) for run in runs]


def _trunk_and_machine(run: RunData) -> tuple[object, ...]:
    summary, machine = run.summary, run.environment
    threads = None if summary.time is None else summary.time.threads
    hardware = json.dumps([machine.get("platform"), machine.get("gpu")], sort_keys=True, default=str)
    return summary.model, summary.dataset, summary.trunk_macs, summary.device, threads, hardware


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Which (cost, accuracy) no other beats in both, from cheap to dear; of equal ones the first."""
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1]))
    best, kept = float("-inf"), []
    for index in order:
        if points[index][1] > best:
            best = points[index][1]
            kept.append(index)
    return kept


def _mean_ms(exit_rates: Sequence[float], time: Time | None, scale: float) -> float | None:
    """The mean over samples, from the times of those that leave at each exit; None where not measured."""
    if time is None or time.exit_ms is None or len(time.exit_ms) != len(exit_rates):
        return None
    return scale * sum(rate / 100 * ms for rate, ms in zip(exit_rates, time.exit_ms, strict=True))
