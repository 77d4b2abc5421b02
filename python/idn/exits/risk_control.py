"""Thresholds with a promise: the accuracy lost against the full network stays below epsilon, with confidence.

Learn then Test (Angelopoulos, Bates, Candes, Jordan, Lei: "Learn then test: calibrating predictive
algorithms to achieve risk control", 2021): one half of the validation data proposes thresholds from the
dearest to the cheapest; on the other half each is tested in that order against the hypothesis that it loses
more than epsilon, and testing stops at the first that cannot be refuted. As the order is fixed before the
second half is looked at, all that passed keep the promise at once, with probability 1 - delta.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from idn import inference
from idn.exits.criterion import Policy
from idn.exits.threshold_search import search

if TYPE_CHECKING:
    Bound = Literal["clopper_pearson", "hoeffding_bentkus"]

__all__ = ["RiskControl", "control_risk"]

_MOST_TESTED = 200


@dataclass(frozen=True)
class RiskControl:
    """What was found: a policy, and what is promised of it.

    `policy` loses more than `epsilon` (a share of samples, in accuracy against the last exit) with a
    probability of at most `delta` over the draw of the validation data. `measured_loss` and `cost` are of the
    half it was tested on, which has `samples`; `tested` is how many candidates were tested, `passed` how many
    passed. With none passed, the policy never leaves early and loses nothing.
    """

    policy: Policy
    epsilon: float
    delta: float
    bound: Bound
    measured_loss: float
    cost: float
    samples: int
    tested: int
    passed: int


def control_risk(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    cost: Sequence[float],
    policy: Policy,
    *,
    epsilon: float,
    delta: float = 0.05,
    bound: Bound = "clopper_pearson",
    seed: int = 0,
    candidates_per_exit: int = 0,
) -> RiskControl:
    """Choose the cheapest thresholds that can be shown to lose no more than epsilon.

    "clopper_pearson" counts the samples that the full network has right and the early exits wrong, and bounds
    their share exactly: at least the loss in accuracy, and more where early exits also mend mistakes.
    "hoeffding_bentkus" bounds the loss itself, mended mistakes set against new ones.

    :param logits: (samples, exits, classes), of validation data; split in two halves by `seed`.
    :param labels: (samples,).
    :param cost: what a sample costs that leaves at each exit.
    :param policy: the criterion and temperature; its own thresholds are not used.
    :param epsilon: the largest loss of accuracy, as a share in (0, 1).
    :param delta: the probability, in (0, 1), with which the promise may fail.
    :raises ValueError: for numbers out of range, shapes that disagree, or an epsilon that so few samples
        could not show even without a single loss; it names the smallest that they could.
    """
    for name, value in (("epsilon", epsilon), ("delta", delta)):
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value}, expected a number between 0 and 1.")
    if bound not in ("clopper_pearson", "hoeffding_bentkus"):
        raise ValueError(f"bound is {bound!r}, expected 'clopper_pearson' or 'hoeffding_bentkus'.")
    order = np.random.default_rng(seed).permutation(len(labels))
    proposing, testing = order[: len(order) // 2], order[len(order) // 2 :]
    smallest = _smallest_epsilon(len(testing), delta, bound)
    if epsilon < smallest:
        raise ValueError(
            f"epsilon is {epsilon:g}, but {len(testing)} test samples at delta {delta:g} can show no less "
            f"than {smallest:.4g}; ask for that, or give more samples."
        )
    front = search(
        logits[proposing], labels[proposing], cost, policy, candidates_per_exit=candidates_per_exit
    ).points
    last = len(front) - 1
    count = min(len(front), _MOST_TESTED)
    # From the dearest, evenly over the front; the order is settled before the other half is looked at.
    proposed = [front[round(last - step * last / max(1, count - 1))] for step in range(count)]
    full_right = logits[testing, -1].argmax(axis=1) == labels[testing]
    chosen = policy.with_thresholds([None] * (logits.shape[1] - 1))
    loss, mean_cost = 0.0, float(cost[-1])
    passed = tested = 0
    for point in proposed:
        tested += 1
        candidate = policy.with_thresholds(point.thresholds)
        answers = inference.from_traces(logits[testing], candidate)
        right = answers.labels.numpy() == labels[testing]
        if _p_value(full_right, right, epsilon, bound) > delta:
            break
        passed += 1
        chosen = candidate
        loss = float(full_right.mean() - right.mean())
        mean_cost = float(np.asarray(cost, dtype=np.float64)[answers.exits.numpy()].mean())
    return RiskControl(chosen, epsilon, delta, bound, loss, mean_cost, len(testing), tested, passed)


def _p_value(full_right: NDArray[np.bool_], right: NDArray[np.bool_], epsilon: float, bound: Bound) -> float:
    """How probable so small a loss would be, at most, were the true loss above epsilon."""
    samples = len(right)
    if bound == "clopper_pearson":
        return _binomial_cdf(int((full_right & ~right).sum()), samples, epsilon)
    # The loss lies in -1, 0, 1: moved to [0, 1], where the bound holds for any distribution.
    losses = (1.0 + full_right - right.astype(np.float64)) / 2
    mean, limit = float(losses.mean()), (1 + epsilon) / 2
    if mean >= limit:
        return 1.0
    hoeffding = math.exp(-samples * _relative_entropy(mean, limit))
    bentkus = math.e * _binomial_cdf(math.ceil(samples * mean - 1e-9), samples, limit)
    return min(1.0, hoeffding, bentkus)


def _smallest_epsilon(samples: int, delta: float, bound: Bound) -> float:
    """The smallest epsilon that a test without a single loss would pass."""
    low, high = 0.0, 1.0
    none_lost = np.ones(samples, dtype=np.bool_)
    for _ in range(60):
        middle = (low + high) / 2
        if samples and _p_value(none_lost, none_lost, middle, bound) <= delta:
            high = middle
        else:
            low = middle
    return high


def _binomial_cdf(successes: int, samples: int, probability: float) -> float:
    from idn.math import incomplete_beta

    if successes >= samples:
        return 1.0
    return float(incomplete_beta(1 - probability, samples - successes, successes + 1))


def _relative_entropy(a: float, b: float) -> float:
    """Of two Bernoulli distributions, in nats."""
    first = a * math.log(a / b) if a > 0 else 0.0
    second = (1 - a) * math.log((1 - a) / (1 - b)) if a < 1 else 0.0
    return first + second
