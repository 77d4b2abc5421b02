"""The comparison as a picture: a group of bars for each exit and the whole, a bar for each way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from idn.benching.result import Bench
from idn.errors import RunError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "write"]


def figure(result: Bench) -> Figure:
    """Median milliseconds of a call by job and way, with a line up to the 99th percentile."""
    from matplotlib.figure import Figure

    ways = list(dict.fromkeys(row.way for row in result.rows))
    drawn = Figure(figsize=(1.5 + 1.6 * len(result.jobs), 4), layout="constrained")
    axes = drawn.add_subplot()
    width = 0.8 / len(ways)
    for number, way in enumerate(ways):
        rows = {row.job: row for row in result.rows if row.way == way and row.p50_ms is not None}
        places = [
            place + (number + 0.5) * width - 0.4 for place, job in enumerate(result.jobs) if job in rows
        ]
        medians = [row.p50_ms or 0.0 for row in rows.values()]
        above = [(row.p99_ms or 0.0) - (row.p50_ms or 0.0) for row in rows.values()]
        axes.bar(places, medians, width, yerr=[[0.0] * len(above), above], label=way, error_kw={"lw": 1})
    axes.set_xticks(range(len(result.jobs)), result.jobs)
    axes.set_ylabel(f"ms per batch of {result.batch} (p50; line to p99)")
    drawn.legend(loc="outside upper center", ncols=3, fontsize="small")
    return drawn


def write(result: Bench, path: Path) -> None:
    """Write the picture in the format of the file's suffix.

    :raises idn.errors.RunError: where it can't be written, or the format is unknown.
    """
    try:
        figure(result).savefig(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be written: {error}") from error
