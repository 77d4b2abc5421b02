"""What was measured of batches on the engine, as rows of a table."""

from __future__ import annotations

from idn.report.format import interval
from idn.report.run_data import RunData

__all__ = ["batching_rows"]


def batching_rows(run: RunData) -> tuple[list[str], list[list[str]]]:
    """Headings and rows: a row for each batch size and share; no rows where nothing was measured.

    Times are in units of the time where nobody leaves, with the quartiles of the repeats.
    """
    head = ["batch", "ms per sample", "leave at exit 1", "ideal", "always", "auto", "never", "samples per s"]
    rows = []
    for batch in run.summary.batching or []:
        for share in batch.shares:
            ways = [
                f"{way.time:.2f} ({interval(way.spread)})" for way in (share.always, share.auto, share.never)
            ]
            rate = 1000 / (batch.nobody_ms * share.auto.time)
            cells = [str(batch.batch), f"{batch.nobody_ms:.3f}", f"{share.left:.1f} %", f"{share.ideal:.2f}"]
            rows.append([*cells, *ways, f"{rate:,.0f}"])
    return head, rows
