"""Measured times of a package: taken, kept beside it, refused elsewhere; energy from counters."""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from idn import profiling
from idn.cli import exit_codes, main
from idn.errors import ProfileError, RunError
from idn.graph import Input, Passes
from idn.profiling.gathering import fitted
from idn.profiling.inputs import make_inputs
from packages import saved, two_exits
from test_profiling_energy import RANGE, counters, ticking

Idn = Callable[..., tuple[int, str, str]]


@pytest.fixture
def idn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Idn:
    """Runs a command in this process, as its own `main` would."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["idn", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


def test_every_segment_of_every_batch_is_timed() -> None:
    seen: list[tuple[int, int]] = []
    found = profiling.profile(
        two_exits(),
        (4, 1),
        repeats=5,
        clock=ticking(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert [segment.exit for segment in found.segments] == ["early", "final"]
    assert found.batches == [1, 4]
    for segment in found.segments:
        for point in segment.points:
            assert (point.least, point.seconds, point.most) == (1, 1, 1)  # from one look to the next
    # Three warm-ups, and five repeats of two runs, of two batches.
    assert seen == [(done, 26) for done in range(1, 27)]
    assert found.energy is None
    assert found.repeats == 5


def test_the_median_and_the_spread_are_those_of_the_repeats() -> None:
    """The clock is looked at three times a run: the last steps of three runs are the second segment's.

    Between them, twice for what is kept.
    """
    steps = iter([1.0] * 3 * 3 + [1, 1, 9, 1, 1] + [1, 1, 2, 1, 1] + [1, 1, 4, 1, 1])
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += next(steps)
        return now

    early, final = profiling.profile(two_exits(), (2,), repeats=3, clock=clock).segments
    assert early.points == [profiling.TimePoint(batch=2, seconds=1, least=1, most=1)]
    assert final.points == [profiling.TimePoint(batch=2, seconds=4, least=2, most=9)]


def test_more_work_takes_more_time() -> None:
    """On a real clock. 64 times the work, of images that are not small: a busy machine does not hide it."""
    (point_1, point_64) = profiling.profile(two_exits(size=32), (1, 64), repeats=9).segments[0].points
    assert point_64.least > point_1.least
    assert point_1.least <= point_1.seconds <= point_1.most


def test_going_on_with_some_samples_is_timed_where_there_are_two() -> None:
    assert profiling.profile(two_exits(), (1,), repeats=2).gather is None
    found = profiling.profile(two_exits(), (2, 64), repeats=5).gather
    assert found is not None
    # A copy of 16 KiB, and then some: a machine that needs a second for it is no machine.
    assert 0 < found.fixed_seconds + 16_384 * found.seconds_per_byte < 1


def test_the_line_of_what_copies_take_goes_neither_down_nor_below_nothing() -> None:
    line = fitted([(0, 3.0), (10, 23.0), (20, 43.0)])
    assert line is not None
    assert (line.fixed_seconds, line.seconds_per_byte) == pytest.approx((3, 2))
    assert fitted([(10, 4.0)]) == profiling.GatherTime(fixed_seconds=4, seconds_per_byte=0)
    assert fitted([(10, 4.0), (20, 2.0)]) == profiling.GatherTime(fixed_seconds=3, seconds_per_byte=0)
    assert fitted([(1, 0.0), (2, 4.0)]) == profiling.GatherTime(fixed_seconds=0, seconds_per_byte=1.6)
    assert fitted([]) is None


def test_threads_answer_at_once_and_each_is_timed() -> None:
    found = profiling.profile(two_exits(), (2,), threads=2, repeats=2)
    assert found.machine.threads == 2
    assert len(found.segments) == 2


def test_threads_that_the_system_does_not_give_are_an_error_and_no_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, start = itertools.count(), threading.Thread.start

    def at_most_one(thread: threading.Thread) -> None:
        if next(given) > 0:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", at_most_one)
    with pytest.raises(RunError, match="3 threads cannot be had here: can't start new thread"):
        profiling.profile(two_exits(), (2,), threads=3, repeats=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batches": (0,)}, r"batches are \[0\]"),
        ({"batches": ()}, r"batches are \[\]"),
        ({"batches": (2, 2)}, "each once"),
        ({"threads": 0}, "threads are 0"),
        ({"repeats": 0}, "repeats 0"),
        ({"threads": 4097}, "threads is 4097, expected at most 4096"),
        ({"batches": (1, 2**31)}, "batch is 2147483648, expected at most 2147483647"),
        ({"batches": range(1, 66)}, "batches is 65, expected at most 64"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        profiling.profile(two_exits(), **arguments)


def test_inputs_are_within_their_ranges_and_the_same_each_time() -> None:
    declared = [
        Input("a", "F32", ((1, 0), (0, 50)), (0.1, 0.2)),
        Input("b", "F16", ((2, 1), (0, 3)), None),
        Input("c", "I64", ((1, 0), (0, 400)), (-3.0, 5.0)),
        Input("d", "I32", ((1, 0),), None),
        Input("e", "BOOL", ((1, 0), (0, 50)), None),
        Input("f", "F32", ((1, 0),), (-3e38, 3e38)),
        Input("g", "U8", ((1, 0), (0, 50)), (0.0, 255.0)),
    ]
    a, b, c, d, e, f, g = make_inputs(declared, 3)
    assert (a.dtype, tuple(a.shape)) == (torch.float32, (3, 50))
    assert 0.1 < a.min() < a.max() < 0.2
    assert (b.dtype, tuple(b.shape)) == (torch.float16, (7, 3))
    assert set(c.unique().tolist()) == set(range(-3, 6))
    assert d.tolist() == [0, 0, 0]
    assert e.unique().tolist() == [False, True]
    assert f.isfinite().all()
    assert g.dtype == torch.uint8
    for one, again in zip((a, b, c, d, e, f, g), make_inputs(declared, 3), strict=True):
        assert torch.equal(one, again)


def test_inputs_too_large_for_any_memory_are_refused_by_their_batch() -> None:
    with pytest.raises(ValueError, match="not enough memory for inputs of batch 4000; take a smaller one"):
        make_inputs([Input("a", "F32", ((1, 0), (0, 2**35)), None)], 4000)


# ---- the file


@pytest.fixture(scope="module")
def measured() -> profiling.Profile:
    return profiling.profile(two_exits(), (1, 4), repeats=2)


def test_a_profile_comes_back_as_it_was(measured: profiling.Profile, tmp_path: Path) -> None:
    path = profiling.place(tmp_path / "model.safetensors")
    assert path.name == "model.safetensors.profile.json"
    measured.save(path)
    assert profiling.Profile.load(path) == measured
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_profile_is_of_one_package_machine_and_way_to_run(measured: profiling.Profile) -> None:
    measured.check(two_exits())
    with pytest.raises(ProfileError, match="is of the package"):
        measured.check(two_exits("other"))
    with pytest.raises(ProfileError, match="threads 1, here it is 2"):
        measured.check(two_exits(), threads=2)
    graph = two_exits()
    graph.passes = Passes.none()
    with pytest.raises(ProfileError, match="fold_constants True, here it is False"):
        measured.check(graph)
    for segments in (measured.segments[:1], measured.segments[::-1]):
        with pytest.raises(ProfileError, match="times up to the exits"):
            measured.model_copy(update={"segments": segments}).check(two_exits())
    for name, value in (("cpu", "another"), ("torch", "1.0\x1b")):
        machine = measured.machine.model_copy(update={name: value})
        with pytest.raises(ProfileError, match=f"measured with {name}") as refused:
            measured.model_copy(update={"machine": machine}).check(two_exits())
        assert "\x1b" not in str(refused.value)


def damaged(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    def apply(text: str) -> str:
        value = json.loads(text)
        change(value)
        return json.dumps(value)

    return apply


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-9], "no profile"),
        (lambda text: text.replace('"repeats": 2', '"repeats": 2, "repeats": 2'), "there twice"),
        (lambda text: text.replace('"repeats": 2', '"repeats": NaN'), "which is no number"),
        (lambda text: "[" * 100_000 + text, "no profile"),
        (damaged(lambda one: one.update(more=1)), "more"),
        (damaged(lambda one: one.pop("machine")), "machine"),
        (damaged(lambda one: one.update(idn_profile=2)), "version 2"),
        (damaged(lambda one: one.update(package_sha256="0")), "package_sha256"),
        (damaged(lambda one: one["segments"][0]["points"][0].update(seconds=-1.0)), "seconds"),
        (damaged(lambda one: one["segments"][0]["points"][0].update(seconds="1")), "seconds"),
        (damaged(lambda one: one["segments"][0]["points"][0].update(most=1e-12)), "least to the most"),
        (damaged(lambda one: one["segments"][0]["points"].reverse()), "not ascending"),
        (damaged(lambda one: one["segments"][1]["points"].pop()), "different batches"),
        (damaged(lambda one: one["segments"].clear()), "segments"),
        (lambda text: text + " " * (1 << 20), "larger than"),
    ],
)
def test_a_damaged_profile_is_refused_with_the_place(
    measured: profiling.Profile, tmp_path: Path, damage: Callable[[str], str], message: str
) -> None:
    path = tmp_path / "profile.json"
    path.write_text(damage(measured.as_json()))
    with pytest.raises(ProfileError, match=message) as refused:
        profiling.Profile.load(path)
    assert str(path) in str(refused.value)


def test_a_file_that_is_not_there_or_cannot_be_written_is_an_error(
    measured: profiling.Profile, tmp_path: Path
) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        profiling.Profile.load(tmp_path / "none.json")
    with pytest.raises(ProfileError, match="cannot be written"):
        measured.save(tmp_path / "no folder" / "profile.json")


# ---- the command


def test_the_command_measures_and_keeps_the_profile_beside_the_package(idn: Idn, tmp_path: Path) -> None:
    path = saved(two_exits(), tmp_path)
    code, out, err = idn("profile", path, "--batch", "1,3", "--repeats", 2)
    file = profiling.place(path)
    assert (code, err) == (exit_codes.OK, "")
    assert f"Profile: {file}" in out
    assert "ms at batch 3" in out
    found = profiling.Profile.load(file)
    found.check(two_exits())
    assert found.batches == [1, 3]


def test_json_is_what_the_file_holds(idn: Idn, tmp_path: Path) -> None:
    path, file = saved(two_exits(), tmp_path), tmp_path / "times.json"
    code, out, err = idn("profile", path, "--batch", "2", "--repeats", 1, "--out", file, "--json")
    assert code == exit_codes.OK
    assert json.loads(out) == json.loads(file.read_text())
    assert err == f"Profile: {file}\n"


def test_energy_is_measured_or_said_not_to_be(
    idn: Idn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(two_exits(), tmp_path)
    monkeypatch.setattr("idn.profiling.energy.ROOT", tmp_path / "none")
    command = ("profile", path, "--batch", "1", "--repeats", 1, "--energy")
    code, out, err = idn(*command)
    assert code == exit_codes.OK
    assert "Energy is not measured: there is no energy counter" in err
    assert "Energy is" not in out
    counted = counters(tmp_path / "powercap", ("intel-rapl:0", "package-0", 1, RANGE))
    monkeypatch.setattr("idn.profiling.energy.ROOT", counted)
    _, out, err = idn(*command)
    assert "Energy is the whole of package-0" in out
    assert err == ""


def test_nothing_is_measured_that_could_not_be_kept(idn: Idn, tmp_path: Path) -> None:
    package = saved(two_exits(), tmp_path)
    nowhere = tmp_path / "none" / "profile.json"
    code, out, err = idn("profile", package, "--batch", "1", "--repeats", "1", "--out", nowhere, "--json")
    assert (code, out) == (exit_codes.FAILED, "")
    assert f"there is no folder {nowhere.parent}" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "1,x"], "'x'"),
        (["--batch", "0"], "'0'"),
        (["--batch", ""], "''"),
        (["--device", "abacus"], "abacus"),
        pytest.param(
            ["--device", "cuda"],
            "torch sees no CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device"),
        ),
    ],
)
def test_wrong_options_are_named(idn: Idn, tmp_path: Path, arguments: list[str], message: str) -> None:
    code, _, err = idn("profile", saved(two_exits(), tmp_path), *arguments)
    assert code == exit_codes.USAGE
    assert message in err
