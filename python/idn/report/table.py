"""The generated part of an experiment's README.

`python -m idn.report.table README.md RESULTS` rewrites what stands between the markers of README.md from
the runs and studies in RESULTS; with `--check` it only says whether that would change anything (exit code 1
if so).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from idn.experiment.files import write_text
from idn.report.markdown import markdown_table, runs_under, studies_under

BEGIN = "<!-- results: written by `python -m idn.report.table`; do not edit by hand -->"
END = "<!-- end of results -->"


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
