"""Thresholds with a promise: the accuracy lost against the full network stays below epsilon, with confidence.

Learn then Test (Angelopoulos, Bates, Candes, Jordan, Lei: "Learn then test: calibrating predictive
algorithms to achieve risk control", arXiv:2110.01052, 2021): one half of the validation data proposes
thresholds from the dearest to the cheapest; on the other half each is tested in that order against the
hypothesis that it loses more than epsilon, and testing stops at the first that cannot be refuted (fixed
sequence testing). As the order is fixed before the second half is looked at, all that passed keep the
promise at once, with probability 1 - delta, whatever the network and the distribution of the samples, as long
as these are independent draws, and the data is not asked again until it says yes.

The hypotheses are refuted by p-values from two bounds: the binomial tail (Clopper and Pearson, "The use of
confidence or fiducial limits illustrated in the case of the binomial", Biometrika 1934), and Hoeffding's and
Bentkus's inequalities together (Bates, Angelopoulos, Lei, Malik, Jordan: "Distribution-free, risk-controlling
prediction sets", J. ACM 2021; Bentkus, "On Hoeffding's inequalities", Ann. Probab. 2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from idn.exits.policy import Policy
from idn.exits.threshold_search import SearchData, rounded_up, search

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

    `saving_epsilon` is the smallest epsilon for which the same test would have passed thresholds that cost
    less than the last exit; None where `policy` does, or where there is none. Asking for it after this answer
    is a second question to the same samples, of which the promise does not hold.
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
    saving_epsilon: float | None = None


def control_risk(
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    cost: Sequence[float],
    policy: Policy | Callable[[NDArray[np.float32], NDArray[np.int64]], Policy],
    *,
    epsilon: float,
    delta: float = 0.05,
    bound: Bound = "clopper_pearson",
    seed: int = 0,
    candidates_per_exit: int | None = None,
) -> RiskControl:
    """Choose the cheapest thresholds that can be shown to lose no more than epsilon.

    "clopper_pearson" counts the samples that the full network has right and the early exits wrong, and bounds
    their share exactly: at least the loss in accuracy, and more where early exits also mend mistakes.
    "hoeffding_bentkus" bounds the loss itself, mended mistakes set against new ones.

    :param logits: (samples, exits, classes), of validation data; split in two halves by `seed`.
    :param labels: (samples,).
    :param cost: what a sample costs that leaves at each exit.
    :param policy: the criterion and temperature; its own thresholds are not used. What was fitted to these
        very samples, temperatures or a learned score, would break the promise: give a function instead, which
        is handed logits and labels of the proposing half alone and makes the policy from them.
    :param epsilon: the largest loss of accuracy, as a share in (0, 1).
    :param delta: the probability, in (0, 1), with which the promise may fail.
    :param candidates_per_exit: as of `search`.
    :raises ValueError: for numbers out of range, shapes that disagree, or an epsilon that so few samples
        could not show even if early exits changed no answer; it names the smallest that they could.
    """
    for name, value in (("epsilon", epsilon), ("delta", delta)):
        if not 0 < value < 1:
            raise ValueError(f"{name} is {value}, expected a number between 0 and 1.")
    if bound not in ("clopper_pearson", "hoeffding_bentkus"):
        raise ValueError(f"bound is {bound!r}, expected 'clopper_pearson' or 'hoeffding_bentkus'.")
    if logits.ndim != 3 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"logits {logits.shape} and labels {labels.shape} do not fit; expected (samples, exits, classes) "
            "and (samples,)."
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    proposing, testing = order[: len(order) // 2], order[len(order) // 2 :]
    none_lost = np.ones(len(testing), dtype=np.bool_)
    smallest = _smallest_epsilon(none_lost, none_lost, delta, bound)
    if epsilon < smallest:
        raise ValueError(
            f"epsilon is {epsilon:g}, but at delta {delta:g} the half of the {len(labels)} samples that "
            f"tests thresholds, {len(testing)}, can show no less than {rounded_up(smallest)}; ask for that, "
            "or give more samples."
        )
    if not isinstance(policy, Policy):
        policy = policy(logits[proposing], labels[proposing])
    front = search(
        logits[proposing], labels[proposing], cost, policy, candidates_per_exit=candidates_per_exit
    ).points
    last = len(front) - 1
    count = min(len(front), _MOST_TESTED)
    # From the dearest, evenly over the front; the order is settled before the other half is looked at.
    proposed = [front[round(last - step * last / max(1, count - 1))] for step in range(count)]
    data = SearchData.of(logits[testing], labels[testing], cost, policy)
    full_right = data.correct[-1] == 1
    chosen = policy.with_thresholds([None] * (logits.shape[1] - 1))
    loss, mean_cost = 0.0, float(cost[-1])
    passed = tested = 0
    for point in proposed:
        tested += 1
        candidate = policy.with_thresholds(point.thresholds)
        left = _exits_taken(data, candidate)
        right = _is_right(data, left)
        if _p_value(full_right, right, epsilon, bound) > delta:
            break
        passed += 1
        chosen = candidate
        loss = float(full_right.mean() - right.mean())
        mean_cost = float(data.cost[left].mean())
    saving = None
    if mean_cost >= cost[-1]:
        candidates = (policy.with_thresholds(point.thresholds) for point in proposed)
        saving = _saving_epsilon(data, candidates, delta, bound)
    return RiskControl(chosen, epsilon, delta, bound, loss, mean_cost, len(testing), tested, passed, saving)


def _saving_epsilon(
    data: SearchData, candidates: Iterable[Policy], delta: float, bound: Bound
) -> float | None:
    """The smallest epsilon with which testing gets to a candidate that is cheaper than the last exit."""
    full_right = data.correct[-1] == 1
    needed = 0.0
    for candidate in candidates:
        left = _exits_taken(data, candidate)
        # All before it have to pass too.
        needed = max(needed, _smallest_epsilon(full_right, _is_right(data, left), delta, bound))
        if data.cost[left].mean() < data.cost[-1]:
            return needed if needed < 1 else None
    return None


def _is_right(data: SearchData, left: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether the exit at which each sample leaves has its label."""
    right: NDArray[np.bool_] = data.correct[left, np.arange(len(left))] == 1
    return right


def _exits_taken(data: SearchData, policy: Policy) -> NDArray[np.intp]:
    """The exit, from 0, at which each sample leaves."""
    left = np.full(data.scores.shape[1], len(data.scores), dtype=np.intp)
    for exit_index in reversed(range(len(data.scores))):
        left[policy.leaves(torch.from_numpy(data.scores[exit_index]), exit_index).numpy()] = exit_index
    return left


def _p_value(full_right: NDArray[np.bool_], right: NDArray[np.bool_], epsilon: float, bound: Bound) -> float:
    """How probable so small a loss would be, at most, were the true loss above epsilon."""
    samples = len(right)
    if bound == "clopper_pearson":
        return _binomial_cdf(int((full_right & ~right).sum()), samples, epsilon)
    # The loss of a sample is -1, 0 or 1: moved to [0, 1], where the bounds hold for any distribution.
    net_loss = int(full_right.sum()) - int(right.sum())
    mean, limit = (samples + net_loss) / (2 * samples), (1 + epsilon) / 2
    if mean >= limit:
        return 1.0
    hoeffding = math.exp(-samples * _relative_entropy(mean, limit))
    bentkus = math.e * _binomial_cdf((samples + net_loss + 1) // 2, samples, limit)  # the sum, rounded up
    return min(1.0, hoeffding, bentkus)


def _smallest_epsilon(
    full_right: NDArray[np.bool_], right: NDArray[np.bool_], delta: float, bound: Bound
) -> float:
    """The smallest epsilon that these answers pass, and 1 if they pass none."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if len(right) and _p_value(full_right, right, middle, bound) <= delta:
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
