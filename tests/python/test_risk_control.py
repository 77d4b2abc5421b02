"""Thresholds with a promise: the p-values are valid, the promise is kept as often as it says, and no less."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from idn import exits
from idn.exits import risk_control

Bound = Literal["clopper_pearson", "hoeffding_bentkus"]
BOUNDS: tuple[Bound, ...] = ("clopper_pearson", "hoeffding_bentkus")
POLICY = exits.Confidence([])
COST = [10.0, 25.0]
DELTAS = (0.01, 0.05, 0.1, 0.2, 0.5)


def traces(samples: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two exits, the second right more often; how sure the first is tells only in part how right it is."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, samples)
    logits = rng.normal(size=(samples, 2, 5))
    for index in range(2):
        logits[np.arange(samples), index, labels] += 1 + index
    logits[:, 0] *= rng.uniform(0.5, 3, size=(samples, 1))
    return logits.astype(np.float32), labels


def p_value(lost: int, mended: int, samples: int, epsilon: float, bound: Bound) -> float:
    """Of a test in which early exits spoil and mend so many answers of the full network."""
    full, right = np.zeros(samples, dtype=bool), np.zeros(samples, dtype=bool)
    full[:lost] = True
    right[lost : lost + mended] = True
    return risk_control._p_value(full, right, epsilon, bound)


@pytest.mark.parametrize("epsilon", [0.005, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("samples", [10, 57, 300])
def test_the_binomial_p_value_is_small_no_more_often_than_it_says(samples: int, epsilon: float) -> None:
    """Exactly: over the binomial distribution at the least loss that breaks the promise."""
    chances = [
        math.comb(samples, k) * epsilon**k * (1 - epsilon) ** (samples - k) for k in range(samples + 1)
    ]
    values = [p_value(k, 0, samples, epsilon, "clopper_pearson") for k in range(samples + 1)]
    np.testing.assert_allclose(values, np.minimum(1, np.cumsum(chances)), rtol=1e-9, atol=1e-300)
    for delta in DELTAS:
        assert sum(c for c, p in zip(chances, values, strict=True) if p <= delta) <= delta + 1e-12


@pytest.mark.parametrize("epsilon", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("mended", [0.0, 0.1, 0.3])
def test_the_other_p_value_is_small_no_more_often_than_it_says(epsilon: float, mended: float) -> None:
    """Exactly: over all counts of spoilt and mended answers, at a mean loss of epsilon."""
    samples, spoilt = 40, mended + epsilon
    found: dict[float, float] = {}
    for lost in range(samples + 1):
        for won in range(samples - lost + 1):
            kept = samples - lost - won
            ways = math.comb(samples, lost) * math.comb(samples - lost, won)
            chance = ways * spoilt**lost * mended**won * (1 - spoilt - mended) ** kept
            value = p_value(lost, won, samples, epsilon, "hoeffding_bentkus")
            found[value] = found.get(value, 0.0) + chance
    assert sum(found.values()) == pytest.approx(1)
    for delta in DELTAS:
        assert sum(chance for value, chance in found.items() if value <= delta) <= delta + 1e-12


def test_the_other_p_value_is_the_less_of_hoeffding_and_bentkus() -> None:
    samples, lost, epsilon = 200, 3, 0.15
    mean, limit = (samples + lost) / 2 / samples, (1 + epsilon) / 2
    divergence = mean * math.log(mean / limit) + (1 - mean) * math.log((1 - mean) / (1 - limit))
    tail = sum(
        math.comb(samples, k) * limit**k * (1 - limit) ** (samples - k)
        for k in range(math.ceil(samples * mean) + 1)
    )
    expected = min(math.exp(-samples * divergence), math.e * tail)
    assert p_value(lost, 0, samples, epsilon, "hoeffding_bentkus") == pytest.approx(expected, rel=1e-9)
    assert p_value(40, 0, samples, epsilon, "hoeffding_bentkus") == 1.0


class Population:
    """So many samples that the loss on them is the true one."""

    def __init__(self) -> None:
        self.logits, self.labels = traces(60_000, seed=1)
        self.scores = POLICY.score(torch.from_numpy(self.logits[:, 0])).numpy()
        self.right = self.logits.argmax(axis=2) == self.labels[:, None]
        self.random = np.random.default_rng(3)

    def draw(self, samples: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        chosen = self.random.integers(0, len(self.labels), samples)
        return self.logits[chosen], self.labels[chosen]

    def loss(self, policy: exits.Policy) -> float:
        (threshold,) = policy.thresholds
        leaves = self.scores >= (np.inf if threshold is None else threshold)
        return float(self.right[:, 1].mean() - np.where(leaves, self.right[:, 0], self.right[:, 1]).mean())


@pytest.mark.parametrize("delta", [0.1, 0.3])
@pytest.mark.parametrize(("bound", "epsilon"), [("clopper_pearson", 0.05), ("hoeffding_bentkus", 0.12)])
def test_the_promise_is_kept_as_often_as_it_says(bound: Bound, epsilon: float, delta: float) -> None:
    population, draws = Population(), 300
    broken = leaving = 0
    for seed in range(draws):
        found = exits.control_risk(
            *population.draw(600), COST, POLICY, epsilon=epsilon, delta=delta, bound=bound, seed=seed
        )
        broken += population.loss(found.policy) > epsilon
        leaving += found.passed > 0
    # With the promise kept to the letter, more would come by chance once in a thousand times.
    assert broken <= draws * delta + 3.1 * math.sqrt(draws * delta * (1 - delta))
    assert leaving > draws / 2


def test_thresholds_that_merely_did_well_break_it_far_more_often() -> None:
    population, epsilon = Population(), 0.05
    broken = 0
    for _ in range(100):
        logits, labels = population.draw(300)
        front = exits.search(logits, labels, COST, POLICY)
        chosen = front.at_least(front.full_accuracy - 100 * epsilon)
        broken += population.loss(POLICY.with_thresholds(chosen.thresholds)) > epsilon
    assert broken > 40


def test_testing_stops_at_the_first_that_cannot_be_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = traces(400, seed=5)
    values = iter([0.01, 0.04, 0.2, 0.0])
    monkeypatch.setattr(risk_control, "_smallest_epsilon", lambda *_: 0.0)
    monkeypatch.setattr(risk_control, "_p_value", lambda *_: next(values))
    found = exits.control_risk(logits, labels, COST, POLICY, epsilon=0.1, delta=0.05)
    assert (found.tested, found.passed) == (3, 2)
    order = np.random.default_rng(0).permutation(400)
    front = exits.search(logits[order[:200]], labels[order[:200]], COST, POLICY).points
    place = round((len(front) - 1) * (1 - 1 / (min(len(front), 200) - 1)))
    assert found.policy.thresholds == front[place].thresholds


def test_where_nothing_passes_nobody_leaves_early_and_nothing_is_lost() -> None:
    labels = np.arange(400) % 5
    sure = 9 * np.eye(5, dtype=np.float32)
    logits = np.stack([sure[(labels + 1) % 5], sure[labels]], axis=1)
    found = exits.control_risk(logits, labels, [10, 25], POLICY, epsilon=0.05)
    assert found.passed <= 1
    assert found.policy.thresholds == [None]
    assert (found.measured_loss, found.cost) == (0.0, 25.0)


@pytest.mark.parametrize("bound", BOUNDS)
def test_where_nothing_is_saved_the_smallest_epsilon_that_saves_is_named(bound: Bound) -> None:
    logits, labels = traces(400, seed=9)

    def found(epsilon: float) -> exits.RiskControl:
        return exits.control_risk(logits, labels, COST, POLICY, epsilon=epsilon, delta=0.2, bound=bound)

    nothing = found(0.01 if bound == "clopper_pearson" else 0.11)
    assert nothing.cost == COST[-1]
    assert nothing.saving_epsilon is not None
    saving = found(nothing.saving_epsilon)
    assert saving.cost < COST[-1]
    assert saving.saving_epsilon is None
    assert found(0.999 * nothing.saving_epsilon).cost == COST[-1]


def test_where_no_epsilon_saves_none_is_named() -> None:
    labels = np.arange(400) % 5
    logits = np.stack([np.full((400, 5), 0.0), 9 * np.eye(5)[labels]], axis=1).astype(np.float32)
    found = exits.control_risk(logits, labels, [25, 25], POLICY, epsilon=0.05)
    assert (found.cost, found.saving_epsilon) == (25.0, None)


def test_a_policy_that_is_fitted_sees_the_proposing_half_alone() -> None:
    logits, labels = traces(500, seed=6)
    seen: list[NDArray[np.int64]] = []

    def make(half: NDArray[np.float32], answers: NDArray[np.int64]) -> exits.Policy:
        assert half.shape == (250, 2, 5)
        seen.append(answers)
        return exits.fit("learned", half, answers)

    found = exits.control_risk(logits, labels, COST, make, epsilon=0.1, seed=7)
    order = np.random.default_rng(7).permutation(500)
    np.testing.assert_array_equal(seen, [labels[order[:250]]])
    assert found.policy.name == "learned"
    assert found.samples == 250


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("samples", [20, 200, 2000])
def test_what_cannot_be_shown_is_refused_with_what_can(bound: Bound, samples: int) -> None:
    logits, labels = traces(samples, seed=8)
    with pytest.raises(
        ValueError, match=f"half of the {samples} samples that tests thresholds, {samples // 2},"
    ) as refused:
        exits.control_risk(logits, labels, COST, POLICY, epsilon=1e-6, bound=bound)
    named = float(str(refused.value).split("less than ")[1].split(";")[0])
    assert (
        p_value(0, 0, samples // 2, named, bound) <= 0.05 < p_value(0, 0, samples // 2, 0.999 * named, bound)
    )
    exits.control_risk(logits, labels, COST, POLICY, epsilon=named, bound=bound)


def test_numbers_out_of_range_are_named() -> None:
    logits, labels = traces(200, seed=9)
    for options, message in (
        ({"epsilon": 0.0}, "epsilon is 0.0"),
        ({"epsilon": float("nan")}, "epsilon is nan"),
        ({"epsilon": 0.2, "delta": 1.5}, "delta is 1.5"),
        ({"epsilon": 0.2, "bound": "guess"}, "bound is 'guess'"),
    ):
        with pytest.raises(ValueError, match=message):
            exits.control_risk(logits, labels, COST, POLICY, **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"\(200, 2, 5\) and labels \(199,\)"):
        exits.control_risk(logits, labels[1:], COST, POLICY, epsilon=0.2)
    with pytest.raises(ValueError, match="can show no less than"):
        exits.control_risk(logits[:0], labels[:0], COST, POLICY, epsilon=0.2)
