"""How sure each exit is against how often it is right, before and after its temperature.

Source: Guo et al., "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from idn.report import figures
from idn.report.answers import Answers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from idn.exits import Reliability

__all__ = ["FEWEST", "ExitReliability", "diagrams", "measure"]

FEWEST = 10  # samples; the accuracy of a bin with less says nothing
_PER_ROW = 3


@dataclass(frozen=True)
class ExitReliability:
    """One exit on the test split, at temperature 1 and at the one fitted on validation data."""

    exit: str
    temperature: float
    before: Reliability
    after: Reliability


def measure(answers: Answers) -> list[ExitReliability]:
    """Fits a temperature to every exit on validation data, and looks at what it does on the test split."""
    from idn import exits

    fitted = exits.calibrate(answers.validation.logits, answers.validation.labels).temperatures
    found = []
    for index, (name, temperature) in enumerate(zip(answers.exit_names, fitted, strict=True)):
        logits = np.ascontiguousarray(answers.test.logits[:, index])
        before = exits.reliability(logits, answers.test.labels)
        after = exits.reliability(logits, answers.test.labels, temperature)
        found.append(ExitReliability(name, temperature, before, after))
    return found


def diagrams(measured: Sequence[ExitReliability]) -> Figure:
    """One reliability diagram for each exit: accuracy (%) of the test samples by confidence (%)."""
    rows = -(-len(measured) // _PER_ROW)
    figure = Figure(figsize=(figures.WIDTH, 1.72 * rows), layout="constrained", facecolor="none")
    grid = figure.subplots(rows, _PER_ROW, squeeze=False, sharex=True, sharey=True)
    for index, axes in enumerate(grid.flat):
        if index >= len(measured):
            axes.set_visible(False)
            continue
        figures.style(axes)
        _draw(axes, measured[index], figures.colour(index))
        if index % _PER_ROW == 0:
            axes.set_ylabel("accuracy")
        if index + _PER_ROW >= len(measured):
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("confidence")
    return figure


def _draw(axes: Axes, one: ExitReliability, colour: str) -> None:
    axes.plot([0, 100], [0, 100], color=figures.SOFT, linewidth=0.8, linestyle=(0, (3, 3)))
    for found, tint, width in ((one.before, figures.SOFT, 1.2), (one.after, colour, 1.8)):
        filled = found.samples >= FEWEST
        axes.plot(
            100 * found.confidence[filled], 100 * found.accuracy[filled],
            color=tint, linewidth=width, marker="o", markersize=2.5,
        )  # fmt: skip
    axes.set_title(figures.plain(one.exit, 18), fontsize=9, color=figures.INK)
    axes.set_xlim(0, 104)  # a marker at 100 % is drawn whole
    axes.set_ylim(0, 104)
    axes.set_xticks([0, 50, 100])
    axes.set_yticks([0, 50, 100])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(decimals=0))
