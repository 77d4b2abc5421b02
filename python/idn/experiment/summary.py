"""What a run found, as summary.json holds it: percent, MACs per sample, milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn._words import counted
from idn.experiment.evaluate import evaluate, exit_accuracies

if TYPE_CHECKING:
    from idn.costs import ExitCosts
    from idn.exits import Front, Policy, ThresholdPoint
    from idn.experiment.schema import RunConfig
    from idn.store import Trace

CURVE_POINTS = 40


def data_name(config: RunConfig) -> str:
    """The data set's name; of one's own data the file's or folder's, without where it lies."""
    return Path(config.data.name).name


def check(config: RunConfig, exits: int, samples: int) -> None:
    """Refuses settings of the search that do not fit the network, before hours of training and not after.

    :param samples: of validation data.
    :raises ValueError: naming the setting, its value and what fits.
    """
    from idn.exits import threshold_search

    temperature, early = config.criterion.temperature, exits - 1
    if isinstance(temperature, list) and len(temperature) not in (early, exits):
        raise ValueError(
            f"criterion.temperature has {counted(len(temperature), 'number')} for {counted(exits, 'exit')}; "
            "give one number, or one per exit"
        )
    name, tried = config.criterion.name, config.thresholds.candidates_per_exit
    if tried is None:
        tried = threshold_search.affordable_candidates(name, samples, early)
    if threshold_search.steps(name, samples, early, tried) > threshold_search.MOST_STEPS:
        raise ValueError(
            f"the thresholds of {early} early exits cannot be searched on {samples} validation samples with "
            f"{tried or 'all'} candidates at each exit before the last two early ones; lower "
            "thresholds.candidates_per_exit, data.validation or the number of exits"
        )


def choose(config: RunConfig, validation: Trace, macs: list[int]) -> tuple[Policy, Front]:
    """The policy fitted and given its thresholds on validation, and all that these were chosen from.

    Chosen are the cheapest (MACs, heads included) whose accuracy is at least the last exit's less
    `thresholds.max_accuracy_drop`; of equally cheap ones the most accurate (section 3.4.2, where the text
    searches on the test set).
    """
    from idn import exits

    logits, labels, criterion = validation.logits, validation.labels, config.criterion
    policy = exits.fit(criterion.name, logits, labels, calibrate=criterion.calibrate, **criterion.options())
    front = exits.search(
        logits, labels, macs, policy, candidates_per_exit=config.thresholds.candidates_per_exit
    )
    chosen = front.at_least(front.full_accuracy - config.thresholds.max_accuracy_drop)
    return policy.with_thresholds(chosen.thresholds), front


def summarise(
    config: RunConfig,
    names: list[str],
    cost: ExitCosts,
    traces: dict[str, Trace],
    policy: Policy,
    front: Front,
) -> dict[str, Any]:
    """Everything that follows from the traces; the caller adds what was timed and on what.

    :raises ValueError: if the test trace is the validation trace.
    """
    from idn import exits

    macs, validation, test = cost.macs, traces["validation"], traces["test"]
    exits.check_apart(validation.logits, validation.labels, test.logits, test.labels)
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
        "criterion": policy.rule,
        **{
            split: {**one.as_dict(), "mac_gain": cost.trunk_macs / one.mean_macs}
            for split, one in found.items()
        },
        "curve": [_on_test(point, test, macs, policy) for point in _thinned(front.points)],
    }


def _on_test(point: ThresholdPoint, test: Trace, macs: list[int], policy: Policy) -> dict[str, Any]:
    found = evaluate(test.logits, test.labels, macs, policy.with_thresholds(point.thresholds))
    return {
        "thresholds": point.thresholds,
        "accuracy": found.accuracy,
        "macs": found.mean_macs,
        "exit_rates": found.exit_rates,
    }


def _thinned(points: list[ThresholdPoint]) -> list[ThresholdPoint]:
    """At most CURVE_POINTS of the front, its ends among them."""
    if len(points) <= CURVE_POINTS:
        return points
    last = len(points) - 1
    return [points[round(step * last / (CURVE_POINTS - 1))] for step in range(CURVE_POINTS)]
