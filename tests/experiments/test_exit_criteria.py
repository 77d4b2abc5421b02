from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import check_smoke, judged, one, run, surely

from idn import report
from idn.report import RunData

SLUG = "exit_criteria"
SAMPLES = 500
ENTROPY = {"name": "entropy", "temperature": 1.0, "normalized": True}


def study(
    folder: Path,
    confidence: tuple[float, float],
    entropy: tuple[float, float],
    *,
    ms: tuple[float, float] | None = (1.0, 2.0),
    slower: float = 1.0,
) -> dict[str, RunData]:
    return {
        "confidence": run(
            folder / "confidence",
            surely(SAMPLES, *confidence),
            exit_ms=None if ms is None else [slower * one for one in ms],
        ),
        "entropy": run(folder / "entropy", surely(SAMPLES, *entropy), exit_ms=ms, criterion=ENTROPY),
    }


def test_the_smoke_study_has_every_published_entry_and_every_criterion(
    smoke_study: Callable[[str], Path],
) -> None:
    folder = smoke_study(SLUG)
    check_smoke(folder, SLUG, 0, {"confidence": 2})
    variants = json.loads((folder / "study.json").read_text())["variants"]
    assert variants == ["confidence", "entropy", "margin", "patience", "vote", "learned"]
    assert [report.load(folder / name).summary.criterion["name"] for name in variants] == variants


@pytest.mark.parametrize(
    ("confidence", "entropy", "holds"),
    [((0.7, 0.9), (0.5, 0.9), True), ((0.7, 0.9), (0.7, 0.9), False), ((0.5, 0.9), (0.7, 0.9), False)],
)
def test_confidence_must_be_more_accurate_at_equal_budgets(
    tmp_path: Path, confidence: tuple[float, float], entropy: tuple[float, float], holds: bool
) -> None:
    entries = judged(SLUG, study(tmp_path, confidence, entropy))
    assert len(entries) == 2
    assert [entry.holds for entry in entries] == [holds, holds]


def test_time_counts_what_the_criterion_costs_and_operations_do_not(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, (0.6, 0.9), (0.55, 0.9), slower=1.5))
    claim = "confidence reaches higher accuracy for less time than entropy on this network"
    assert one(entries, f"{claim} (by MACs)").holds is True
    assert one(entries, f"{claim} (by measured time)").holds is False


def test_a_machine_that_was_slower_during_one_run_makes_no_difference(tmp_path: Path) -> None:
    runs = study(tmp_path, (0.7, 0.9), (0.5, 0.9))
    before = judged(SLUG, runs)
    runs["confidence"] = run(tmp_path / "slow", surely(SAMPLES, 0.7, 0.9), exit_ms=[5.0, 10.0], trunk_ms=15.0)
    assert judged(SLUG, runs) == before


def test_runs_that_were_not_timed_exit_by_exit_leave_time_untested(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, (0.7, 0.9), (0.5, 0.9), ms=None))
    assert [entry.holds for entry in entries] == [None, True]
    assert "not timed exit by exit" in entries[0].what


def test_runs_on_different_data_are_not_compared(tmp_path: Path) -> None:
    runs = study(tmp_path, (0.7, 0.9), (0.5, 0.9))
    runs["entropy"] = run(tmp_path / "other", surely(SAMPLES, 0.5, 0.9), dataset="digits", criterion=ENTROPY)
    assert [entry.holds for entry in judged(SLUG, runs)] == [None, None]
