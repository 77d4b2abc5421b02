"""The figures over many runs: accuracy against cost with the front over all, and who leaves where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator, PercentFormatter

from idn.report import figures
from idn.report.figures import ACCENT, INK, PAPER, SERIES
from idn.report.marks import Cost, Mark, front

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from idn.report.summary import Summary

__all__ = ["DASHES", "exit_rates", "places", "scaled", "trade_off"]

DASHES = ("solid", "dashed", "dotted")  # of runs beyond the last colour; CSS knows them by these names
_LABELS = {
    "macs": "million multiply-accumulates per sample, heads counted",
    "ms": "measured ms per sample, one at a time",
}


def trade_off(runs: Sequence[Sequence[Mark]], cost: Cost, name: str, labels: Sequence[str] = ()) -> Figure:
    """Test accuracy (%) against cost for runs on the same data, and the Pareto front over all of them.

    :param name: begins the ids of what is drawn: `<name>-<run>-<number>`, and `<name>-front`.
    :param labels: of the runs, for a legend under the plot; without them there is none.
    """
    figure, axes = figures.blank(height=3.3 + 0.18 * len(labels))
    measured = [[mark for mark in marks if mark.cost(cost) is not None] for marks in runs]
    everything = [scaled(mark, cost) for marks in measured for mark in marks]
    best = [everything[index] for index in front(everything)]
    axes.plot(
        *zip(*best, strict=True), drawstyle="steps-post", color=ACCENT, alpha=0.4, linewidth=6,
        solid_joinstyle="round", zorder=2, gid=f"{name}-front",
    )  # fmt: skip
    for index, marks in enumerate(measured):
        label = figures.plain(labels[index]) if labels else None
        _draw(axes, marks, cost, index, f"{name}-{index}", label)
    low, high = min(x for x, _ in everything), max(x for x, _ in everything)
    if low > 0 and high > 8 * low:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.05, 0.06)
    axes.set_xlabel(_LABELS[cost])
    axes.set_ylabel("test accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=None))
    if labels:
        figure.legend(loc="outside lower left", ncols=2, frameon=False, fontsize=7.5, labelcolor=INK)
    else:
        # Fixed margins, so that `places` are where the page's copy is drawn, whatever its fonts.
        figure.set_layout_engine("none")
        axes.set_position((0.16, 0.14, 0.825, 0.84))
        figure.draw_without_rendering()  # else the limits of the axes are not settled yet
    return figure


def scaled(mark: Mark, cost: Cost) -> tuple[float, float]:
    """Where a mark lies: its cost, MACs in millions, and its accuracy."""
    value = mark.cost(cost)
    assert value is not None
    return (value / 1e6 if cost == "macs" else value), mark.accuracy


def places(figure: Figure, marks: Sequence[Mark], cost: Cost) -> list[tuple[float, float] | None]:
    """Where marks are in what `svg.inline` makes of a figure of `trade_off`: its units, from the top left."""
    axes = figure.axes[0]
    width, height = (72 * size for size in figure.get_size_inches())
    found: list[tuple[float, float] | None] = []
    for mark in marks:
        if mark.cost(cost) is None:
            found.append(None)
            continue
        pixels = axes.transData.transform(scaled(mark, cost))
        x, y = figure.transFigure.inverted().transform(pixels)
        found.append((round(x * width, 1), round((1 - y) * height, 1)))
    return found


def exit_rates(summaries: Sequence[Summary], labels: Sequence[str]) -> Figure:
    """The share (%) of test samples that leave at each exit, one bar for each run."""
    figure, axes = figures.blank(height=0.45 + 0.44 * len(summaries))
    for row, (summary, label) in enumerate(zip(summaries, labels, strict=True)):
        start = 0.0
        for index, rate in enumerate(summary.test.exit_rates):
            axes.barh(
                row,
                rate,
                left=start,
                height=0.46,
                color=figures.colour(index),
                edgecolor=PAPER,
                linewidth=0.6,
            )
            if rate >= 8:  # a number needs room
                axes.text(
                    start + rate / 2, row, f"{rate:.0f} %",
                    ha="center", va="center_baseline", fontsize=7.5, color=PAPER,
                )  # fmt: skip
            start += rate
        axes.text(0, row - 0.29, figures.plain(label, 60), va="bottom", fontsize=8, color=INK)
    axes.set_yticks([])
    axes.set_ylim(len(summaries) - 0.65, -0.85)
    axes.set_xlim(0, 100)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    return figure


def _draw(axes: Axes, marks: Sequence[Mark], cost: Cost, index: int, name: str, label: str | None) -> None:
    colour = figures.colour(index)
    dashes = DASHES[index // len(SERIES) % len(DASHES)]
    styles: dict[str, dict[str, Any]] = {
        "curve": {"marker": "o", "markersize": 2.6, "linewidth": 1.6, "linestyle": dashes, "zorder": 3},
        "exit": {"marker": "s", "markersize": 5, "linestyle": "none", "zorder": 4},
        "trunk": {"marker": "*", "markersize": 10, "linestyle": "none", "zorder": 5},
        "chosen": {
            "marker": "o", "markersize": 9, "markerfacecolor": "none", "markeredgewidth": 1.8,
            "linestyle": "none", "zorder": 6,
        },
    }  # fmt: skip
    for number, (kind, style) in enumerate(styles.items()):
        points = sorted(scaled(mark, cost) for mark in marks if mark.kind == kind)
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, gid=f"{name}-{number}", label=label, **style)
            label = None
