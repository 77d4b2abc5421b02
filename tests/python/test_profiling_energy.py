"""Energy from the counters of Linux, as a profile has it: trees of them made as that lays them out."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from idn import profiling
from packages import two_exits


def ticking() -> Callable[[], float]:
    """A clock that is a second later each time one looks."""
    seconds = itertools.count(1)
    return lambda: float(next(seconds))


def counters(root: Path, *domains: tuple[str, str, object, object]) -> Path:
    """A folder as Linux has it: (folder, name, microjoules, range) for each domain."""
    for folder, name, microjoules, most in domains:
        place = root / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / "name").write_text(f"{name}\n")
        (place / "energy_uj").write_text(f"{microjoules}\n")
        (place / "max_energy_range_uj").write_text(f"{most}\n")
    return root


RANGE = 262_143_328_850


def test_energy_is_the_sum_over_packages_and_counts_no_part_twice(tmp_path: Path) -> None:
    root = counters(
        tmp_path,
        ("intel-rapl:0", "package-0", 1_000_000, RANGE),
        ("intel-rapl:0:0", "core", 500_000, RANGE),
        ("intel-rapl:1", "package-1", 7_000_000, RANGE),
        ("intel-rapl:2", "psys", 9_000_000, RANGE),
    )
    rapl = profiling.Rapl(root)
    assert rapl.domains == ["package-0", "package-1"]
    before = rapl.read()
    counters(
        tmp_path, ("intel-rapl:0", "package-0", 3_500_000, RANGE), ("intel-rapl:0:0", "core", 9**9, RANGE)
    )
    assert rapl.joules(before, rapl.read()) == 2.5


def test_a_counter_that_began_anew_counts_on(tmp_path: Path) -> None:
    rapl = profiling.Rapl(counters(tmp_path, ("intel-rapl:0", "package-0", RANGE - 999_999, RANGE)))
    before = rapl.read()
    counters(tmp_path, ("intel-rapl:0", "package-0", 2_000_000, RANGE))
    assert rapl.joules(before, rapl.read()) == 3.0  # a million to the end and over it, two after


def test_a_machine_without_counters_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no energy counter"):
        profiling.Rapl(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="no energy counter"):
        profiling.Rapl(counters(tmp_path, ("intel-rapl:0", "psys", 1, RANGE)))
    with pytest.raises(OSError, match="no number"):
        profiling.Rapl(counters(tmp_path, ("intel-rapl:0", "package-0", "much", RANGE)))


def test_counters_that_may_not_be_read_say_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The administrator may read every file, so the refusal is the test's own."""
    root, real = counters(tmp_path, ("intel-rapl:0", "package-0", 1, RANGE)), Path.read_text

    def read_text(self: Path, *arguments: Any, **options: Any) -> str:
        if self.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    with pytest.raises(PermissionError, match="administrator"):
        profiling.Rapl(root)


class Running(profiling.Rapl):
    """Counters that move by ten joules at every reading."""

    def __init__(self, root: Path) -> None:
        self._root, self._shown = root, 0
        super().__init__(counters(root, ("intel-rapl:0", "package-0", 0, RANGE)))

    def read(self) -> Any:
        self._shown += 10_000_000
        counters(self._root, ("intel-rapl:0", "package-0", self._shown, RANGE))
        return super().read()


def test_energy_of_a_sample_is_what_was_used_over_the_samples_answered(tmp_path: Path) -> None:
    """The clock is a second later at every look, and energy runs for one second: that is one request."""
    found = profiling.profile(two_exits(), (1, 4), repeats=1, energy=Running(tmp_path), clock=ticking())
    assert found.energy is not None
    assert found.energy.domains == ["package-0"]
    assert found.energy.idle_watts == 10  # ten joules in the one second of the clock
    path = tmp_path / "profile.json"
    found.save(path)
    assert profiling.Profile.load(path) == found
    joules = [point.joules for point in found.energy.points]
    assert joules[0] == pytest.approx(4 * joules[1])
    assert statistics.mean(joules) > 0
