"""`idn report`: makes the report of a run again, from its files alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from idn.cli.output import AsJson, console, print_json


def report(
    run_dir: Annotated[
        Path, typer.Argument(metavar="RUN_DIR", help="A run directory, as `idn run` printed it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write a run's report.html again and print its table."""
    from idn import report as reports

    path = reports.write(run_dir)
    people = console(stderr=as_json)
    people.print(reports.summary_table(run_dir))
    people.print(f"Report: {path}", markup=False)
    if as_json:
        run = reports.load(run_dir)
        print_json(
            {
                "run_dir": str(run.path),
                "report": str(path),
                "metrics": run.summary.model_dump(mode="json"),
                "comparison": [one.as_dict() for one in run.comparisons],
            }
        )
