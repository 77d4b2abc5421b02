"""What finished runs can do at a budget: thresholds chosen on validation traces, measured on test traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from idn.experiment.paired import Difference, check_same_samples, paired

if TYPE_CHECKING:
    from idn.exits import Front, Policy
    from idn.report import RunData
    from idn.store import Trace

Cost = Literal["macs", "time"]
BUDGETS = 25


@dataclass(frozen=True, eq=False)
class Outcome:
    """What thresholds come to on the test split.

    `right` (samples,) says which samples are answered rightly, `exit_rates` in percent where they leave,
    `cost` is the mean per sample, in the unit of the trade-off.
    """

    right: NDArray[np.bool_]
    exit_rates: list[float]
    cost: float

    @property
    def accuracy(self) -> float:
        """The share of right answers, in percent."""
        return 100 * float(self.right.mean())


@dataclass(frozen=True, eq=False)
class TradeOff:
    """A front over validation data, to be measured on test data.

    `cost` is what a sample costs that leaves at each exit, in the unit of the front's costs.
    """

    front: Front
    policy: Policy
    cost: Sequence[float]
    test: Trace

    @property
    def cheapest(self) -> Outcome:
        """The cheapest thresholds there are."""
        return self.on_test(self.front.points[0].thresholds)

    @property
    def best(self) -> Outcome:
        """The thresholds that are most accurate on validation data; the cheapest of these."""
        return self.on_test(self.front.points[-1].thresholds)

    def within(self, budget: float) -> Outcome:
        """The thresholds most accurate on validation data among those whose mean cost there is in the budget.

        :raises ValueError: if nothing is that cheap.
        """
        return self.on_test(self.front.within(budget).thresholds)

    def on_test(self, thresholds: Sequence[float | None]) -> Outcome:
        """What given thresholds come to."""
        from idn import inference

        said, left, _ = inference.from_traces(self.test.logits, self.policy.with_thresholds(thresholds))
        shares = np.bincount(np.asarray(left), minlength=len(self.cost)) / len(self.test.labels)
        return Outcome(
            np.asarray(said) == self.test.labels,
            [100 * float(share) for share in shares],
            float(shares @ np.asarray(self.cost, dtype=np.float64)),
        )


@dataclass(frozen=True)
class AtBudgets:
    """One trade-off against another: the mean over budgets.

    `accuracy` is the first's less the second's, `cost_ratio` the first's mean cost on test over the second's:
    budgets are kept on validation data, so it is near 1 but where one cannot use what it is given.
    """

    accuracy: Difference
    cost_ratio: float

    def __str__(self) -> str:
        return f"{self.accuracy} at {self.cost_ratio:.2f}× the cost"  # noqa: RUF001 - the sign is meant


def exit_costs(run: RunData, cost: Cost) -> list[float] | None:
    """What a sample costs that leaves at each exit: MACs, heads included, or its time.

    Time is as measured, one sample at a time, and in units of that of the trunk, which was measured in turns
    with it: of two runs on the same trunk, that a machine was slower during one then makes no difference.
    None where it was not measured, or not exit by exit.
    """
    exits, time = run.summary.exits, run.summary.time
    if cost == "macs":
        return [exit_.macs for exit_ in exits]
    if time is None or time.exit_ms is None or len(time.exit_ms) != len(exits) or time.trunk_ms == 0:
        return None
    return [ms / time.trunk_ms for ms in time.exit_ms]


def policy_of(run: RunData) -> Policy:
    """The criterion of a run, everything that was fitted for it included, at the thresholds it chose.

    :raises ValueError: for a rule that is unknown or out of range.
    """
    from idn import exits

    return exits.policy_of(run.summary.criterion, run.summary.thresholds)


def trade_off(run: RunData, cost: Sequence[float], policy: Policy | None = None) -> TradeOff:
    """Searches the thresholds of a run's criterion, or of `policy`, on its validation traces.

    :param cost: of a sample that leaves at each exit, in any unit.
    :raises ValueError: as `idn.exits.search`.
    :raises idn.errors.StoreError: where traces.h5 is missing or damaged.
    """
    from idn import exits

    policy = policy or policy_of(run)
    validation = run.trace("validation")
    candidates = run.config.get("thresholds", {}).get("candidates_per_exit")
    front = exits.search(validation.logits, validation.labels, cost, policy, candidates_per_exit=candidates)
    return TradeOff(front, policy, list(cost), run.trace("test"))


def compare(first: TradeOff, second: TradeOff) -> AtBudgets:
    """Compares two trade-offs on the same test samples at equal budgets, evenly spread.

    They range from the least that both can be run at to the most that either makes use of. One that would not
    be more accurate for a larger budget keeps what it has.

    :raises ValueError: if the traces are of other samples.
    """
    check_same_samples(first.test, second.test)
    low = max(one.front.points[0].cost for one in (first, second))
    high = max(one.front.points[-1].cost for one in (first, second))
    gains = np.zeros(len(first.test.labels))
    costs = np.zeros(2)
    for budget in np.linspace(low, high, BUDGETS):
        one, other = first.within(float(budget)), second.within(float(budget))
        gains += one.right.astype(np.float64) - other.right
        costs += one.cost, other.cost
    return AtBudgets(paired(gains / BUDGETS), float(costs[0] / costs[1]))
