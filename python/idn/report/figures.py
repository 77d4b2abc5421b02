"""The figures of a run, each a matplotlib `Figure` of its own: no pyplot, no global state.

Colours are those of the light page; `idn.report.svg` swaps them for the page's variables, so one figure
serves light and dark. Names from files are drawn as plain text, never as mathematics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from idn.report.run_data import RunData

INK, SOFT, GRID, PAPER = "#1f2937", "#6b7281", "#e3e6eb", "#fdfdfc"
SERIES = ("#2563eb", "#0d9488", "#c2590c", "#7c3aed", "#be185d", "#4d7c0f", "#0369a1", "#a16207")
ACCENT = "#b45309"
WIDTH = 4.5  # inches; the page scales figures, so this sets the size of the text relative to the drawing


def plain(text: object, limit: int = 28) -> str:
    """Text from a file as a label: one line, no control characters, dollars not read as mathematics."""
    line = "".join(c if c.isprintable() else " " for c in str(text))
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return line.replace("$", r"\$")


def trade_off(run: RunData) -> Figure:
    """Test accuracy (%) against mean MACs per sample: early exits in use, single exits, the trunk alone.

    The curve's thresholds were picked on validation data, every point of it is then measured on test.
    """
    summary = run.summary
    figure, axes = blank(height=3.2)
    curve = sorted(summary.curve, key=lambda point: point.macs)
    if curve:
        axes.plot(
            [point.macs / 1e6 for point in curve],
            [point.accuracy for point in curve],
            color=SERIES[0], marker="o", markersize=3, linewidth=1.8, zorder=3, label="early exits in use",
        )  # fmt: skip
    axes.plot(
        [exit_.macs / 1e6 for exit_ in summary.exits],
        [exit_.test_accuracy for exit_ in summary.exits],
        color=SERIES[1], marker="s", markersize=6, linestyle="none", zorder=4, label="one exit answers all",
    )  # fmt: skip
    for exit_ in summary.exits:
        axes.annotate(
            plain(exit_.name), (exit_.macs / 1e6, exit_.test_accuracy), xytext=(6, 5),
            textcoords="offset points", ha="left", va="bottom", color=SOFT, fontsize=8,
        )  # fmt: skip
    if summary.trunk is not None:
        axes.plot(
            summary.trunk_macs / 1e6, summary.trunk.test_accuracy,
            color=ACCENT, marker="*", markersize=13, linestyle="none", zorder=5, label="trunk alone",
        )  # fmt: skip
    axes.plot(
        summary.test.mean_macs / 1e6, summary.test.accuracy, markeredgecolor=SERIES[3],
        markerfacecolor="none", markeredgewidth=2, marker="o", markersize=11, linestyle="none", zorder=6,
        label="chosen thresholds",
    )  # fmt: skip
    axes.set_xlabel("million multiply-accumulates per sample, heads counted")
    axes.set_ylabel("test accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=None))
    axes.set_xlim(left=0)
    axes.margins(y=0.14)
    axes.legend(loc="best", frameon=False, fontsize=8.5, labelcolor=INK)
    return figure


def training_curves(run: RunData) -> Figure | None:
    """Validation accuracy (%) of every exit by epoch, stage after stage; None where no epoch was measured."""
    rows = list(enumerate(run.metrics, start=1))
    measured = [(epoch, _accuracies(row)) for epoch, row in rows if _accuracies(row)]
    if not measured:
        return None
    figure, axes = blank(height=2.5)
    names = [exit_.name for exit_ in run.summary.exits]
    for index, name in enumerate(names):
        # An exit that was not trained yet has no accuracy.
        points = [(epoch, found[index]) for epoch, found in measured if index < len(found)]
        x = [epoch for epoch, accuracy in points if accuracy is not None]
        y = [accuracy for _, accuracy in points if accuracy is not None]
        marker = "o" if len(x) < 40 else None
        axes.plot(x, y, color=colour(index), marker=marker, markersize=3, linewidth=1.7, label=plain(name))
    _mark_stages(axes, [str(row.get("stage", "")) for _, row in rows])
    axes.set_xlabel("epoch, stages one after the other")
    axes.set_ylabel("validation accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=None))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best", frameon=False, fontsize=8.5, labelcolor=INK)
    return figure


def exit_rates(run: RunData) -> Figure:
    """The share (%) of validation and test samples that leave at each exit, at the chosen thresholds."""
    summary = run.summary
    figure, axes = blank(height=0.75 + 0.52 * len(summary.exits))
    height = 0.36
    for offset, (label, operation, alpha) in enumerate(
        [("test", summary.test, 1.0), ("validation", summary.validation, 0.45)]
    ):
        for index, rate in enumerate(operation.exit_rates):
            y = index + (offset - 0.5) * height
            axes.barh(y, rate, height=height * 0.88, color=colour(index), alpha=alpha)
            axes.annotate(
                f"{rate:.1f} % {label}", (rate, y), xytext=(4, 0), textcoords="offset points",
                va="center", color=INK if offset == 0 else SOFT, fontsize=8.5,
            )  # fmt: skip
    axes.set_yticks(range(len(summary.exits)), [plain(exit_.name, 18) for exit_ in summary.exits])
    axes.tick_params(axis="y", length=0, colors=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 124)  # room for the numbers behind a bar of 100 %
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    return figure


def batching(run: RunData) -> Figure | None:
    """Time against the share that leaves at exit 1, a panel for each batch size; None if not measured."""
    found = run.summary.batching
    if not found:
        return None
    columns = min(3, len(found))
    rows = -(-len(found) // columns)
    figure = Figure(figsize=(WIDTH * 1.6, 0.5 + 2.1 * rows), layout="constrained", facecolor="none")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten().tolist()
    for axes in panels[len(found) :]:
        axes.remove()
    for axes, batch in zip(panels, found, strict=False):
        style(axes)
        x = [share.left for share in batch.shares]
        ideal = [share.ideal for share in batch.shares]
        axes.plot(x, ideal, color=SOFT, linestyle="--", linewidth=1.2, label="ideal")
        for index, way in enumerate(("always", "auto", "never")):
            times = [getattr(share, way) for share in batch.shares]
            axes.errorbar(
                x, [one.time for one in times],
                yerr=[
                    [max(0.0, one.time - one.spread[0]) for one in times],
                    [max(0.0, one.spread[1] - one.time) for one in times],
                ],
                color=colour(index), marker="o", markersize=3, linewidth=1.5, elinewidth=0.8, label=way,
            )  # fmt: skip
        axes.set_title(f"batch of {batch.batch}", fontsize=9, color=INK)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(PercentFormatter(decimals=0))
    panels[0].legend(loc="best", frameon=False, fontsize=8, labelcolor=INK)
    figure.supxlabel("leave at exit 1", fontsize=9, color=INK)
    figure.supylabel("time, where nobody leaves = 1", fontsize=9, color=INK)
    return figure


def blank(height: float) -> tuple[Figure, Axes]:
    """An empty figure `WIDTH` wide and `height` inches high, with its axes."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor="none")
    axes = figure.add_subplot()
    style(axes)
    return figure, axes


def style(axes: Axes) -> None:
    """Gives axes the look of all figures: a grid behind, no box around."""
    axes.set_facecolor("none")
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID)
    axes.tick_params(colors=SOFT, labelsize=8.5)
    axes.xaxis.label.set(color=SOFT, fontsize=9)
    axes.yaxis.label.set(color=SOFT, fontsize=9)


def colour(index: int) -> str:
    """The colour of the series at `index`; they come again after the last."""
    return SERIES[index % len(SERIES)]


def _accuracies(row: dict[str, Any]) -> list[float | None]:
    value = row.get("validation_accuracy")
    return value if isinstance(value, list) else []


def _mark_stages(axes: Axes, stages: list[str]) -> None:
    starts = [i for i, stage in enumerate(stages) if i == 0 or stage != stages[i - 1]]
    for start in starts if len(starts) > 1 else []:
        if start:
            axes.axvline(start + 0.5, color=SOFT, linewidth=1, linestyle=(0, (3, 3)))
        axes.annotate(
            plain(stages[start]), (start + 0.5, 1.0), xycoords=("data", "axes fraction"), xytext=(5, -2),
            textcoords="offset points", va="bottom", color=SOFT, fontsize=8.5,
        )  # fmt: skip
