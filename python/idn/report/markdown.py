"""Runs and studies in Markdown, as the READMEs of experiments show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from idn.report.batching_rows import batching_rows
from idn.report.format import gain, interval, macs, measure, percent, verdict
from idn.report.run_data import RunData, load
from idn.report.study_dir import STUDY_FILE, StudyDir, read_study

if TYPE_CHECKING:
    from idn.experiment.comparison import Comparison

__all__ = ["markdown_table", "runs_under", "studies_under"]

_PRESETS = ("smoke", "cpu", "paper")


def markdown_table(runs: Sequence[RunData], studies: Sequence[StudyDir] = ()) -> str:
    """The results of an experiment in Markdown.

    Runs have one line each, then published against measured for each. Of a study there is one line per
    variant, then published against measured for the whole.

    :raises idn.errors.RunError: where a variant of a study is not there, or damaged.
    """
    if not runs and not studies:
        return "No run has been committed yet."
    lines = _runs(sorted(runs, key=_run_order)) if runs else []
    for study in sorted(studies, key=_study_order):
        lines += ([""] if lines else []) + _study(study)
    return "\n".join(lines)


def runs_under(results: Path) -> list[RunData]:
    """The runs in a folder such as results/branchynet_2016, none if it is not there; without studies."""
    return [load(path.parent) for path in sorted(results.glob("*/summary.json"))]


def studies_under(results: Path) -> list[StudyDir]:
    """The studies in a folder such as results/branch_weights, none if it is not there."""
    return [read_study(path.parent) for path in sorted(results.glob(f"*/{STUDY_FILE}"))]


def _runs(runs: Sequence[RunData]) -> list[str]:
    lines = [
        "| run | preset | data | trunk alone | last exit | with early exits | 95 % interval | leave early "
        "| MACs | speed | speed, engine | claims and numbers |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    lines += [_line(_run_cells(run)) for run in runs]
    for run in runs:
        if run.comparisons:
            note = _cell(str(run.config.get("note") or ""))
            about = f"Run `{_cell(run.name)}` (preset {_cell(run.summary.preset)}): {note}".rstrip()
            lines += ["", about, "", *_comparisons(run.comparisons)]
        if run.summary.batching:
            head, rows = batching_rows(run)
            lines += ["", _line(head), "|" + "--:|" * len(head), *(_line(row) for row in rows)]
    return lines


def _study(study: StudyDir) -> list[str]:
    runs = [load(path) for path in study.run_dirs]
    data = ", ".join(dict.fromkeys(run.summary.dataset for run in runs))
    about = f"Study `{_cell(study.path.name)}` (preset {_cell(study.study.preset)}, on {_cell(data)}): "
    lines = [
        (about + _cell(study.study.note)).rstrip(": "),
        "",
        "| variant | each exit alone | with early exits | 95 % interval | leave early | MACs | ms | speed "
        "| ms, engine | speed, engine |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_line(_variant_cells(run)) for run in runs),
    ]
    return [*lines, "", *_comparisons(study.comparisons)] if study.comparisons else lines


def _comparisons(entries: Sequence[Comparison]) -> list[str]:
    return [
        "| what | published | measured | 95 % interval | verdict |",
        "|---|--:|--:|--:|---|",
        *(_line(_comparison_cells(entry)) for entry in entries),
    ]


def _run_cells(run: RunData) -> list[str]:
    summary = run.summary
    test = summary.test
    counts = {holds: sum(item.holds is holds for item in run.comparisons) for holds in (True, False, None)}
    return [
        f"`{run.name}`",
        summary.preset,
        summary.dataset,
        percent(summary.trunk.test_accuracy) if summary.trunk else "",
        percent(summary.exits[-1].test_accuracy),
        percent(test.accuracy),
        interval(test.accuracy_interval),
        f"{sum(test.exit_rates[:-1]):.1f} %",
        f"{gain(test.mac_gain)} fewer" if test.mac_gain is not None else "",
        gain(summary.time.gain) if summary.time else "",
        gain(summary.engine_time.gain) if summary.engine_time else "",
        f"{counts[True]} hold, {counts[False]} do not, {counts[None]} not testable",
    ]


def _variant_cells(run: RunData) -> list[str]:
    summary, test, time, engine = run.summary, run.summary.test, run.summary.time, run.summary.engine_time
    branchy = len(summary.exits) > 1
    fewer = f", {gain(test.mac_gain)} fewer" if branchy and test.mac_gain is not None else ""
    return [
        f"`{run.name}`",
        ", ".join(f"{exit_.test_accuracy:.2f}" for exit_ in summary.exits) + " %",
        percent(test.accuracy) if branchy else "",
        interval(test.accuracy_interval),
        f"{sum(test.exit_rates[:-1]):.1f} %" if branchy else "",
        macs(test.mean_macs) + fewer,
        f"{time.branchy_ms:.3g}" if time else "",
        gain(time.gain) if time and branchy else "",
        f"{engine.branchy_ms:.3g}" if engine else "",
        gain(engine.gain) if engine and branchy else "",
    ]


def _comparison_cells(item: Comparison) -> list[str]:
    bounds = interval(item.interval)
    return [item.what, measure(item.published), measure(item.measured), bounds, verdict(item)]


def _run_order(run: RunData) -> tuple[str, int, str]:
    return run.summary.model, _preset_order(run.summary.preset), run.name


def _study_order(study: StudyDir) -> tuple[int, str]:
    return _preset_order(study.study.preset), study.path.name


def _preset_order(preset: str) -> int:
    first = preset.split(",")[0]  # "cpu, changed" stands with "cpu"
    return _PRESETS.index(first) if first in _PRESETS else len(_PRESETS)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"
