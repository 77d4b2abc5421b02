"""The report of a run as one HTML file: everything inside, nothing loaded, light and dark."""

from __future__ import annotations

from html import escape
from pathlib import Path

from idn.experiment.files import write_text
from idn.report import sections
from idn.report.format import criterion
from idn.report.run_data import RunData, load

FILE_NAME = "report.html"


def write(run_dir: Path | str) -> Path:
    """Writes report.html into a run directory from the other files there, and gives its path.

    The file appears whole or not at all.

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
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    body = "\n".join(part for part in sections.all_sections(run) if part)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{escape(title)}: {escape(summary.experiment)}, {escape(run.name)}</title>
<meta name="description" content="{escape(f"Trade-off of {title}: {criterion(summary)}")}">
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""
