"""Runs and claims in tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from idn.report.format import criterion, gain, interval, macs, measure, percent, threshold, verdict
from idn.report.run_data import RunData, load
from idn.report.summary import OnEngine

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.report.collection import Collection

__all__ = ["claims_table", "overview_table", "summary_table"]


def summary_table(run: RunData | Path | str) -> Table:
    """Exits and operating point of a run, and under them what they come to.

    :raises ValueError: if there is no such directory.
    :raises idn.errors.RunError: if a file of it is missing or damaged.
    """
    data = run if isinstance(run, RunData) else load(run)
    summary, test, time = data.summary, data.summary.test, data.summary.time
    table = _table(f"{summary.model} on {summary.dataset} ({summary.preset})")
    table.add_column("exit")
    for name in ("validation", "test", "MACs", "ms", "T", "leave"):
        table.add_column(name, justify="right")
    limits = [threshold(value) for value in summary.thresholds[: len(summary.exits) - 1]]
    limits += [""] * (len(summary.exits) - len(limits))
    by_exit = [] if time is None or time.exit_ms is None else [f"{value:.3g}" for value in time.exit_ms]
    by_exit += [""] * (len(summary.exits) - len(by_exit))
    rows = zip(summary.exits, by_exit, limits, test.exit_rates, strict=True)
    for exit_, ms, limit, rate in rows:
        accuracies = percent(exit_.validation_accuracy), percent(exit_.test_accuracy)
        _add(table, exit_.name, *accuracies, macs(exit_.macs), ms, limit, f"{rate:.1f} %")
    table.add_section()
    if summary.trunk is not None:
        alone = percent(summary.trunk.test_accuracy)
        ms = "" if time is None else f"{time.trunk_ms:.3g}"
        _add(table, "trunk alone", "", alone, macs(summary.trunk_macs), ms)
    used = "" if time is None else f"{time.branchy_ms:.3g}"
    accuracies = percent(summary.validation.accuracy), percent(test.accuracy)
    _add(table, "early exits", *accuracies, macs(test.mean_macs), used, style="bold")
    table.caption = Text("\n".join(_findings(data)), style="none")
    table.caption_justify = "left"
    return table


def overview_table(collection: Collection) -> Table:
    """One line for each run of a collection."""
    data = list(collection.by_data_set())
    tested = any(run.comparisons for run in collection.runs)
    table = _table(f"on {data[0]}" if len(data) == 1 else None)
    table.add_column("run", overflow="fold", min_width=24)  # else a long name takes a line for every letter
    if len(data) > 1:
        table.add_column("data", overflow="fold")
    for name in ("early exits", "last exit", "MACs", "fewer", "speed-up", *(["claims"] if tested else [])):
        table.add_column(name, justify="right")
    for run, label in zip(collection.runs, collection.labels, strict=True):
        summary, test = run.summary, run.summary.test
        cells = [
            label,
            *([summary.dataset] if len(data) > 1 else []),
            percent(test.accuracy),
            percent(summary.exits[-1].test_accuracy),
            macs(test.mean_macs),
            "" if test.mac_gain is None else gain(test.mac_gain),
            "" if summary.time is None else gain(summary.time.gain),
            *([_held(run.comparisons)] if tested else []),
        ]
        _add(table, *cells)
    return table


def claims_table(collection: Collection) -> Table:
    """What was published and what was measured, of the studies of a collection."""
    table = _table()
    table.add_column("what", overflow="fold", ratio=3)
    table.add_column("verdict")
    table.add_column("published", justify="right")
    table.add_column("measured", overflow="fold", ratio=2)
    for study in collection.studies:
        for entry in study.comparisons:
            within = f" ({interval(entry.interval)})" if entry.interval else ""
            seen = measure(entry.measured) + within
            _add(table, entry.what, verdict(entry), measure(entry.published), seen)
    return table


def _findings(run: RunData) -> list[str]:
    """What a run comes to, a line each."""
    summary, test, time = run.summary, run.summary.test, run.summary.time
    saved = [] if test.mac_gain is None else [f"{gain(test.mac_gain)} fewer MACs than the trunk"]
    if time is not None:
        spread = "" if time.spread is None else f" ({interval(time.spread.gain)})"
        saved.append(f"{gain(time.gain)} its speed{spread}")
    found = [", ".join(saved)] if saved else []
    if time is not None and time.unsteady:
        found.append("The repeats are far apart: the machine was busy; trust the MACs rather than the times.")
    if isinstance(engine := summary.engine, OnEngine):
        found.append(
            f"On the engine: {gain(engine.operation_gain)} fewer operations than the trunk, "
            f"{gain(engine.time.gain)} its speed ({interval(engine.time.spread.gain)}); "
            f"{percent(engine.same_labels)} of the labels as in PyTorch."
        )
    elif engine is not None:
        found.append(f"Not exported: {engine.reason}")
    if summary.trunk is not None and (epochs := run.trunk_epochs) is not None:
        found.append(f"The trunk alone was trained for {epochs[0]} of the {epochs[1]} epochs.")
    if len(summary.exits) > 1:
        found.append(f"T: {criterion(summary)}")
    bounds = test.accuracy_interval
    if bounds is not None and not bounds[0] <= summary.validation.accuracy <= bounds[1]:
        found.append(
            f"Validation said {percent(summary.validation.accuracy)}, outside the 95 % interval of test, "
            f"{interval(bounds)}; `idn policy make RUN --epsilon` chooses thresholds whose loss is bounded."
        )
    if run.comparisons:
        found.append(f"Published numbers and claims: {_held(run.comparisons)}; the report has them.")
    return found


def _held(entries: Iterable[Comparison]) -> str:
    tested = [entry for entry in entries if entry.holds is not None]
    return f"{sum(entry.holds is True for entry in tested)} of {len(tested)} hold" if tested else ""


def _table(title: str | None = None) -> Table:
    return Table(title=None if title is None else Text(title), title_justify="left")


def _add(table: Table, *cells: str, style: str | None = None) -> None:
    table.add_row(*map(Text, cells), style=style)  # Text: names from files are no markup
