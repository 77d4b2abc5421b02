"""Drift: rarely found where nothing drifted, found where something did, and said in words."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from drifting import policy_on, traces
from idn import exits
from idn.exits import drift_detection, policy_file
from idn.exits.policy_file import PolicyFile

Answered = tuple[NDArray[np.int64], NDArray[np.float64]]


def live(policy: PolicyFile, samples: int, seed: int, blur: float = 1.0) -> Answered:
    from idn import inference

    logits, _ = traces(samples, seed, blur)
    found = inference.from_traces(logits, policy.policy())
    return found.exits.numpy(), found.confidences.numpy()


def test_without_drift_alarms_are_as_rare_as_was_asked() -> None:
    """Of 400 fresh pairs of validation and live data, at 5 %: right rates pass 8.5 % once in a thousand."""
    alarms = 0
    for seed in range(400):
        policy = policy_on(200, 2 * seed)
        alarms += exits.detect_drift(policy, *live(policy, 150, 2 * seed + 1), significance=0.05).found
    assert alarms / 400 <= 0.085


def test_one_test_alone_is_false_as_often_as_its_level_says() -> None:
    """The permutation test is exact but for being discrete: at 10 %, from 6 to 13.5 % of 600 (p < 0.003)."""
    rng = np.random.default_rng(5)
    rates = np.array([0.5, 0.3, 0.2])
    draws = [
        drift_detection.permutation_p_value(
            rng.multinomial(300, rates), rng.multinomial(200, rates), 499, rng
        )
        for _ in range(600)
    ]
    assert 0.06 <= np.mean(np.array(draws) <= 0.1) <= 0.135


def test_the_p_value_is_that_of_all_permutations() -> None:
    """Counts so small that every choice of the live ones can be tried."""
    before, now = np.array([4, 1, 1]), np.array([0, 2, 2])
    pool = np.repeat(np.arange(3), before + now)
    expected = (before + now) * now.sum() / (before + now).sum()

    def distance(counts: NDArray[np.int64]) -> float:
        return float(((counts - expected) ** 2 / (before + now)).sum())

    every = [
        distance(np.bincount(pool[list(chosen)], minlength=3))
        for chosen in itertools.combinations(range(10), 4)
    ]
    exact = np.mean(np.array(every) >= distance(now) - 1e-12)
    found = drift_detection.permutation_p_value(before, now, 99_999, np.random.default_rng(0))
    assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 1e5))


def test_blurred_inputs_are_found_and_the_exit_that_moved_is_named() -> None:
    policy = policy_on(2000, 1)
    found = exits.detect_drift(policy, *live(policy, 500, 2, blur=2.0))
    assert found.rates_moved
    assert found.most_moved.exit == 0
    assert found.most_moved.moved > 5  # noise makes some sure of something wrong at once
    assert sum(rate.found for rate in found.rates) == pytest.approx(100)
    assert [rate.expected for rate in found.rates] == pytest.approx(policy.validation.exit_rates)


def test_confidences_can_drift_alone() -> None:
    policy = policy_on(2000, 1)
    left_at, sure = live(policy, 1000, 2)
    assert not exits.detect_drift(policy, left_at, sure).found
    surer = np.where(left_at == 0, 1 - (1 - sure) / 4, sure)
    found = exits.detect_drift(policy, left_at, surer)
    assert not found.rates_moved
    assert found.exits_less_alike == [0]
    assert found.confidences[0].below_median is not None
    assert found.confidences[0].below_median < 25


def test_files_of_before_compare_rates_alone() -> None:
    policy = policy_on(500, 1)
    old = policy.model_copy(update={"validation": policy.validation.model_copy(update={"confidences": None})})
    found = exits.detect_drift(old, *live(policy, 300, 2))
    assert found.confidences == []
    assert found.rates_p_value > 0.01


def test_confidences_survive_the_file(tmp_path: Path) -> None:
    policy = policy_on(500, 1)
    policy.save(tmp_path / "policy.json")
    again = PolicyFile.load(tmp_path / "policy.json")
    assert again == policy
    assert again.validation.confidences is not None
    sums = [sum(one.counts) for one in again.validation.confidences]
    assert sums == [round(rate / 100 * 500) for rate in again.validation.exit_rates]
    assert all(min(one.counts) > 0 for one in again.validation.confidences)


def test_an_exit_that_nobody_takes_is_no_alarm() -> None:
    logits, labels = traces(300, 1)
    policy = PolicyFile.of(
        exits.Confidence([None, 0.8]),
        logits,
        labels,
        [1, 2, 3],
        asked=policy_file.MaxDrop(points=1),
        weights_sha256="0" * 64,
    )
    found = exits.detect_drift(policy, *live(policy, 300, 3))
    assert found.confidences[0].p_value == 1
    assert found.confidences[0].below_median is None


def test_p_values_are_adjusted_by_holm() -> None:
    assert drift_detection.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert drift_detection.holm([0.6, 0.7]) == [1, 1]


@pytest.mark.parametrize(
    ("left_at", "sure", "options", "said"),
    [
        ([], None, {}, "one sample at least"),
        ([0, 3], None, {}, "an exit is 3, but the policy is for 3 exits"),
        ([0, -1], None, {}, "an exit is -1"),
        ([0, 1], [0.5], {}, "give one each"),
        ([0, 1], [0.5, math.nan], {}, "NaN or outside"),
        ([0, 1], None, {"significance": 0.0}, "significance is 0.0"),
    ],
)
def test_what_makes_no_sense_is_refused(
    left_at: list[int], sure: list[float] | None, options: dict[str, float], said: str
) -> None:
    confidences = None if sure is None else np.array(sure)
    with pytest.raises(ValueError, match=said):
        exits.detect_drift(policy_on(100, 1), np.array(left_at, dtype=np.int64), confidences, **options)
