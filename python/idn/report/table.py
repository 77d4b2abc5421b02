"""A run in a table: for the terminal, and as the generated part of an experiment's README.

`python -m idn.report.table README.md RESULTS` rewrites what stands between the markers of README.md from
the runs under RESULTS; with `--check` it only says whether that would change anything (exit code 1 if so).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from idn.experiment.files import write_text
from idn.report.format import gain, interval, macs, measure, percent, threshold, verdict
from idn.report.run_data import RunData, load

if TYPE_CHECKING:
    from rich.table import Table

    from idn.experiment.comparison import Comparison

BEGIN = "<!-- results: written by `python -m idn.report.table`; do not edit by hand -->"
END = "<!-- end of results -->"
_PRESETS = ("smoke", "cpu", "paper")


def summary_table(run: RunData | Path | str) -> Table:
    """Exits and operating point of a run as a rich table for a terminal.

    :raises ValueError: if there is no such directory.
    :raises idn.errors.RunError: if a file of it is missing or damaged.
    """
    from rich.table import Table
    from rich.text import Text

    data = run if isinstance(run, RunData) else load(run)
    summary = data.summary
    title = Text(f"{summary.model} on {summary.dataset} ({summary.preset})")
    table = Table(title=title, title_justify="left")
    table.add_column("exit")
    for name in ("test accuracy", "MACs", "T", "leave here"):
        table.add_column(name, justify="right")
    limits = [threshold(value) for value in summary.thresholds[: len(summary.exits) - 1]]
    limits += [""] * (len(summary.exits) - len(limits))
    for exit_, limit, rate in zip(summary.exits, limits, summary.test.exit_rates, strict=True):
        cells = [exit_.name, percent(exit_.test_accuracy), macs(exit_.macs), limit, f"{rate:.1f} %"]
        table.add_row(*map(Text, cells))  # Text: names from files are no markup
    table.add_section()
    if summary.trunk is not None:
        table.add_row("trunk alone", percent(summary.trunk.test_accuracy), macs(summary.trunk_macs), "", "")
    test = summary.test
    table.add_row("early exits", percent(test.accuracy), macs(test.mean_macs), "", "", style="bold")
    saved = [] if test.mac_gain is None else [f"{gain(test.mac_gain)} fewer MACs than the trunk"]
    if summary.time is not None:
        saved.append(f"{gain(summary.time.gain)} its speed")
    table.caption = Text(", ".join(saved), style="none")
    table.caption_justify = "left"
    return table


def markdown_table(runs: Sequence[RunData]) -> str:
    """The runs of an experiment in Markdown: one line each, then published against measured for each."""
    if not runs:
        return "No run has been committed yet."
    ordered = sorted(runs, key=_order)
    lines = [
        "| run | preset | data | trunk alone | last exit | with early exits | 95 % interval | leave early "
        "| MACs | speed | claims and numbers |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    lines += [_line(_run_cells(run)) for run in ordered]
    for run in ordered:
        if run.comparisons:
            note = _cell(str(run.config.get("note") or ""))
            about = f"Run `{_cell(run.name)}` (preset {_cell(run.summary.preset)}): {note}".rstrip()
            lines += ["", about, ""]
            lines += ["| what | published | measured | 95 % interval | verdict |", "|---|--:|--:|--:|---|"]
            lines += [_line(_comparison_cells(item)) for item in run.comparisons]
    return "\n".join(lines)


def updated(text: str, table: str, name: str = "README.md") -> str:
    """`text` with `table` between its markers.

    :raises ValueError: where it does not have both, once each.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(
            f"{name} needs one line {BEGIN!r} and after it one line {END!r}, where the table goes"
        )
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}"


def runs_under(results: Path) -> list[RunData]:
    """The runs in a folder such as results/branchynet_2016, none if it is not there."""
    return [load(path.parent) for path in sorted(results.glob("*/summary.json"))]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m idn.report.table", description=__doc__)
    parser.add_argument("readme", type=Path)
    parser.add_argument("results", type=Path, help="folder with one folder per run")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if out of date")
    options = parser.parse_args(arguments)
    text = options.readme.read_text(encoding="utf-8")
    new = updated(text, markdown_table(runs_under(options.results)), str(options.readme))
    if new == text:
        return 0
    if options.check:
        command = f"python -m idn.report.table {options.readme} {options.results}"
        print(f"{options.readme} is out of date: run `{command}`", file=sys.stderr)
        return 1
    write_text(options.readme, new)
    return 0


def _run_cells(run: RunData) -> list[str]:
    summary = run.summary
    test = summary.test
    counts = {holds: sum(item.holds is holds for item in run.comparisons) for holds in (True, False, None)}
    return [
        f"`{run.name}`",
        summary.preset,
        summary.dataset,
        percent(summary.trunk.test_accuracy) if summary.trunk else "",
        percent(summary.exits[-1].test_accuracy),
        percent(test.accuracy),
        interval(test.accuracy_interval),
        f"{sum(test.exit_rates[:-1]):.1f} %",
        f"{gain(test.mac_gain)} fewer" if test.mac_gain is not None else "",
        gain(summary.time.gain) if summary.time else "",
        f"{counts[True]} hold, {counts[False]} do not, {counts[None]} not testable",
    ]


def _comparison_cells(item: Comparison) -> list[str]:
    bounds = interval(item.interval)
    return [item.what, measure(item.published), measure(item.measured), bounds, verdict(item)]


def _order(run: RunData) -> tuple[str, int, str]:
    preset = run.summary.preset.split(",")[0]  # "cpu, changed" stands with "cpu"
    return run.summary.model, _PRESETS.index(preset) if preset in _PRESETS else len(_PRESETS), run.name


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
