"""The parts of a run by themselves: evaluation, timing, comparison, environment, files."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from idn import exits, inference, models
from idn.errors import RunError
from idn.experiment import catalog, comparison, environment, evaluate, files, timing

NEVER = exits.Confidence([None])


def logits_of(
    labels_per_exit: list[list[int]], classes: int = 3
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Logits sure of the given labels: (samples, exits, classes)."""
    return np.stack([np.eye(classes, dtype=np.float32)[row] * 9 for row in labels_per_exit], axis=1)


def test_an_evaluation_counts_who_leaves_where_and_what_it_costs() -> None:
    logits = logits_of([[0, 1, 2, 0], [0, 1, 1, 1]])
    logits[2:, 0] = 0  # unsure: confidence 1/3
    found = evaluate.evaluate(logits, np.array([0, 0, 1, 2]), [10, 30], exits.Confidence([0.9]))
    assert found.accuracy == 50.0
    assert found.exit_rates == [50.0, 50.0]
    assert found.mean_macs == 20.0
    assert found.samples == 4


def test_every_exit_alone_has_an_accuracy() -> None:
    logits = logits_of([[0, 1, 2, 0], [0, 1, 1, 1]])
    assert evaluate.exit_accuracies(logits, np.array([0, 1, 1, 2])) == [50.0, 75.0]


def test_the_interval_is_wilsons() -> None:
    # Brown, Cai & DasGupta (2001), by hand: 10 of 20 gives (0.299, 0.701).
    low, high = comparison.wilson(10, 20)
    assert (low, high) == (pytest.approx(29.93, abs=0.01), pytest.approx(70.07, abs=0.01))
    assert comparison.wilson(0, 20)[0] == 0.0
    assert comparison.wilson(20, 20)[1] == 100.0
    with pytest.raises(ValueError, match="21 of 20"):
        comparison.wilson(21, 20)


@pytest.mark.parametrize(
    ("published", "measured", "interval", "better", "holds"),
    [
        (79.0, 78.5, (78.0, 79.0), None, True),
        (79.1, 78.5, (78.0, 79.0), None, False),
        (70.0, 78.5, (78.0, 79.0), "higher", True),
        (70.0, 78.5, (78.0, 79.0), "lower", False),
        (90.0, 78.5, (78.0, 79.0), "lower", True),
        (1.0, 1.0, None, None, True),
        (1.0, 1.1, None, None, False),
        (1.0, None, None, "higher", None),
    ],
)
def test_a_number_holds_in_its_interval_or_when_beaten(
    published: float,
    measured: float | None,
    interval: tuple[float, float] | None,
    better: comparison.Better | None,
    holds: bool | None,
) -> None:
    entry = comparison.number("x", published, measured, interval, preset="cpu", better=better)
    assert entry.holds is holds
    assert list(entry.as_dict()) == list(comparison.FIELDS)
    json.dumps(entry.as_dict(), allow_nan=False)


def test_a_comparison_with_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        comparison.number("x", math.nan, 1.0, preset="cpu")
    with pytest.raises(ValueError, match="outside its own interval"):
        comparison.number("x", 1.0, 5.0, (1.0, 2.0), preset="cpu")


def test_a_claim_holds_as_its_test_says() -> None:
    assert comparison.claim("x", True, "seen", preset="cpu").as_dict() == {
        "what": "x",
        "published": True,
        "measured": "seen",
        "interval": None,
        "preset": "cpu",
        "holds": True,
    }
    assert comparison.claim("x", None, preset="cpu").holds is None


def test_both_networks_are_timed_on_the_same_samples_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    order: list[str] = []
    inside: list[bool] = []  # the trunk also runs as a part of inference
    real = inference.infer

    def infer(*arguments: Any) -> object:
        order.append("branchy")
        inside.append(True)
        answer = real(*arguments)
        inside.pop()
        return answer

    model.trunk.register_forward_pre_hook(lambda *_: None if inside else order.append("trunk"))
    monkeypatch.setattr("idn.inference.infer", infer)
    ticks = itertools.count()
    found = timing.measure(model, torch.zeros(3, 1, 8, 8), NEVER, 2, clock=lambda: float(next(ticks)))
    # Every measurement spans one tick of a second.
    assert (found["trunk_ms"], found["branchy_ms"], found["gain"]) == (1000.0, 1000.0, 1.0)
    assert found["spread"] == {"trunk_ms": [1000.0] * 2, "branchy_ms": [1000.0] * 2, "gain": [1.0] * 2}
    assert found["exit_ms"] == [1000.0, 1000.0]
    assert (found["samples"], found["repeats"], found["threads"]) == (3, 2, torch.get_num_threads())
    # After the two come the samples that leave at each exit.
    trunk_first, branchy_first = ["trunk", *["branchy"] * 3], ["branchy", "trunk", *["branchy"] * 2]
    measured = order[4 * 3 :]  # after the warm-up of one pass
    assert measured[: 4 * 3] == trunk_first + branchy_first + trunk_first
    assert measured[4 * 3 :] == branchy_first + trunk_first + branchy_first


def test_timing_reports_median_and_range_of_the_repeats() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    # One sample, three repeats; who goes first alternates. Durations: trunk 2, 4, 6; branchy 1, 1, 3 seconds;
    # 5, 7, 9 for a sample that leaves at exit 1, and 8 for one that stays.
    durations = [2, 1, 5, 8, 1, 4, 7, 8, 6, 3, 9, 8]
    times = list(itertools.accumulate(itertools.chain.from_iterable((0, duration) for duration in durations)))
    clock = iter(times)
    found = timing.measure(model, torch.zeros(1, 1, 8, 8), NEVER, 3, clock=lambda: float(next(clock)))
    assert found["trunk_ms"] == 4000.0
    assert found["branchy_ms"] == 1000.0
    assert found["gain"] == 4.0
    assert found["exit_ms"] == [7000.0, 8000.0]
    assert found["spread"] == {"trunk_ms": [2000, 6000], "branchy_ms": [1000, 3000], "gain": [2.0, 4.0]}


def test_timing_without_samples_is_refused() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8)
    with pytest.raises(ValueError, match="needs samples"):
        timing.measure(model, torch.zeros(0, 1, 8, 8), NEVER, 1)


def test_the_environment_says_versions_machine_and_commit_and_is_json() -> None:
    found = environment.describe()
    json.dumps(found, allow_nan=False)
    assert found["versions"]["torch"] == torch.__version__
    assert found["threads"] == torch.get_num_threads()
    assert found["platform"]["cpu"]
    root = catalog.source_root()
    if root is not None and (root / ".git").exists():
        assert len(found["source"]["commit"]) == 40
    assert environment.version("no-such-package-at-all") is None


def test_a_commit_is_asked_of_git_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "source_root", lambda: tmp_path)
    assert environment.source() == {"commit": None, "changed": None}
    monkeypatch.setenv("PATH", "")
    assert environment.source() == {"commit": None, "changed": None}


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(RunError, match="not finite"):
        files.write_json(path, {"a": math.inf})
    with pytest.raises(RunError, match="cannot be written"):
        files.write_text(tmp_path / "nowhere" / "x", "")
    assert json.loads(path.read_text()) == {"a": 1}
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_experiments_come_from_the_package_alone(tmp_path: Path) -> None:
    (tmp_path / "experiment.py").write_text("raise SystemExit")
    assert catalog.experiment_file(str(tmp_path)) is None
    assert catalog.experiment_file("../experiments/branchynet_2016") is None
    assert catalog.experiment_file("branchynet_2016") is not None


def test_an_installation_without_configs_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "package_root", lambda: tmp_path / "a" / "idn")
    with pytest.raises(Exception, match="install it again"):
        catalog.configs_root()


def test_configs_inside_an_installed_package_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "idn" / "configs" / "slug"
    inside.mkdir(parents=True)
    (inside / "one.yaml").write_text("")
    monkeypatch.setattr(catalog, "package_root", lambda: tmp_path / "idn")
    assert catalog.slugs() == ["slug"]
    assert catalog.find("slug/one") == inside / "one.yaml"


def test_a_sample_made_to_leave_at_an_exit_runs_what_is_needed_up_to_there() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    reached: list[str] = []
    model.heads[0].register_forward_hook(lambda *_: reached.append("exit 1"))
    model.trunk.get_submodule("linear2").register_forward_hook(lambda *_: reached.append("output"))
    ticks = itertools.count()
    timing.measure(model, torch.zeros(1, 1, 8, 8), NEVER, 1, clock=lambda: float(next(ticks)))
    # The trunk alone, a policy that lets nobody out, leaving at exit 1, leaving at the last one.
    once = ["output", "exit 1", "output", "exit 1", "exit 1", "output"]
    assert reached == once + once  # warm-up and measurement
