"""Accuracy against cost for runs on the same data: a picture that collection.js makes answer.

Without the script both pictures, of operations and of time, stand one under the other with their legend.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from idn.report import collection_figures, figures, html
from idn.report.format import NOTHING, macs, percent, threshold
from idn.report.marks import COSTS, Cost, Mark, front, marks_together
from idn.report.run_data import RunData
from idn.report.svg import inline

__all__ = ["plot", "script"]

_NAMES = {"macs": "operations", "ms": "time"}
_CAPTION = (
    "Up and left is better. Each run has its colour: the line is early exits in use, its thresholds picked "
    "on validation data and measured on test; squares, one exit answering for every sample; the star, the "
    "trunk trained alone; the ring, the chosen thresholds. The broad line is the front over the runs: what "
    "no other point beats in both accuracy and cost. It is drawn over measurements on test, and chooses "
    "nothing."
)


def script() -> str:
    """What the page runs."""
    return Path(__file__).with_name("collection.js").read_text(encoding="utf-8")


def plot(runs: Sequence[RunData], labels: Sequence[str], name: str) -> str:
    """The plot with its controls, legend and data; `name` makes its ids differ from others on the page."""
    found = marks_together(runs)
    timed = any(mark.ms is not None for one in found for mark in one)
    shown: list[Cost] = [cost for cost in COSTS if cost == "macs" or timed]
    data = [_data(run, label, one) for run, label, one in zip(runs, labels, found, strict=True)]
    views = ""
    for cost in shown:
        figure = collection_figures.trade_off(found, cost, f"{name}-{cost}")
        for entry, one in zip(data, found, strict=True):
            for point, place in zip(
                entry["points"], collection_figures.places(figure, one, cost), strict=True
            ):
                point["at"][cost] = place
        title = f"Accuracy against {_NAMES[cost]}"
        described = f"{len(runs)} runs; the front over all of them is in the table below the plot."
        views += (
            f'<div class="view" data-cost="{cost}">{inline(figure, f"{name}-{cost}", title, described)}</div>'
        )
    legend = "".join(_legend_entry(index, label) for index, label in enumerate(labels))
    legend += '<li><button type="button" class="all" disabled hidden>all or none</button></li>'
    return (
        f'<div class="trade-off" id="{name}">{_controls(name, shown)}{views}'
        f'<p class="readout" role="status" hidden></p><ul class="legend">{legend}</ul>'
        f"{html.paragraph(_CAPTION, 'soft')}{_front_table(found, labels)}"
        f'<script type="application/json">{as_data({"name": name, "runs": data})}</script></div>'
    )


def as_data(value: Any) -> str:
    """JSON that can stand inside a script element: it holds no `<`, `>` or `&`."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(run: RunData, label: str, found: Sequence[Mark]) -> dict[str, Any]:
    exits = [exit_.name for exit_ in run.summary.exits]
    points: list[dict[str, Any]] = [
        {
            "kind": mark.name,
            "accuracy": mark.accuracy,
            "macs": mark.macs,
            "ms": mark.ms,
            "thresholds": [threshold(value) for value in mark.thresholds],
            "rates": list(mark.exit_rates) if len(mark.exit_rates) == len(exits) else [],
            "at": {},
        }
        for mark in found
    ]
    return {"label": label, "exits": exits, "points": points}


def _controls(name: str, shown: Sequence[Cost]) -> str:
    if len(shown) == 1:
        return ""
    choices = "".join(
        f'<label><input type="radio" name="{name}-cost" value="{cost}"'
        f"{' checked' if cost == shown[0] else ''}> {_NAMES[cost]}</label>"
        for cost in shown
    )
    return f"<fieldset hidden><legend>against</legend>{choices}</fieldset>"


def _legend_entry(index: int, label: str) -> str:
    colour = f"var(--series-{index % len(figures.SERIES)})"
    dashes = collection_figures.DASHES[index // len(figures.SERIES) % len(collection_figures.DASHES)]
    return (
        f'<li><button type="button" aria-pressed="true" data-run="{index}" disabled>'
        f'<span class="swatch" style="border-top: 3px {dashes} {colour}"></span>{escape(label)}</button></li>'
    )


def _front_table(found: Sequence[Sequence[Mark]], labels: Sequence[str]) -> str:
    every = [(label, mark) for label, one in zip(labels, found, strict=True) for mark in one]
    best = [every[index] for index in front([(mark.macs, mark.accuracy) for _, mark in every])]
    rows = [
        [
            label,
            percent(mark.accuracy),
            macs(mark.macs),
            NOTHING if mark.ms is None else f"{mark.ms:.3f} ms",
            ", ".join(threshold(value) for value in mark.thresholds) or mark.name,
        ]
        for label, mark in best
    ]
    head = ["run", "accuracy", "MACs", "time", "thresholds"]
    return html.folded("The front in numbers, by operations", html.table(head, rows))
