"""From probes to exits: the guidelines of section 3.6.2, judged by predicted fronts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from idn._words import counted
from idn.exits import Entropy, Front, search
from idn.suggestion.probing import Probed

__all__ = ["TradeOff", "first_exit", "further_exits"]

_STEPS = 1e8  # of one search: about a twentieth of a second
_LEVELS = 101


class TradeOff:
    """What sets of exits would give on the validation samples: each sample's own way through them.

    :param trunk_macs: of the trunk alone.
    :param trunk_logits: (samples, classes) of the trunk's own output.
    :param labels: (samples,).
    """

    def __init__(self, trunk_macs: int, trunk_logits: NDArray[np.float32], labels: NDArray[np.int64]) -> None:
        self.trunk_macs = trunk_macs
        self.trunk_accuracy = 100 * float((trunk_logits.argmax(axis=1) == labels).mean())
        self._trunk_logits = trunk_logits
        self._labels = labels

    def front(self, exits: Sequence[Probed]) -> Front:
        """Return the front of accuracy and mean multiply-accumulates, heads included, for exits in order.

        Thresholds are of normalised entropy. From three early exits on some are tried at quantiles only.
        """
        heads = list(accumulate((one.probe.head_macs for one in exits), initial=0))
        trunk = [*(one.probe.trunk_macs for one in exits), self.trunk_macs]
        return search(
            np.stack([*(one.logits for one in exits), self._trunk_logits], axis=1),
            self._labels,
            [up_to + done for up_to, done in zip(trunk, [*heads[1:], heads[-1]], strict=True)],
            Entropy([]),
            candidates_per_exit=self._candidates(len(exits)),
        )

    def _candidates(self, early: int) -> int:
        samples, quantised = len(self._labels), early - 2
        affordable = (_STEPS / samples**2) ** (1 / quantised) if quantised > 0 else samples
        return 0 if affordable >= samples else max(2, int(affordable))

    def mean_cost(self, exits: Sequence[Probed], lowest: float) -> float:
        """Return what equal accuracy costs on average, as a share of the trunk: the area beside the front.

        The mean is over accuracies from `lowest` (percent) to the trunk's; if the trunk's is not higher, it
        is the cost of the trunk's accuracy alone.
        """
        points = self.front(exits).points
        levels = np.linspace(min(lowest, self.trunk_accuracy), self.trunk_accuracy, _LEVELS)
        # Counts of samples are behind both sides: the tolerance only absorbs their division.
        found = np.searchsorted([point.accuracy for point in points], levels - 1e-9)
        return float(np.array([point.cost for point in points])[found].mean()) / self.trunk_macs


def first_exit(
    probed: Sequence[Probed], min_accuracy: float | None, max_cost: float | None
) -> tuple[Probed, str]:
    """Choose the exit that bounds the trade-off, and say why it is this one.

    One layer at the lowest place is the cheapest; more layers and higher places cost more. So the walk of the
    guidelines is one through the probes by their cost, which ends at the first with the wished accuracy.

    :raises ValueError: if no probe meets the wishes, with what is nearest.
    """
    by_cost = sorted(probed, key=lambda one: one.probe.cost)
    within = [one for one in by_cost if max_cost is None or one.probe.cost <= max_cost]
    if not within:
        raise ValueError(
            f"no first exit costs at most max_cost={max_cost:g} of the trunk; the cheapest, "
            f"{_named(by_cost[0])}, costs {by_cost[0].probe.cost:.4f}."
        )
    best = max(within, key=lambda one: one.probe.accuracy)  # of equals the cheapest
    if min_accuracy is None:
        return best, f"first exit: the most accurate of {counted(len(within), 'probe')} within {max_cost:.1%}"
    for one in within:
        if one.probe.accuracy >= min_accuracy - 1e-9:
            tried = counted(len(probed), "probe")
            return one, f"first exit: the cheapest of {tried} with at least {min_accuracy:g} %"
    bound = "" if max_cost is None else f" within max_cost={max_cost:g}"
    enough = [one for one in by_cost if one.probe.accuracy >= min_accuracy - 1e-9]
    dearer = (
        f", and the cheapest that does, {_named(enough[0])}, costs {enough[0].probe.cost:.4f}"
        if enough
        else ""
    )
    raise ValueError(
        f"no first exit reaches min_accuracy={min_accuracy:g} %{bound}; the best, {_named(best)}, reaches "
        f"{best.probe.accuracy:.2f} %{dearer}."
    )


def further_exits(
    trade_off: TradeOff, probed: Sequence[Probed], first: Probed, max_exits: int, margin: float
) -> tuple[list[Probed], list[str]]:
    """Add exits above the first, each time the most useful, while that saves more than the margin.

    :returns: all exits in order, and a line about each step.
    """
    chosen = [first]
    reasons: list[str] = []
    lowest = first.probe.accuracy
    cost = trade_off.mean_cost(chosen, lowest)
    while len(chosen) < max_exits:
        taken = {one.probe.place for one in chosen}
        possible = [
            sorted([*chosen, one], key=lambda each: each.probe.trunk_macs)
            for one in probed
            if one.probe.trunk_macs > first.probe.trunk_macs and one.probe.place not in taken
        ]
        if not possible:
            return chosen, [*reasons, "no further exit: there is no other place above the first"]
        costs = [trade_off.mean_cost(exits, lowest) for exits in possible]
        best = int(np.argmin(costs))
        (added,) = set(possible[best]) - set(chosen)
        change = f"the mean cost at equal accuracy from {cost:.1%} to {costs[best]:.1%} of the trunk"
        if costs[best] >= cost - margin:
            return chosen, [
                *reasons,
                f"no further exit: the best, {_named(added)}, would bring {change}, "
                f"which does not save more than {margin:.1%}",
            ]
        reasons.append(f"{_named(added)} brings {change}")
        chosen, cost = possible[best], costs[best]
    return chosen, [*reasons, f"no further exit was tried: max_exits is {max_exits}"]


def _named(one: Probed) -> str:
    return f"'{one.probe.place}: {one.probe.head}'"
