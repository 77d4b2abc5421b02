"""Reads run directories and shows them: self-contained HTML pages, tables for the terminal, figures.

Everything but sample images is read from the files of the runs alone, so a report can be made again anywhere,
later.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idn.report import figures
    from idn.report.collection import (
        Collection,
        collect,
        render_collection,
        write_collection,
        write_study,
    )
    from idn.report.figure_files import write_figures
    from idn.report.markdown import markdown_table
    from idn.report.page import render, write
    from idn.report.run_data import RunData, load
    from idn.report.terminal import claims_table, overview_table, summary_table

__all__ = [
    "Collection",
    "RunData",
    "claims_table",
    "collect",
    "figures",
    "load",
    "markdown_table",
    "overview_table",
    "render",
    "render_collection",
    "summary_table",
    "write",
    "write_collection",
    "write_figures",
    "write_study",
]

_NAMES = {
    "Collection": "idn.report.collection",
    "RunData": "idn.report.run_data",
    "claims_table": "idn.report.terminal",
    "collect": "idn.report.collection",
    "load": "idn.report.run_data",
    "markdown_table": "idn.report.markdown",
    "overview_table": "idn.report.terminal",
    "render": "idn.report.page",
    "render_collection": "idn.report.collection",
    "summary_table": "idn.report.terminal",
    "write": "idn.report.page",
    "write_collection": "idn.report.collection",
    "write_figures": "idn.report.figure_files",
    "write_study": "idn.report.collection",
}


def __getattr__(name: str) -> Any:
    if name == "figures":
        return importlib.import_module("idn.report.figures")
    if name not in _NAMES:
        raise AttributeError(f"module 'idn.report' has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)
