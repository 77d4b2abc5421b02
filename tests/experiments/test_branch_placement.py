from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from made_up import check_smoke, judged, run, surely

SLUG = "branch_placement"
SAMPLES = 4000


def test_the_smoke_study_has_every_entry(smoke_study: Callable[[str], Path]) -> None:
    check_smoke(smoke_study(SLUG), SLUG, 0, {"suggested": 2}, ours=True)


@pytest.mark.parametrize(
    ("samples", "suggested", "holds"),
    [
        (SAMPLES, (0.7, 0.9), True),  # the same
        (SAMPLES, (0.8, 0.95), True),
        (SAMPLES, (0.698, 0.898), True),  # a little less: within the margin
        (SAMPLES, (0.68, 0.88), False),
        (60, (0.7, 0.9), False),  # too few samples to tell
    ],
)
def test_suggested_exits_may_lose_less_than_a_point(
    tmp_path: Path, samples: int, suggested: tuple[float, float], holds: bool
) -> None:
    runs = {
        "hand": run(tmp_path / "hand", surely(samples, 0.7, 0.9), exit_ms=[1.0, 2.0]),
        "suggested": run(
            tmp_path / "suggested", surely(samples, *suggested), exit_ms=[1.0, 2.0], model="alexnet_style"
        ),
    }
    assert [entry.holds for entry in judged(SLUG, runs)] == [holds, holds]
