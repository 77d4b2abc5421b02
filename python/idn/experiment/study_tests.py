"""How claims about a study are tested: on the variants they need, and not at all where those are missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from idn.experiment.comparison import Comparison, claim
from idn.experiment.fronts import AtBudgets, Cost, compare, exit_costs, trade_off

if TYPE_CHECKING:
    from idn.experiment.study import StudyData
    from idn.report import RunData

Outcome = tuple[bool | None, str]
UNITS: dict[Cost, str] = {"time": "measured time", "macs": "MACs"}
NOT_TIMED = "not timed exit by exit"


def data_of(study: StudyData) -> str:
    """The name of the data set that a study's runs were made on."""
    return next(iter(study.runs.values())).summary.dataset


def tested(
    what: str,
    study: StudyData,
    needs: Sequence[str],
    test: Callable[..., Outcome],
    *,
    ours: bool = False,  # noqa: PT028 - this is no test function
) -> Comparison:
    """A claim, published or our own, tested by `test` on the runs it needs.

    :param needs: names of variants, whose runs `test` takes in this order.
    :param test: gives whether the claim holds and what it saw; None and the reason where it cannot tell.
    """
    missing = [name for name in needs if name not in study.runs]
    if missing:
        lacking = f"the study has no {' and no '.join(missing)}"
        return claim(f"{what} ({lacking})", None, preset=study.preset, ours=ours)
    runs = [study.runs[name] for name in needs]
    if len({(run.summary.dataset, str(run.environment.get("data"))) for run in runs}) > 1:
        return claim(f"{what} (its runs are on different data)", None, preset=study.preset, ours=ours)
    holds, saw = test(*runs)
    if holds is None:
        return claim(f"{what} ({saw})", None, preset=study.preset, ours=ours)
    return claim(what, holds, saw, preset=study.preset, ours=ours)


def at_equal_budgets(first: RunData, second: RunData, cost: Cost) -> AtBudgets | None:
    """The trade-off of one run against that of another; None where the cost was not measured."""
    costs = [exit_costs(run, cost) for run in (first, second)]
    if costs[0] is None or costs[1] is None:
        return None
    return compare(trade_off(first, costs[0]), trade_off(second, costs[1]))


def better_along_the_front(first: RunData, second: RunData, cost: Cost = "macs") -> Outcome:
    """Passes if the first is more accurate at equal budgets, in the mean over budgets.

    The thresholds of both are chosen on validation data; on the same test samples the 95 % interval of the
    mean difference lies above zero.
    """
    found = at_equal_budgets(first, second, cost)
    return (None, NOT_TIMED) if found is None else (found.accuracy.is_more, str(found))
