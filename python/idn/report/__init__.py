"""Reads a run directory and shows it: a self-contained HTML page, a table for the terminal, figures.

Everything is read from the files of the run directory alone, so a report can be made again anywhere, later.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idn.report import figures
    from idn.report.page import render, write
    from idn.report.run_data import RunData, load
    from idn.report.table import markdown_table, summary_table

__all__ = ["RunData", "figures", "load", "markdown_table", "render", "summary_table", "write"]

_NAMES = {
    "RunData": "idn.report.run_data",
    "load": "idn.report.run_data",
    "markdown_table": "idn.report.table",
    "render": "idn.report.page",
    "summary_table": "idn.report.table",
    "write": "idn.report.page",
}


def __getattr__(name: str) -> Any:
    if name == "figures":
        return importlib.import_module("idn.report.figures")
    if name not in _NAMES:
        raise AttributeError(f"module 'idn.report' has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)
