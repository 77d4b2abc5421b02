"""The parts of a run by themselves: evaluation, timing, comparison, environment, files."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
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
    # One tick to the first decision, another to the second, and one from there to the answer.
    assert found["exit_ms"] == [2000.0, 3000.0]
    assert (found["samples"], found["repeats"], found["threads"]) == (3, 2, torch.get_num_threads())
    # After the two comes the way through all exits.
    trunk_first, branchy_first = ["trunk", "branchy", "branchy"], ["branchy", "trunk", "branchy"]
    measured = order[3 * 3 :]  # after the warm-up of one pass
    assert measured[: 3 * 3] == trunk_first + branchy_first + trunk_first
    assert measured[3 * 3 :] == branchy_first + trunk_first + branchy_first


def _clock(*measured: float | tuple[float, ...]) -> Callable[[], float]:
    """A clock by which measurements take so many seconds, and by parts so many each; 1 s lies between."""
    now, times = 0.0, [0.0] * 0
    for one in measured:
        times.append(now)
        for part in one if isinstance(one, tuple) else (one,):
            now += part
            times.append(now)
        now += 1
    ticks = iter(times)
    return lambda: next(ticks)


# One sample to warm up with: the trunk, with exits, and through all of them.
WARM_UP = (1.0, 1.0, (1.0, 1.0, 1.0))


def test_timing_reports_median_and_range_of_the_repeats() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    # One sample, three repeats; trunk and branchy take turns to go first: trunk 2, 4, 6; branchy 1, 1, 3.
    clock = _clock(
        *WARM_UP,
        *(2, 1, (0.5, 1, 0.5)),
        *(1, 4, (1.5, 2.5, 0.5)),
        *(6, 3, (1.5, 3, 1.5)),
    )
    found = timing.measure(model, torch.zeros(1, 1, 8, 8), NEVER, 3, clock=clock)
    assert found["trunk_ms"] == 4000.0
    assert found["branchy_ms"] == 1000.0
    assert found["gain"] == 2.0  # of 2, 4 and 2: a repeat's ratio is its own
    # In trunks: 1 / 2, 2 / 4, 3 / 6 at the first exit, and 2 / 2, 4.5 / 4, 6 / 6 at the second.
    assert found["exit_ms"] == [2000.0, 4000.0]
    assert found["spread"] == {"trunk_ms": [2000, 6000], "branchy_ms": [1000, 3000], "gain": [2.0, 4.0]}


def test_a_sample_the_machine_interrupts_changes_no_time() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    quiet = [2, 1, (0.5, 1, 0.5), 1, 2, (0.5, 1, 0.5), 2, 1, (0.5, 1, 0.5)]
    disturbed = [2, 1, (0.5, 1, 0.5), 1, 90, (0.5, 1, 0.5), 2, 70, (0.5, 80, 0.5)]
    images = torch.zeros(3, 1, 8, 8)
    found = [
        timing.measure(model, images, NEVER, 1, clock=_clock(*WARM_UP * 3, *durations))
        for durations in (quiet, disturbed)
    ]
    assert found[0] == found[1]
    assert found[0]["exit_ms"] == [1000.0, 2000.0]


def test_the_time_with_exits_is_the_mean_over_those_that_leave_at_each() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    images = torch.cat([torch.zeros(1, 1, 8, 8), torch.randn(2, 1, 8, 8, generator=torch.manual_seed(0))])
    scores = model(images)[0].detach().softmax(dim=1).max(dim=1).values
    surest = scores.sort().values
    assert surest[2] > surest[1]
    first_leaves = exits.Confidence([float(surest[1:].mean())])
    durations = [2.0, 2.0, (0.5, 1, 0.5)] * 3
    for index in range(3):  # the one that leaves takes 1 s, the others 4 s
        branchy = 1.0 if scores[index] == scores.max() else 4.0
        durations[3 * index : 3 * index + 2] = [2.0, branchy] if index % 2 == 0 else [branchy, 2.0]
    clock = _clock(*WARM_UP * 3, *durations)
    found = timing.measure(model, images, first_leaves, 1, clock=clock)
    assert found["branchy_ms"] == pytest.approx(1000 / 3 + 2 * 4000 / 3)


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


def test_the_way_through_all_exits_asks_each_once() -> None:
    model = models.build("b_lenet", classes=3, in_channels=1, image_size=8).eval()
    reached: list[str] = []
    model.heads[0].register_forward_hook(lambda *_: reached.append("exit 1"))
    model.trunk.get_submodule("linear2").register_forward_hook(lambda *_: reached.append("output"))
    ticks = itertools.count()
    timing.measure(model, torch.zeros(1, 1, 8, 8), NEVER, 1, clock=lambda: float(next(ticks)))
    # The trunk alone, a policy that lets nobody out, and the way through.
    once = ["output", "exit 1", "output", "exit 1", "output"]
    assert reached == once + once  # warm-up and measurement
