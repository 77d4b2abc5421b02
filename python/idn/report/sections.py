"""The parts of the page, top to bottom; each gives HTML, or nothing where the run has nothing to show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from idn.report import figures, html, trace_sections
from idn.report.batching_rows import batching_rows
from idn.report.format import NOTHING, criterion, duration, gain, interval, macs, percent, threshold
from idn.report.run_data import RunData
from idn.report.run_images import RunImages
from idn.report.summary import NotExported, Summary, Time
from idn.report.svg import inline

LONG = 400  # characters beyond which a fact of the environment is folded away


def all_sections(run: RunData) -> list[str]:
    """Header, result, figures, comparison, what the traces show, time, repetition."""
    before = [part(run) for part in (header, result, trade_off, exits, comparison)]
    shown = trace_sections.sections([trace_sections.evidence(run, run.name, RunImages())])
    return [*before, *shown, *(part(run) for part in (training, time, on_engine, batches, repeat))]


def header(run: RunData) -> str:
    """What ran, how, and on what."""
    summary = run.summary
    classes = summary.classes if isinstance(summary.classes, int) else len(summary.classes)
    trained = "" if summary.training_seconds is None else f", trained in {duration(summary.training_seconds)}"
    lead = (
        f"{_count(len(summary.exits), 'exit', 'exits')}, {_count(classes, 'class', 'classes')}, "
        f"on {_device(summary.device)}{trained}. Exit rule: {criterion(summary)}."
    )
    note = run.config.get("note")
    changes = run.environment.get("overrides")
    if summary.preset.endswith(", changed") and isinstance(changes, list) and changes:
        note = f"{note or ''} Changed in this run: {', '.join(map(str, changes))}.".strip()
    title = escape(f"{summary.model} on {summary.dataset}")
    return "".join(
        [
            "<header>",
            html.paragraph(f"{summary.experiment} · preset {summary.preset} · {run.name}", "kicker"),
            f"<h1>{title}</h1>",
            html.paragraph(lead, "lead"),
            html.paragraph(str(note), "note") if note else "",
            "</header>",
        ]
    )


def result(run: RunData) -> str:
    """The result in up to five numbers."""
    summary, test = run.summary, run.summary.test
    operations = f"{macs(test.mean_macs)} against {macs(summary.trunk_macs)} MACs"
    found = [
        (
            "test accuracy",
            percent(test.accuracy),
            _within(test.accuracy_interval, "at the chosen thresholds")
            + f"; validation {percent(summary.validation.accuracy)}",
        ),
        ("leave early", f"{sum(test.exit_rates[:-1]):.1f} %", "of the test samples"),
    ]
    if test.mac_gain is not None:
        found.append(("fewer operations", gain(test.mac_gain), operations))
    if summary.time is not None:
        spread = summary.time.spread
        under = "heads timed too" if spread is None else f"repeats {interval(spread.gain)}"
        found.append(("measured speed-up", gain(summary.time.gain), under))
    if summary.trunk is not None:
        under = _within(summary.trunk.accuracy_interval, "no exits")
        if (epochs := run.trunk_epochs) is not None:
            under += f", after {epochs[0]} of {epochs[1]} epochs"
        found.append(("trunk alone", percent(summary.trunk.test_accuracy), under))
    return html.tiles(found) + _validation_against_test(summary)


def trade_off(run: RunData) -> str:
    """The accuracy-cost figure with its reading."""
    summary = run.summary
    points = [(f"exit {item.name}", item.test_accuracy, item.macs) for item in summary.exits]
    points.append(("chosen thresholds", summary.test.accuracy, summary.test.mean_macs))
    described = "; ".join(
        f"{name}: {percent(accuracy)} at {macs(cost)} MACs" for name, accuracy, cost in points
    )
    title = "Accuracy against operations"
    drawing = inline(figures.trade_off(run), "trade-off", title, described)
    caption = (
        "Up and left is better. The curve shows thresholds picked on validation data and measured on test; "
        "squares, one exit answering for every sample; the ring, the operating point of this report."
    )
    if summary.trunk is not None:
        caption += " The star is the trunk trained alone, without heads"
        caption += f", for {run.trunk_epochs[0]} of the epochs only." if run.trunk_epochs else "."
    return html.section(title, html.figure(drawing, caption))


def exits(run: RunData) -> str:
    """Exit by exit: accuracy, operations, and who leaves there."""
    summary = run.summary
    early = len(summary.exits) - 1
    limits = [threshold(value) for value in summary.thresholds[:early]]
    limits += ["answers the rest"] * (len(summary.exits) - len(limits))
    rows = [
        [
            item.name,
            percent(item.test_accuracy),
            percent(item.validation_accuracy),
            macs(item.macs),
            NOTHING if item.parameters is None else f"{item.parameters:,}",
            limit,
            f"{rate:.1f} %",
        ]
        for item, limit, rate in zip(summary.exits, limits, summary.test.exit_rates, strict=True)
    ]
    if summary.trunk is not None:
        alone = [percent(summary.trunk.test_accuracy), NOTHING, macs(summary.trunk_macs)]
        rows.append(["trunk alone", *alone, NOTHING, NOTHING, NOTHING])
    head = ["exit", "test", "validation", "MACs", "parameters", "threshold T", "leave here"]
    shares = "; ".join(f"{row[0]}: {row[-1]}" for row in rows[: early + 1])
    drawing = inline(figures.exit_rates(run), "exit-rates", "Where samples leave", f"On test, {shares}.")
    caption = (
        "Accuracies as if the exit answered for every sample. MACs are multiply-accumulates from the input "
        "to the exit, all heads on the way counted; the trunk without heads takes "
        f"{macs(summary.trunk_macs)}, the network with every head {macs(summary.full_macs)}. Full bars: "
        "test; pale bars: the validation data on which the thresholds were chosen."
    )
    return html.section("The exits", html.table(head, rows), html.figure(drawing, caption))


def comparison(run: RunData) -> str:
    """Published against measured."""
    if not run.comparisons:
        return ""
    holds, fails, untested = (sum(item.holds is v for item in run.comparisons) for v in (True, False, None))
    return html.section(
        "Published and measured",
        html.paragraph(f"{holds} hold, {fails} do not, {untested} cannot be tested in this run."),
        html.paragraph(
            "A number holds if it lies in the measured 95 % interval or the measurement is better; a claim, "
            "if its test in the experiment's code passes.",
            "soft",
        ),
        html.comparison_table(run.comparisons),
    )


def training(run: RunData) -> str:
    """How the exits learnt."""
    drawn = figures.training_curves(run)
    if drawn is None:
        return ""
    described = "One line for each exit, stage after stage."
    drawing = inline(drawn, "training", "Validation accuracy by epoch", described)
    caption = "Accuracy of every exit on validation data after each epoch."
    return html.section("Training", html.figure(drawing, caption))


def time(run: RunData) -> str:
    """The clock, and what was on it."""
    measured = run.summary.time
    if measured is None:
        return ""
    trunk, branchy = f"{measured.trunk_ms:.3f} ms", f"{measured.branchy_ms:.3f} ms"
    rows = [["trunk alone", trunk], ["with early exits", branchy], ["speed-up", gain(measured.gain)]]
    head = ["", "per sample"]
    exits = [] if measured.exit_ms is None else zip(run.summary.exits, measured.exit_ms, strict=False)
    leaving = [[f"leaving at {exit_.name}", f"{ms:.3f} ms"] for exit_, ms in exits]
    if measured.spread is not None:
        spread = measured.spread
        ranges = [interval(spread.trunk_ms, 3), interval(spread.branchy_ms, 3), interval(spread.gain)]
        rows = [[*row, span] for row, span in zip(rows, ranges, strict=True)]
        leaving = [[*row, NOTHING] for row in leaving]
        head.append("range of the repeats")
    threads = "" if measured.threads is None else f", {_count(measured.threads, 'thread', 'threads')}"
    text = (
        f"One sample at a time on {_device(run.summary.device)}{threads}, {measured.samples:,} samples of "
        f"the test split, {_count(measured.repeats, 'repeat', 'repeats')}. Heads, softmax and the decision "
        f"to leave are all on the clock; data loading is not. {_by_exit(measured)}Times depend on the "
        "machine and what else runs on it: compare ratios, not milliseconds."
    )
    busy = "The repeats are far apart: the machine was busy. Trust the operations rather than the times."
    unsteady = html.paragraph(busy, "note") if measured.unsteady else ""
    return html.section("Time", html.table(head, rows + leaving), unsteady, html.paragraph(text))


def on_engine(run: RunData) -> str:
    """The network's package without Python: the same answers, and their cost."""
    found = run.summary.engine
    if found is None:
        return ""
    title = "On the engine"
    if isinstance(found, NotExported):
        return html.section(title, html.paragraph(f"The network was not exported: {found.reason}", "note"))
    time, spread = found.time, found.time.spread
    rows = [
        [
            "trunk alone",
            macs(found.trunk_operations),
            f"{time.trunk_ms:.3f} ms",
            interval(spread.trunk_ms, 3),
        ],
        [
            "with early exits",
            macs(found.operations),
            f"{time.branchy_ms:.3f} ms",
            interval(spread.branchy_ms, 3),
        ],
        ["gain", gain(found.operation_gain), gain(time.gain), interval(spread.gain)],
    ]
    head = ["", "operations per sample", "time per sample", "range of the repeats"]
    shares = ", ".join(f"{rate:.1f} %" for rate in found.exit_rates)
    text = (
        f"model.safetensors run by C++, exit by exit, on the test split: {percent(found.accuracy)} right; "
        f"leaving at the exits in order {shares}. {percent(found.same_labels)} of the samples have the label "
        f"and {percent(found.same_exits)} the exit of plain PyTorch. A multiply-add is two operations, and "
        "all else counts too. Times are of one sample at a time on one thread, in turns with the trunk in an "
        f"engine of its own: {time.samples:,} samples, {_count(time.repeats, 'repeat', 'repeats')}."
    )
    return html.section(title, html.table(head, rows), html.paragraph(text))


def batches(run: RunData) -> str:
    """What dropping the samples that left is worth in a batch."""
    drawn = figures.batching(run)
    if drawn is None:
        return ""
    title = "Batches on the engine"
    described = "Time per sample by the share that leaves at exit 1, a panel for each batch size."
    caption = (
        "Time where some leave at exit 1, in units of that of the same batch where nobody leaves; bars are "
        "the middle half of the repeats. Ideal is the time by shares, of batches where everybody "
        "and where nobody leaves."
    )
    head, rows = batching_rows(run)
    return html.section(
        title, html.figure(inline(drawn, "batching", title, described), caption), html.table(head, rows)
    )


def repeat(run: RunData) -> str:
    """Where it ran, and how to run it again."""
    command = run.environment.get("command")
    known = isinstance(command, str) and bool(command)
    again = str(command) if known else "idn run config.yaml --out again"
    where = "Where it is finished, it is only shown again; --out puts another run elsewhere."
    place = html.paragraph(where if known else "In the directory of this run.", "soft")
    named = run.environment.items()
    found = [(key.replace("_", " "), value) for key, value in named if key != "command"]
    long = [(name, str(value)) for name, value in found if len(str(value)) > LONG]
    facts = [(name, value) for name, value in found if len(str(value)) <= LONG]
    config = json.dumps(run.config, indent=2, ensure_ascii=False, default=str)
    footer = "Made by idn from the files of this run, and images of its data; this page loads nothing."
    return (
        html.section(
            "Run it again",
            html.code(again),
            place,
            html.facts(facts),
            html.folded("The whole configuration", html.code(config)),
            *(html.folded(name, html.code(text)) for name, text in long),
        )
        + f"<footer>{footer}</footer>"
    )


def _validation_against_test(summary: Summary) -> str:
    """Points out where what the thresholds were chosen on promised more, or less, than test keeps."""
    bounds, validation = summary.test.accuracy_interval, summary.validation.accuracy
    if bounds is None or bounds[0] <= validation <= bounds[1]:
        return ""
    return html.paragraph(
        f"On validation data, where the thresholds were chosen, accuracy was {percent(validation)}: outside "
        "the interval of test. `idn policy make RUN --epsilon` chooses thresholds whose loss is bounded.",
        "note",
    )


def _by_exit(time: Time) -> str:
    """What lies between the times of the exits and that of the trunk."""
    if time.exit_ms is None or not time.trunk_ms:
        return ""
    more = 100 * (time.exit_ms[-1] / time.trunk_ms - 1)
    return (
        f"A sample that goes through to the last exit takes {more:+.0f} % of the trunk's time on top: the "
        "heads on the way, and the decisions to stay. "
    ).replace("+-", "-")


def _within(bounds: Sequence[float] | None, otherwise: str) -> str:
    return otherwise if bounds is None else f"95 % interval {interval(bounds)}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _device(device: str) -> str:
    return {"cpu": "the CPU", "cuda": "the GPU"}.get(device, device)
