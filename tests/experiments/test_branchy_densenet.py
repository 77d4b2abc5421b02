from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_up import MILLION, check_smoke, judged, one, run, surely

from idn.report import RunData

SLUG = "branchy_densenet"
SAMPLES = 1000
ENTROPY = {"name": "entropy", "temperature": 1.0, "normalized": True}
SPEED_UP = "speed-up over the original network"


def study(folder: Path, *, trunk: float = 0.8, **changes: Any) -> dict[str, RunData]:
    """The most accurate thresholds let all leave at exit 1: there 90 % are right, later no more."""
    settings: dict[str, Any] = {
        "model": "b_densenet",
        "criterion": ENTROPY,
        "device": "cuda:0",
        "exit_ms": [1.0, 2.0, 4.5],
        "trunk_ms": 4.0,
        "trunk_macs": 5 * MILLION,
        "macs": [2 * MILLION, 4 * MILLION, 6 * MILLION],
    } | changes
    return {
        "trunk": run(folder / "trunk", surely(SAMPLES, trunk), model="densenet"),
        "branchy": run(folder / "branchy", surely(SAMPLES, 0.9, 0.9, 0.85), **settings),
    }


def test_the_smoke_study_has_every_published_entry(smoke_study: Callable[[str], Path]) -> None:
    check_smoke(smoke_study(SLUG), SLUG, 1, {"faster": 2, "accuracy": 1})


def test_the_speed_up_is_that_of_the_most_accurate_thresholds(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path))
    speed = one(entries, SPEED_UP)
    assert (speed.published, speed.measured, speed.holds) == (3.0, 4.0, True)
    clock, operations = (entry for entry in entries if "is faster than the original" in entry.what)
    assert (clock.holds, clock.measured) == (True, "4.00× as fast")  # noqa: RUF001
    assert (operations.holds, operations.measured) == (True, "2.50× fewer")  # noqa: RUF001


def test_a_lower_speed_up_than_published_does_not_hold(tmp_path: Path) -> None:
    speed = one(judged(SLUG, study(tmp_path, trunk_ms=2.9)), SPEED_UP)
    assert (speed.measured, speed.holds) == (pytest.approx(2.9), False)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"device": "cpu"}, "no GPU in this run"),
        ({"dataset": "digits"}, "this run is on digits"),
        ({"options": {"growth": 12}}, "published for growth 32, this run has 12"),
        ({"options": {"blocks": [2, 4, 8, 4]}}, "this run has [2, 4, 8, 4]"),
        ({"criterion": {"name": "confidence", "temperature": 1.0}}, "this run is by confidence"),
        ({"exit_ms": None}, "not timed exit by exit"),
    ],
)
def test_the_published_speed_up_is_compared_only_with_its_like(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    speed = one(judged(SLUG, study(tmp_path, **changes)), SPEED_UP)
    assert (speed.measured, speed.holds) == (None, None)
    assert told in speed.what


def test_a_cousin_is_judged_by_the_claims(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, options={"growth": 12}, device="cpu"))
    assert [entry.holds for entry in entries] == [None, True, True, True]


def test_slower_or_dearer_than_the_trunk_is_not_faster(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, trunk_ms=1.0, trunk_macs=2 * MILLION))
    assert [entry.holds for entry in entries if "is faster than" in entry.what] == [False, False]


@pytest.mark.parametrize(("trunk", "holds"), [(0.8, True), (0.896, False), (0.9, False), (0.95, False)])
def test_accuracy_must_be_higher_than_the_original_networks(
    tmp_path: Path, trunk: float, holds: bool
) -> None:
    entries = judged(SLUG, study(tmp_path, trunk=trunk))
    assert one(entries, "at its best-accuracy setting BranchyNet is slightly").holds is holds


def test_a_study_without_the_trunk_alone_cannot_compare_with_it(tmp_path: Path) -> None:
    runs = study(tmp_path)
    del runs["trunk"]
    entries = judged(SLUG, runs)
    assert [entry.holds for entry in entries] == [True, True, True, None]
    assert "the study has no trunk" in entries[-1].what
