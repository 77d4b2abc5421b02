"""What a run found, as summary.json holds it: percent, MACs per sample, milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.experiment.evaluate import evaluate, exit_accuracies
from idn.experiment.thresholds import Point, Selection, check_combinations, select

if TYPE_CHECKING:
    from idn.costs import ExitCosts
    from idn.exits import Policy
    from idn.experiment.schema import RunConfig
    from idn.store import Trace

CURVE_POINTS = 40


def data_name(config: RunConfig) -> str:
    """The data set's name; of one's own data the file's or folder's, without where it lies."""
    return Path(config.data.name).name


def check(config: RunConfig, exits: int) -> None:
    """Refuses settings of the search that do not fit the network, before hours of training and not after.

    :raises ValueError: naming the setting, its value and what fits.
    """
    temperature, early = config.criterion.temperature, exits - 1
    if isinstance(temperature, list) and len(temperature) not in (early, exits):
        raise ValueError(
            f"criterion.temperature has {len(temperature)} numbers for {exits} exits; "
            "give one number, or one per exit"
        )
    criterion_of(config, early)
    if config.criterion.name != "patience":
        tried = config.thresholds.candidates_per_exit
        check_combinations([tried + 1] * early, tried)  # "never" is one more


def criterion_of(config: RunConfig, early: int) -> Policy:
    """The configured criterion, with no early exit taken yet."""
    from idn import exits

    return exits.make(config.criterion.name, [None] * early, **config.criterion.options())


def choose(config: RunConfig, validation: Trace, macs: list[int]) -> tuple[Policy, Selection]:
    """The policy with the thresholds chosen on validation, and all that was chosen from."""
    policy = criterion_of(config, len(macs) - 1)
    selection = select(
        validation.logits,
        validation.labels,
        macs,
        policy,
        candidates_per_exit=config.thresholds.candidates_per_exit,
        max_accuracy_drop=config.thresholds.max_accuracy_drop,
    )
    return policy.with_thresholds(selection.chosen.thresholds), selection


def summarise(
    config: RunConfig,
    names: list[str],
    cost: ExitCosts,
    traces: dict[str, Trace],
    policy: Policy,
    selection: Selection,
) -> dict[str, Any]:
    """Everything that follows from the traces; the caller adds what was timed and on what."""
    macs = cost.macs
    found = {split: evaluate(trace.logits, trace.labels, macs, policy) for split, trace in traces.items()}
    accuracies = {split: exit_accuracies(trace.logits, trace.labels) for split, trace in traces.items()}
    return {
        "experiment": config.experiment,
        "model": config.model.name,
        "dataset": data_name(config),
        "note": config.note,
        "exits": [
            {
                "name": name,
                "test_accuracy": accuracies["test"][index],
                "validation_accuracy": accuracies["validation"][index],
                "macs": macs[index],
                "macs_without_heads": cost.macs_without_heads[index],
                "parameters": cost.parameters[index],
            }
            for index, name in enumerate(names)
        ],
        "trunk_macs": cost.trunk_macs,
        "trunk_parameters": cost.trunk_parameters,
        "full_macs": cost.full_macs,
        "thresholds": policy.thresholds,
        "criterion": {"name": config.criterion.name, **config.criterion.options()},
        **{
            split: {**one.as_dict(), "mac_gain": cost.trunk_macs / one.mean_macs}
            for split, one in found.items()
        },
        "curve": [_on_test(point, traces["test"], macs, policy) for point in _thinned(selection.front)],
    }


def _on_test(point: Point, test: Trace, macs: list[int], policy: Policy) -> dict[str, Any]:
    found = evaluate(test.logits, test.labels, macs, policy.with_thresholds(point.thresholds))
    return {
        "thresholds": point.thresholds,
        "accuracy": found.accuracy,
        "macs": found.mean_macs,
        "exit_rates": found.exit_rates,
    }


def _thinned(front: list[Point]) -> list[Point]:
    """At most CURVE_POINTS of the front, its ends among them."""
    if len(front) <= CURVE_POINTS:
        return front
    last = len(front) - 1
    return [front[round(step * last / (CURVE_POINTS - 1))] for step in range(CURVE_POINTS)]
