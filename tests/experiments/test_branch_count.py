from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from made_up import MILLION, check_smoke, judged, one, run, surely

from idn.report import RunData

SLUG = "branch_count"
SAMPLES = 1000
CLAIM = "three branches give a wider range of accuracy and inference time than two"


def study(
    folder: Path,
    three: tuple[float, float, float] = (0.5, 0.7, 0.9),
    two: tuple[float, float] = (0.7, 0.9),
    macs: Sequence[float] = (1, 2, 3),
    ms: Sequence[float] | None = (1.0, 2.0, 3.0),
) -> dict[str, RunData]:
    cost = [round(one * MILLION) for one in macs]
    return {
        "two": run(
            folder / "two",
            surely(SAMPLES, *two),
            macs=[2 * MILLION, 3 * MILLION],
            exit_ms=None if ms is None else [2.0, 3.0],
            model="alexnet_style",
        ),
        "three": run(folder / "three", surely(SAMPLES, *three), macs=cost, exit_ms=ms),
    }


def test_the_smoke_study_has_every_published_entry(smoke_study: Callable[[str], Path]) -> None:
    check_smoke(smoke_study(SLUG), SLUG, 0, {"range": 2})


def test_a_lower_first_exit_makes_both_ranges_wider(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path))
    assert [entry.holds for entry in entries] == [True, True]
    assert "three: 50.00 to 90.00 %" in str(entries[0].measured)
    assert "two: 70.00 to 90.00 %" in str(entries[0].measured)


@pytest.mark.parametrize(
    "three", [(0.7, 0.7, 0.9), (0.696, 0.7, 0.9), (0.8, 0.85, 0.9)], ids=["same", "four samples", "narrower"]
)
def test_the_range_of_accuracy_must_be_wider(tmp_path: Path, three: tuple[float, float, float]) -> None:
    assert [entry.holds for entry in judged(SLUG, study(tmp_path, three))] == [False, False]


def test_the_range_of_cost_must_be_wider_in_its_own_unit(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, ms=(2.5, 2.8, 3.0)))
    assert one(entries, f"{CLAIM} (by MACs)").holds is True
    assert one(entries, f"{CLAIM} (by measured time)").holds is False
    entries = judged(SLUG, study(tmp_path / "other", macs=(2.1, 2.1, 3)))
    assert one(entries, f"{CLAIM} (by MACs)").holds is False
    assert one(entries, f"{CLAIM} (by measured time)").holds is True


def test_without_times_only_operations_are_tested(tmp_path: Path) -> None:
    assert [entry.holds for entry in judged(SLUG, study(tmp_path, ms=None))] == [None, True]
