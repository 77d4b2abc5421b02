"""A run in a table: for the terminal, and as the generated part of an experiment's README.

`python -m idn.report.table README.md RESULTS` rewrites what stands between the markers of README.md from
the runs and studies in RESULTS; with `--check` it only says whether that would change anything (exit code 1
if so).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from idn.experiment.files import write_text
from idn.report.format import gain, macs, percent, threshold
from idn.report.markdown import markdown_table, runs_under, studies_under
from idn.report.run_data import RunData, load

if TYPE_CHECKING:
    from rich.table import Table

    from idn.report.collection import Collection

BEGIN = "<!-- results: written by `python -m idn.report.table`; do not edit by hand -->"
END = "<!-- end of results -->"


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


def overview_table(collection: Collection) -> Table:
    """One line for each run of a collection, as a rich table for a terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in ("run", "data"):
        table.add_column(name, overflow="fold")
    for name in ("early exits", "last exit", "MACs", "fewer", "speed-up", "claims"):
        table.add_column(name, justify="right")
    for run, label in zip(collection.runs, collection.labels, strict=True):
        summary, test = run.summary, run.summary.test
        held = sum(item.holds is True for item in run.comparisons)
        tested = sum(item.holds is not None for item in run.comparisons)
        cells = [
            label,
            summary.dataset,
            percent(test.accuracy),
            percent(summary.exits[-1].test_accuracy),
            macs(test.mean_macs),
            "" if test.mac_gain is None else gain(test.mac_gain),
            "" if summary.time is None else gain(summary.time.gain),
            f"{held} of {tested} hold" if tested else "",
        ]
        table.add_row(*map(Text, cells))  # Text: names from files are no markup
    return table


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


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="python -m idn.report.table", description=__doc__)
    parser.add_argument("readme", type=Path)
    parser.add_argument("results", type=Path, help="folder with one folder per run or study")
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 if out of date")
    options = parser.parse_args(arguments)
    text = options.readme.read_text(encoding="utf-8")
    table = markdown_table(runs_under(options.results), studies_under(options.results))
    new = updated(text, table, str(options.readme))
    if new == text:
        return 0
    if options.check:
        command = f"python -m idn.report.table {options.readme} {options.results}"
        print(f"{options.readme} is out of date: run `{command}`", file=sys.stderr)
        return 1
    write_text(options.readme, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
