"""The sections made of traces: how sure the exits are, how right for each class, which images leave where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from idn.errors import RunError, StoreError
from idn.report import html
from idn.report.answers import Answers, read
from idn.report.format import NOTHING, percent
from idn.report.reliability import FEWEST, ExitReliability, diagrams, measure
from idn.report.run_data import RunData
from idn.report.run_images import RunImages
from idn.report.samples import contact_sheet
from idn.report.svg import inline

__all__ = ["Evidence", "evidence", "sections"]

MOST_CLASSES = 100
MOST_OPEN = 15  # rows of a table that is open from the start


@dataclass(frozen=True)
class Evidence:
    """What the traces of one run show, finished for a page; `missing` says why where there is nothing."""

    label: str
    measured: Sequence[ExitReliability] = ()
    drawing: str = ""
    classes: str = ""
    samples: str = ""
    missing: str = ""


def evidence(run: RunData, label: str, images: RunImages, name: str = "reliability") -> Evidence:
    """Reads the traces of a run and draws them; `name` makes its ids differ from others on the page."""
    try:
        answers = read(run)
    except (RunError, StoreError) as error:
        # The page may be passed on: the folders of this machine are left out.
        return Evidence(label, missing=str(error).replace(f"{run.path}/", ""))
    measured = measure(answers)
    drawing = inline(diagrams(measured), name, f"Reliability of {label}", _described(measured))
    return Evidence(label, measured, drawing, class_table(answers), contact_sheet(answers, images))


def sections(found: Sequence[Evidence]) -> list[str]:
    """The three sections over some runs; those without traces are named, with the reason."""
    there = [one for one in found if not one.missing]
    lacking = "".join(
        html.paragraph(f"{one.label}: no calibration, classes and images: {one.missing}", "soft")
        for one in found
        if one.missing
    )
    if not there:
        return [html.section("From the traces", lacking)] if lacking else []
    return [reliability(there) + lacking, classes(there), samples(there)]


def reliability(found: Sequence[Evidence]) -> str:
    """Calibration errors in a table, and a diagram per exit."""
    rows = [
        [
            _exit_cell(exit_.exit, one.label if len(found) > 1 else ""),
            f"{exit_.temperature:.2f}",
            percent(100 * exit_.before.error),
            percent(100 * exit_.after.error),
        ]
        for one in found
        for exit_ in one.measured
    ]
    head = ["exit", "temperature", "error before", "error after"]
    caption = (
        f"Test samples in 15 bins by confidence, bins of fewer than {FEWEST} not drawn; on the dashed line "
        "an exit is right as often as it says. Grey: as trained (temperature 1); coloured: with one "
        "temperature per exit, fitted on validation data. The error is the expected calibration error: the "
        "mean gap to the line, by share of samples."
    )
    drawn = [(one.label, html.figure(one.drawing)) for one in found]
    table = html.table(head, rows)
    return html.section(
        "How sure the exits are",
        table if len(rows) <= MOST_OPEN else html.folded("All exits of all runs", table),
        html.paragraph(caption, "soft"),
        html.one_or_folded(drawn),
    )


def classes(found: Sequence[Evidence]) -> str:
    """Accuracy by class and exit."""
    caption = (
        "Test accuracy of each class if one exit answers for all, and with early exits at the chosen "
        "thresholds; in the last column, how many of the class leave early."
    )
    parts = [(one.label, one.classes) for one in found]
    return html.section("Class by class", html.paragraph(caption, "soft"), html.one_or_folded(parts))


def samples(found: Sequence[Evidence]) -> str:
    """Contact sheets."""
    caption = (
        "Test images by the exit they left at, at the chosen thresholds: those the exit was surest of, first "
        "right ones, then, marked ✗, wrong ones."
    )
    parts = [(one.label, one.samples) for one in found]
    return html.section("Images by exit", html.paragraph(caption, "soft"), html.one_or_folded(parts))


def class_table(answers: Answers) -> str:
    """The accuracy of every class at every exit, as a table; of very many classes, the hardest."""
    labels, names = answers.test.labels, answers.class_names
    right = answers.test.logits.argmax(axis=2) == labels[:, None]
    counts = np.bincount(labels, minlength=len(names))

    def by_class(column: NDArray[np.bool_]) -> NDArray[np.float64]:
        return 100 * np.bincount(labels, weights=column, minlength=len(names)) / np.maximum(counts, 1)

    accuracies = [by_class(column) for column in (*right.T, answers.said == labels)]
    early = by_class(answers.left < right.shape[1] - 1)
    order = np.arange(len(names))
    if len(names) > MOST_CLASSES:
        order = np.sort(np.argsort(accuracies[-2], kind="stable")[:MOST_CLASSES])
    rows = [
        (names[one], [float(column[one]) for column in accuracies], [f"{early[one]:.1f} %"])
        if counts[one]
        else (names[one], [None] * len(accuracies), [NOTHING])
        for one in order
    ]
    table = html.heat_table(["class", *answers.exit_names, "early exits", "leave early"], rows)
    if len(names) <= MOST_CLASSES:
        return table
    return table + html.paragraph(
        f"The {MOST_CLASSES} hardest of {len(names)} classes for the last exit.", "soft"
    )


def _exit_cell(name: str, label: str) -> html.Finished:
    origin = f'<span class="origin">{escape(label)}</span>' if label else ""
    return html.Finished(escape(name) + origin)


def _described(measured: Sequence[ExitReliability]) -> str:
    return "; ".join(
        f"{one.exit}: calibration error {percent(100 * one.before.error)}, after temperature "
        f"{one.temperature:.2f} {percent(100 * one.after.error)}"
        for one in measured
    )
