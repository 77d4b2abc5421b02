from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import answers, check_smoke, judged, one, right_for, run, surely

from idn.report import RunData

SLUG = "branch_weights"
SAMPLES = 1000
VARIANTS = ("equal", "alpha_0_9", "alpha_0_1")
LOSSES = {  # first epoch, branches 1 and 2; weights .33, .33; .01, .09; .81, .09
    "equal": (1.8, 1.0),
    "alpha_0_9": (2.2, 1.3),
    "alpha_0_1": (1.5, 1.2),
}


def epochs(first: tuple[float, float], later: float = 0.5, count: int = 5) -> list[dict[str, Any]]:
    losses = [[*first, 0.1], *[[later] * 3] * (count - 1)]
    return [
        {"stage": "joint", "epoch": epoch, "train_loss": one} for epoch, one in enumerate(losses, start=1)
    ]


def study(
    folder: Path,
    accuracies: dict[str, tuple[float, float, float]] | None = None,
    losses: dict[str, tuple[float, float]] = LOSSES,
    **settings: Any,
) -> dict[str, RunData]:
    shares = {"equal": (0.6, 0.8, 0.9), "alpha_0_9": (0.3, 0.7, 0.9), "alpha_0_1": (0.5, 0.6, 0.9)}
    shares |= accuracies or {}
    runs = {"trunk": run(folder / "trunk", surely(SAMPLES, 0.87), model="alexnet_style", **settings)}
    for name in VARIANTS:
        runs[name] = run(
            folder / name, surely(SAMPLES, *shares[name]), metrics=epochs(losses[name]), **settings
        )
    return runs


def test_the_smoke_study_has_every_published_entry(smoke_study: Callable[[str], Path]) -> None:
    check_smoke(smoke_study(SLUG), SLUG, 10, {"branches": 1, "convergence": 1, "profile": 1})


def test_ten_numbers_are_compared_on_the_published_network_and_data(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path))
    numbers = [entry for entry in entries if entry.published is not True]
    assert [entry.published for entry in numbers] == [
        87.74, 43.26, 75.11, 87.57, 22.68, 71.36, 87.81, 32.52, 65.95, 87.45,
    ]  # fmt: skip
    before = one(entries, "test accuracy of the main branch before")
    assert (before.measured, before.holds) == (87.0, True)  # 84.8 to 89.0
    second = one(entries, "test accuracy of branch 2 with alpha 0.1")
    assert (second.measured, second.holds) == (60.0, False)
    first = one(entries, "test accuracy of branch 1 with alpha 0.9")
    assert (first.measured, first.holds) == (30.0, True)  # better than published


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"dataset": "digits"}, "published for cifar10, this run is on digits"),
        ({"options": {"width": 0.25}}, "published for width 1.0, this run has 0.25"),
    ],
)
def test_numbers_of_another_network_or_other_data_are_not_compared(
    tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    entries = judged(SLUG, study(tmp_path, **settings))
    numbers = [entry for entry in entries if entry.published is not True]
    assert len(numbers) == 10
    assert all((entry.measured, entry.holds) == (None, None) and told in entry.what for entry in numbers)
    assert all(isinstance(entry.holds, bool) for entry in entries if entry.published is True)


@pytest.mark.parametrize(
    ("late", "early", "holds"),
    [
        ((0.3, 0.7, 0.9), (0.5, 0.6, 0.9), True),
        ((0.3, 0.6, 0.9), (0.5, 0.7, 0.9), False),
        ((0.5, 0.7, 0.9), (0.3, 0.6, 0.9), False),
        ((0.3, 0.604, 0.9), (0.5, 0.6, 0.9), False),  # four samples prove nothing
        ((0.3, 0.605, 0.9), (0.5, 0.6, 0.9), True),
    ],
)
def test_each_weighting_must_win_at_the_branch_it_emphasises(
    tmp_path: Path, late: tuple[float, float, float], early: tuple[float, float, float], holds: bool
) -> None:
    entries = judged(SLUG, study(tmp_path, {"alpha_0_9": late, "alpha_0_1": early}))
    assert one(entries, "the 2nd branch of alpha 0.9 beats").holds is holds


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({"alpha_0_1": (1.9, 1.2)}, False),  # weight .81 slower than .33 at branch 1
        ({"alpha_0_1": (1.5, 0.9)}, False),  # weight .09 faster than .33 at branch 2
        ({"alpha_0_9": (2.2, 1.1), "alpha_0_1": (1.5, 1.3)}, True),  # equal weights in either order
    ],
)
def test_more_weight_must_mean_a_lower_loss_early_on(
    tmp_path: Path, changed: dict[str, tuple[float, float]], holds: bool
) -> None:
    entry = one(judged(SLUG, study(tmp_path, losses=LOSSES | changed)), "branches with higher weights")
    assert entry.holds is holds
    assert "at weight 0.81" in str(entry.measured)


def test_convergence_is_judged_by_the_first_fifth_of_the_epochs(tmp_path: Path) -> None:
    runs = study(tmp_path)
    slow, fast = runs["alpha_0_9"], runs["alpha_0_1"]
    for row in fast.metrics[1:]:
        row["train_loss"] = [9.0, 9.0, 9.0]
    assert one(judged(SLUG, runs), "branches with higher weights").holds is True
    slow.metrics.extend(epochs((9.0, 9.0), count=5))  # ten epochs, so two count: 2.2 and 0.5
    assert one(judged(SLUG, runs), "branches with higher weights").holds is False


def test_runs_that_trained_nothing_say_nothing_of_convergence(tmp_path: Path) -> None:
    runs = study(tmp_path)
    runs["equal"].metrics.clear()
    entry = one(judged(SLUG, runs), "branches with higher weights")
    assert entry.holds is None
    assert "equal trained no branch 1" in entry.what


@pytest.mark.parametrize(
    ("other", "holds"), [((0.3, 0.7, 0.9), True), ((0.6, 0.8, 0.9), False), ((0.7, 0.85, 0.95), False)]
)
def test_equal_weights_must_beat_both_others_along_the_profile(
    tmp_path: Path, other: tuple[float, float, float], holds: bool
) -> None:
    entries = judged(SLUG, study(tmp_path, {"alpha_0_9": other}))
    assert one(entries, "equal weighting has the highest accuracy").holds is holds


def test_a_variant_that_is_missing_leaves_what_needs_it_untested(tmp_path: Path) -> None:
    runs = study(tmp_path)
    del runs["alpha_0_1"]
    entries = judged(SLUG, runs)
    claims = ("the 2nd branch of", "branches with higher", "equal weighting has")
    for beginning in (*claims, "test accuracy of branch 1 with alpha 0.1"):
        entry = one(entries, beginning)
        assert entry.holds is None
        assert "the study has no alpha_0_1" in entry.what
    assert one(entries, "test accuracy of branch 1 with alpha 0.9").holds is not None


def test_the_trade_off_is_that_of_validation_thresholds_on_test(tmp_path: Path) -> None:
    # On validation data the first branch of alpha 0.9 is always right, so its thresholds let all leave there;
    # on test it is right half as often as equal weights' are.
    runs = study(tmp_path)
    sure = [np.full(SAMPLES, 5.0)] * 3
    runs["alpha_0_9"] = run(
        tmp_path / "other",
        answers(right_for(SAMPLES, 0.3, 0.95, 0.95), sure),
        validation=answers(right_for(SAMPLES, 1.0, 0.95, 0.95), sure),
        metrics=epochs(LOSSES["alpha_0_9"]),
    )
    entry = one(judged(SLUG, runs), "equal weighting has the highest accuracy")
    assert entry.holds is True
