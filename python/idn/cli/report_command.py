"""`idn report`: the report of a run or a study again, or one page over many runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison
    from idn.report import Collection, RunData


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...",
            help="Directories of runs, as `idn run` printed them, or of studies, or folders of these.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.html", help="Where one page over all runs goes.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option("--figures", metavar="DIR", help="Also write the figures, as PNG and PDF.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of a run again, or one page over many runs.

    The report of one run or one study goes into its directory, the page over several to ./report.html. With
    --out, one page over all that was given goes there.
    """
    from idn import report as reports

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise ValueError(
            f"--out is {out}, expected a name ending in .html: one HTML page is written there; "
            "--figures DIR writes PNG and PDF."
        )
    found = reports.collect(results)
    people = console(stderr=as_json)
    given = results[0].resolve() if len(results) == 1 and out is None else None
    alone = [run for run in found.runs if run.path == given]
    if alone:
        path = reports.write(results[0])
        people.print(reports.summary_table(alone[0]))
    else:
        if out is None and given in [study.path for study in found.studies]:
            out = results[0] / "report.html"
        path = reports.write_collection(found, out or Path("report.html"))
        people.print(reports.overview_table(found))
        if any(study.comparisons for study in found.studies):
            people.print(reports.claims_table(found))
    people.print(f"Report: {path}", markup=False)
    if figures is not None:
        written = reports.write_figures(found, figures)
        people.print(f"Figures: {len(written)} files in {figures}", markup=False)
    if as_json:
        print_json({"report": str(path), **(_run(alone[0]) if alone else _collection(found))})


def _run(run: RunData) -> dict[str, Any]:
    return {
        "run_dir": str(run.path),
        "metrics": run.summary.model_dump(mode="json"),
        "comparison": _comparison(run.comparisons),
    }


def _collection(found: Collection) -> dict[str, Any]:
    studies = [
        {"study_dir": str(one.path), "comparison": _comparison(one.comparisons)} for one in found.studies
    ]
    return {"runs": [_run(run) for run in found.runs], "studies": studies}


def _comparison(entries: list[Comparison]) -> list[dict[str, Any]]:
    return [entry.as_dict() for entry in entries]
