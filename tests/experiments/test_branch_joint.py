from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_up import check_smoke, judged, one, run, surely

from idn import report
from idn.report import RunData

SLUG = "branch_joint"
SAMPLES = 1000
LAYERS = ("conv1", "conv2", "linear1", "linear2")


def epochs(*norms: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {
            "stage": "joint",
            "epoch": number,
            "train_loss": [1.0, 1.0, 1.0],
            "gradient_norms": {
                **{f"trunk.{name}.weight": one for name, one in zip(LAYERS, row, strict=True)},
                "heads.0.linear.weight": 100.0,
            },
        }
        for number, row in enumerate(norms, start=1)
    ]


def study(
    folder: Path,
    *,
    joint: tuple[float, float, float] = (0.6, 0.8, 0.9),
    heads: tuple[float, float, float] = (0.5, 0.7, 0.85),
    longer: float = 0.88,
    with_exits: Sequence[dict[str, Any]] = epochs([2.0, 1.0, 1.0, 4.0]),
    without: Sequence[dict[str, Any]] = epochs([1.0, 1.0, 1.0, 4.0]),
) -> dict[str, RunData]:
    trunk = surely(SAMPLES, longer)
    return {
        "joint": run(folder / "joint", surely(SAMPLES, *joint)),
        "heads_only": run(folder / "heads_only", surely(SAMPLES, *heads)),
        "trunk_longer": run(folder / "trunk_longer", trunk, model="alexnet_style"),
        "fresh_joint": run(folder / "fresh_joint", surely(SAMPLES, *joint), metrics=with_exits),
        "fresh_trunk": run(folder / "fresh_trunk", trunk, model="alexnet_style", metrics=without),
    }


def test_the_smoke_study_has_every_published_entry(smoke_study: Callable[[str], Path]) -> None:
    check_smoke(smoke_study(SLUG), SLUG, 0, {"cdl": 1, "regularisation": 1, "gradients": 1})


def test_fresh_runs_with_and_without_exits_record_the_same_layers_of_the_trunk(
    smoke_study: Callable[[str], Path],
) -> None:
    found = []
    for name in ("fresh_joint", "fresh_trunk"):
        norms = report.load(smoke_study(SLUG) / name).metrics[0]["gradient_norms"]
        found.append([layer for layer in norms if layer.startswith("trunk.")])
    assert found[0] == found[1]
    assert (found[0][0], len(found[0])) == ("trunk.conv1.weight", 8)


@pytest.mark.parametrize(
    ("heads", "holds"),
    [((0.5, 0.7, 0.85), True), ((0.6, 0.8, 0.9), False), ((0.7, 0.85, 0.95), False)],
)
def test_joint_training_must_beat_heads_alone_at_equal_budgets(
    tmp_path: Path, heads: tuple[float, float, float], holds: bool
) -> None:
    assert one(judged(SLUG, study(tmp_path, heads=heads)), "jointly training").holds is holds


@pytest.mark.parametrize(("longer", "holds"), [(0.88, True), (0.896, False), (0.9, False), (0.95, False)])
def test_the_main_branch_must_be_better_with_its_branches(tmp_path: Path, longer: float, holds: bool) -> None:
    assert one(judged(SLUG, study(tmp_path, longer=longer)), "branches provide regularization").holds is holds


@pytest.mark.parametrize(
    ("with_exits", "holds"),
    [
        (epochs([2.0, 1.0, 1.0, 4.0]), True),
        (epochs([1.0, 1.0, 1.0, 4.0]), False),
        (epochs([2.0, 2.0, 2.0, 8.0]), False),  # more everywhere
        (epochs([0.5, 1.0, 1.0, 4.0], [2.5, 1.0, 1.0, 4.0]), True),  # 1.5 in the mean
        (epochs([0.5, 1.0, 1.0, 4.0], [1.0, 9.0, 1.0, 4.0]), False),
    ],
)
def test_the_first_layers_gradient_must_grow_against_the_deeper_ones(
    tmp_path: Path, with_exits: list[dict[str, Any]], holds: bool
) -> None:
    entry = one(judged(SLUG, study(tmp_path, with_exits=with_exits)), "a branch at a lower layer")
    assert entry.holds is holds
    assert "0.5 without" in str(entry.measured)  # 1 against the geometric mean of 1 and 4


def test_without_recorded_gradients_nothing_is_said_of_them(tmp_path: Path) -> None:
    entry = one(judged(SLUG, study(tmp_path, without=())), "a branch at a lower layer")
    assert entry.holds is None
    assert "gradients were not recorded" in entry.what
