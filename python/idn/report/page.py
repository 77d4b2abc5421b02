"""The report of a run as one HTML file."""

from __future__ import annotations

from pathlib import Path

from idn.experiment.files import write_text
from idn.report import sections
from idn.report.document import document
from idn.report.format import criterion
from idn.report.run_data import RunData, load

FILE_NAME = "report.html"


def write(run_dir: Path | str) -> Path:
    """Writes report.html into a run directory from the other files there, and gives its path.

    Sample images come from the run's data set; where that is not there, the page says so. The file appears
    whole or not at all.

    :raises ValueError: where `run_dir` is no directory.
    :raises idn.errors.RunError: where a file is missing or damaged, or the page cannot be written.
    """
    path = Path(run_dir)
    page = render(load(path))
    write_text(path / FILE_NAME, page)
    return path / FILE_NAME


def render(run: RunData) -> str:
    """The page as text; all that comes from files is escaped."""
    summary = run.summary
    title = f"{summary.model} on {summary.dataset}"
    return document(
        f"{title}: {summary.experiment}, {run.name}",
        f"Trade-off of {title}: {criterion(summary)}",
        sections.all_sections(run),
    )
