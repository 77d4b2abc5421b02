"""The page over many runs: claims, trade-offs and what the traces show, run beside run."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from idn.report import collection_figures, html, trace_sections, trade_off_plot
from idn.report.document import document
from idn.report.format import NOTHING, gain, interval, macs, percent
from idn.report.page import FILE_NAME
from idn.report.run_images import RunImages
from idn.report.svg import inline
from idn.report.trace_sections import MOST_OPEN

if TYPE_CHECKING:
    from idn.report.collection import Collection
    from idn.report.run_data import RunData

__all__ = ["render"]

_VERDICTS = ((False, "Does not hold"), (True, "Holds"), (None, "Cannot be tested"))


def render(collection: Collection, base: Path | None = None) -> str:
    """The page as text; all that comes from files is escaped.

    :param base: the folder the page will lie in, for links to the reports of the runs; without it, none.
    """
    title = _title(collection)
    images = RunImages()
    found = [
        trace_sections.evidence(run, label, images, f"reliability-{index}")
        for index, (run, label) in enumerate(zip(collection.runs, collection.labels, strict=True))
    ]
    parts = [
        header(collection, title),
        runs_table(collection, base),
        claims(collection),
        trade_offs(collection),
        exit_rates(collection),
        *trace_sections.sections(found),
        "<footer>Made by idn from the files of these runs, and images of their data; this page loads nothing."
        "</footer>",
    ]
    described = f"Accuracy against cost of {len(collection.runs)} runs"
    return document(title, described, parts, script=trade_off_plot.script())


def header(collection: Collection, title: str) -> str:
    """What is on the page."""
    found = [entry for study in collection.studies for entry in study.comparisons]
    found += [entry for run in collection.runs for entry in run.comparisons]
    ours = [entry for entry in found if entry.is_ours]
    found = [entry for entry in found if not entry.is_ours]
    counts = {verdict: sum(entry.holds is verdict for entry in found) for verdict, _ in _VERDICTS}
    tiles = [("runs", f"{len(collection.runs)}", ", ".join(collection.by_data_set()))]
    if found:
        tiles.append(("hold", f"{counts[True]}", "of what was published"))
        tiles.append(("do not hold", f"{counts[False]}", "as measured here"))
        tiles.append(("cannot be tested", f"{counts[None]}", "in these runs"))
    if ours:
        held = sum(entry.holds is True for entry in ours)
        tiles.append(("of our own claims", f"{held} of {len(ours)}", "hold"))
    notes = [f"{one.study.name}: {one.study.note}" for one in collection.studies if one.study.note]
    if len(collection.studies) == len(notes) == 1:
        notes = [collection.studies[0].study.note]
    missing = ", ".join(path.name for path in collection.unfinished)
    return "".join(
        [
            "<header>",
            html.paragraph(_kicker(collection), "kicker"),
            f"<h1>{escape(title)}</h1>",
            *(html.paragraph(note, "note") for note in notes),
            html.paragraph(f"Not finished, and not on this page: {missing}.", "note") if missing else "",
            html.tiles(tiles),
            "</header>",
        ]
    )


def runs_table(collection: Collection, base: Path | None) -> str:
    """One line for each run, with a link to its own report."""
    rows = []
    for index, (run, label) in enumerate(zip(collection.runs, collection.labels, strict=True)):
        summary, test = run.summary, run.summary.test
        name = html.Finished(f'<span id="run-{index}">{_report_link(run, label, base)}</span>')
        rows.append(
            [
                name,
                f"{summary.model} on {summary.dataset}, {summary.preset}",
                percent(test.accuracy),
                percent(summary.exits[-1].test_accuracy),
                NOTHING if summary.trunk is None else percent(summary.trunk.test_accuracy),
                macs(test.mean_macs),
                NOTHING if test.mac_gain is None else gain(test.mac_gain),
                NOTHING if summary.time is None else gain(summary.time.gain),
                NOTHING if summary.engine_time is None else gain(summary.engine_time.gain),
            ]
        )
    head = ["run", "network", "early exits", "last exit", "trunk alone", "MACs", "fewer"]
    head += ["speed-up", "speed-up, engine"]
    text = (
        "Accuracies are of the test split; with early exits at the thresholds each run chose on validation "
        "data. Fewer MACs and speed-up are against the trunk without heads, in PyTorch and on the engine."
    )
    return html.section("The runs", html.table(head, rows), html.paragraph(text, "soft"))


def claims(collection: Collection) -> str:
    """Published against measured: of each study as a whole, then over all runs by verdict."""
    parts = []
    for one in collection.studies:
        if one.comparisons:
            title = f"Across the runs of {one.study.experiment}: {one.study.name}"
            parts += [html.subtitle(title), html.comparison_table(one.comparisons)]
    found = [
        (entry, html.Finished(f"{html.link(label, f'#run-{index}')}, {escape(entry.preset)}"))
        for index, (run, label) in enumerate(zip(collection.runs, collection.labels, strict=True))
        for entry in run.comparisons
    ]
    # What is tested in several runs stands together, where it came first.
    place = {entry.what: number for number, (entry, _) in reversed(list(enumerate(found)))}
    found.sort(key=lambda one: place[one[0].what])
    if parts and found:
        parts.append(html.subtitle("In each run"))
    for verdict, words in _VERDICTS:
        some = [one for one in found if one[0].holds is verdict]
        if some:
            table = html.comparison_table([entry for entry, _ in some], [origin for _, origin in some])
            parts.append(html.folded(f"{words}: {len(some)}", table, opened=len(some) <= MOST_OPEN))
    if not parts:
        return ""
    return html.section(
        "Published and measured",
        html.paragraph(
            "A number holds if it lies in the measured 95 % interval or the measurement is better; a claim, "
            "if its test in the experiment's code passes.",
            "soft",
        ),
        *parts,
    )


def trade_offs(collection: Collection) -> str:
    """One plot for each data set."""
    parts = []
    found = collection.by_data_set()
    for number, (name, some) in enumerate(found.items()):
        if len(found) > 1:
            parts.append(html.subtitle(name))
        runs, labels = [run for run, _ in some], [label for _, label in some]
        parts.append(trade_off_plot.plot(runs, labels, f"plot{number}"))
    if any(run.summary.time is not None for run in collection.runs):
        text = (
            "Times are of one sample at a time, each on the machine of its run: compare those of one "
            "machine. Runs on the same trunk share one measure of it, the median of theirs, and the times of "
            "each are in proportion to that."
        )
        parts.append(html.paragraph(text, "soft"))
    if unsteady := _unsteady(collection):
        parts.append(html.paragraph(unsteady, "note"))
    return html.section("Accuracy against cost", *parts)


def _unsteady(collection: Collection) -> str:
    named = [
        f"{label} ({interval(run.summary.time.spread.gain)}\u00d7)"
        for run, label in zip(collection.runs, collection.labels, strict=True)
        if run.summary.time is not None and run.summary.time.unsteady and run.summary.time.spread is not None
    ]
    if not named:
        return ""
    return (
        "The repeats of these speed-ups are far apart, as on a machine that was busy with other work; trust "
        f"their operations rather than their times: {', '.join(named)}."
    )


def exit_rates(collection: Collection) -> str:
    """A bar for each run."""
    summaries = [run.summary for run in collection.runs]
    described = "; ".join(
        f"{label}: " + ", ".join(f"{rate:.1f} %" for rate in summary.test.exit_rates)
        for label, summary in zip(collection.labels, summaries, strict=True)
    )
    drawn = collection_figures.exit_rates(summaries, collection.labels)
    drawing = inline(drawn, "exit-rates", "Where samples leave", described)
    caption = "Test samples that leave at each exit, from the first on the left, at the chosen thresholds."
    return html.section("Where samples leave", html.figure(drawing, caption))


def _title(collection: Collection) -> str:
    names = [one.study.name for one in collection.studies]
    if len(names) == 1 and len(collection.runs) <= len(collection.studies[0].run_dirs):
        return f"{collection.studies[0].study.experiment}: {names[0]}"
    count = len(collection.runs)
    return f"{count} {'run' if count == 1 else 'runs'}"


def _kicker(collection: Collection) -> str:
    slugs = [one.study.experiment for one in collection.studies]
    slugs += [run.summary.experiment for run in collection.runs]
    presets = [run.summary.preset for run in collection.runs]
    return f"{', '.join(dict.fromkeys(slugs))} · preset {', '.join(dict.fromkeys(presets))}"


def _report_link(run: RunData, label: str, base: Path | None) -> str:
    file = run.path / FILE_NAME
    if base is None or not file.is_file():
        return escape(label)
    return html.link(label, quote(Path(os.path.relpath(file, base.resolve())).as_posix()))
