from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from made_up import CLASSES, check_smoke, judged, labels_of, one, run
from numpy.typing import NDArray

from idn import report
from idn.report import RunData

SLUG = "calibration"
SAMPLES = 3000
MISCALIBRATED = (4.0, 0.4, 2.0)


def logits(scales: Sequence[float], seed: int) -> NDArray[np.float32]:
    """Logits whose confidence is true at the temperatures `scales`.

    Exit k sees the label as a one-hot vector times m under normal noise of deviation 1. The posterior given
    that is softmax(m x), so m x is a calibrated logit.
    """
    rng = np.random.default_rng(seed)
    hot = np.eye(CLASSES)[labels_of(SAMPLES)]
    exits = [
        scale * strength * (strength * hot + rng.normal(size=hot.shape))
        for strength, scale in zip((1.5, 2.2, 3.0), scales, strict=True)
    ]
    return np.stack(exits, axis=1).astype(np.float32)


def study(folder: Path, scales: Sequence[float], temperatures: Sequence[float]) -> dict[str, RunData]:
    test, validation = logits(scales, seed=1), logits(scales, seed=2)
    calibrated = {"name": "confidence", "temperature": list(temperatures)}
    return {
        "uncalibrated": run(folder / "uncalibrated", test, validation=validation),
        "calibrated": run(folder / "calibrated", test, validation=validation, criterion=calibrated),
    }


def test_the_smoke_study_has_every_published_entry(smoke_study: Callable[[str], Path]) -> None:
    folder = smoke_study(SLUG)
    check_smoke(folder, SLUG, 0, {"overconfident": 1, "calibrated": 1, "thresholds": 1})
    before, after = (report.load(folder / name).summary for name in ("uncalibrated", "calibrated"))
    assert before.criterion["temperature"] == 1.0
    assert len(after.criterion["temperature"]) == len(after.exits)
    assert [exit_.test_accuracy for exit_ in before.exits] == [exit_.test_accuracy for exit_ in after.exits]


@pytest.mark.parametrize(("last", "holds"), [(2.0, True), (1.0, False), (0.5, False)])
def test_a_network_is_overconfident_where_it_is_surer_than_right(
    tmp_path: Path, last: float, holds: bool
) -> None:
    scales = (1.0, 1.0, last)
    assert one(judged(SLUG, study(tmp_path, scales, scales)), "modern neural networks").holds is holds


def test_true_temperatures_lower_the_error_and_make_one_threshold_do(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, MISCALIBRATED, MISCALIBRATED))
    assert one(entries, "a softmax temperature").holds is True
    assert one(entries, "consistent confidence values").holds is True


def test_wrong_temperatures_pass_neither(tmp_path: Path) -> None:
    entries = judged(SLUG, study(tmp_path, (1.0, 1.0, 1.0), MISCALIBRATED))
    assert one(entries, "a softmax temperature").holds is False
    assert one(entries, "consistent confidence values").holds is False


def test_without_a_temperature_for_each_exit_its_error_is_not_tested(tmp_path: Path) -> None:
    runs = study(tmp_path, MISCALIBRATED, MISCALIBRATED)
    runs["calibrated"] = runs["uncalibrated"]
    entries = judged(SLUG, runs)
    assert one(entries, "a softmax temperature").holds is None
    assert one(entries, "consistent confidence values").holds is False
