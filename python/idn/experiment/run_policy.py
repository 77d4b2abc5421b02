"""Policies of finished runs: the one a run chose, others from its traces, and what one does on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from idn import exits
from idn.errors import PolicyError, RunError
from idn.exits import policy_file
from idn.experiment import starting
from idn.experiment.evaluate import Evaluation, evaluate

if TYPE_CHECKING:
    from idn.exits import Policy, PolicyFile, RiskControl
    from idn.report import RunData

Unit = Literal["MACs", "ms", "bytes"]
Asked = policy_file.MaxDrop | policy_file.Budget | policy_file.Accuracy | policy_file.Risk
_FLOAT32 = 4
_OPTIONS = {
    "confidence": ("temperature",),
    "entropy": ("temperature", "normalized"),
    "margin": ("temperature",),
}


def of_run(run: RunData) -> PolicyFile:
    """The policy a run chose, with its thresholds, as summary.json has them.

    :raises idn.errors.RunError: if the run kept no digest of its weights, nor the weights.
    :raises ValueError: for a rule that is unknown or out of range.
    """
    summary = run.summary
    policy = exits.policy_of(summary.criterion, summary.thresholds)
    return _described(run, policy, _drop(run), "MACs")


def make(
    run: RunData,
    asked: Asked | None = None,
    *,
    unit: Unit = "MACs",
    criterion: str | None = None,
    calibrate: bool | None = None,
) -> PolicyFile:
    """Choose a policy on the validation trace of a run.

    :param asked: what the thresholds are to keep; the run's own largest drop if None.
    :param unit: of the costs: MACs, ms as the run timed them, or bytes of weights read.
    :param criterion: one of `idn.exits.names()`, fitted anew where it has something to fit; the run's if
        None.
    :param calibrate: fits one temperature per exit; as the run did if None.
    :raises ValueError: for what nothing meets, naming the nearest, a criterion that cannot be calibrated, or
        validation and test traces that are the same.
    :raises idn.errors.RunError: if the run did not time its exits, or kept no digest of its weights.
    """
    asked = _drop(run) if asked is None else asked
    trace, test = run.trace("validation"), run.trace("test")
    exits.check_apart(trace.logits, trace.labels, test.logits, test.labels)
    costs = costs_of(run, unit)
    fit = _fit(run, criterion, calibrate)
    tried = _candidates(run)
    if isinstance(asked, policy_file.Risk):
        found = exits.control_risk(
            trace.logits,
            trace.labels,
            costs,
            fit,
            epsilon=asked.epsilon,
            delta=asked.delta,
            bound=asked.bound,
            seed=asked.seed,
            candidates_per_exit=tried,
        )
        return _described(run, found.policy, asked, unit, found)
    policy = fit(trace.logits, trace.labels)
    front = exits.search(trace.logits, trace.labels, costs, policy, candidates_per_exit=tried)
    if isinstance(asked, policy_file.Budget):
        point = front.within(asked.at_most, unit)
    elif isinstance(asked, policy_file.Accuracy):
        point = front.at_least(asked.at_least)
    else:
        point = front.at_least(front.full_accuracy - asked.points)
    return _described(run, policy.with_thresholds(point.thresholds), asked, unit)


def apply(policy: PolicyFile, run: RunData, split: str = "test") -> Evaluation:
    """What a policy file does on a split of a run, in MACs; `mean_macs` counts every head that ran.

    :raises idn.errors.PolicyError: if the run is of another network, or the split is the validation data the
        policy was chosen on under another name.
    """
    trace = run.trace(split)
    _, recorded, classes = trace.logits.shape
    policy.check(weights_of(run), exits=recorded, classes=classes)
    digest = policy_file.trace_digest(trace.logits, trace.labels)
    if split != "validation" and digest == policy.validation.sha256:
        raise PolicyError(
            f"the {split} trace of {run.path} is the validation data this policy was chosen on; its accuracy "
            "there says nothing about other data"
        )
    return evaluate(
        trace.logits, trace.labels, [round(one.macs) for one in run.summary.exits], policy.policy()
    )


def cost_of(policy: PolicyFile, found: Evaluation) -> float:
    """What a sample costs on average there, in the unit and by the costs of the policy."""
    return sum(rate * cost for rate, cost in zip(found.exit_rates, policy.costs, strict=True)) / 100


def weights_of(run: RunData) -> str:
    """The digest of a run's weights: from summary.json, else from model.pt.

    :raises idn.errors.RunError: if there is neither.
    """
    kept = getattr(run.summary, "weights_sha256", None)
    if isinstance(kept, str):
        return kept
    try:
        return policy_file.weights_digest(starting.read_weights(run.path / "model.pt"))
    except RunError as error:
        raise RunError(f"{run.path} has no weights_sha256 in summary.json, and {error}") from error


def costs_of(run: RunData, unit: Unit) -> list[float]:
    """What a sample costs that leaves at each exit of a run.

    Bytes are those of the float32 weights read up to there, heads counted: what a device that loads as it
    goes has to fetch.

    :raises idn.errors.RunError: if the run did not time its exits, or did not count their parameters.
    """
    if unit == "MACs":
        return [float(one.macs) for one in run.summary.exits]
    if unit == "bytes":
        counted = [one.parameters for one in run.summary.exits if one.parameters is not None]
        if len(counted) != len(run.summary.exits):
            raise RunError(
                f"{run.path} has no parameters of each exit; run its config again, or give another budget"
            )
        return [float(_FLOAT32 * one) for one in counted]
    found = None if run.summary.time is None else run.summary.time.exit_ms
    if found is None or len(found) != len(run.summary.exits):
        raise RunError(f"{run.path} has no time of each exit; run its config again, or give another budget")
    return list(found)


def _described(
    run: RunData, policy: Policy, asked: Asked, unit: Unit, risk: RiskControl | None = None
) -> PolicyFile:
    trace = run.trace("validation")
    return policy_file.PolicyFile.of(
        policy,
        trace.logits,
        trace.labels,
        costs_of(run, unit),
        asked=asked,
        weights_sha256=weights_of(run),
        cost_unit=unit,
        risk=risk,
    )


def _fit(
    run: RunData, criterion: str | None, calibrate: bool | None
) -> Callable[[NDArray[np.float32], NDArray[np.int64]], Policy]:
    """What makes the policy from validation data, so that a promise can have it made from a half of them."""
    configured = _section(run, "criterion")
    theirs = str(run.summary.criterion.get("name"))
    name = theirs if criterion is None else criterion
    if calibrate is None:
        calibrate = criterion is None and bool(configured.get("calibrate", False))
    options: dict[str, Any] = {}
    if name == theirs:
        given = configured or run.summary.criterion
        options = {key: given[key] for key in _OPTIONS.get(name, ()) if key in given}
    if calibrate:
        options.pop("temperature", None)
    return lambda logits, labels: exits.fit(name, logits, labels, calibrate=calibrate, **options)


def _drop(run: RunData) -> policy_file.MaxDrop:
    value = _section(run, "thresholds").get("max_accuracy_drop")
    return policy_file.MaxDrop(points=float(value) if isinstance(value, (int, float)) else 0.0)


def _candidates(run: RunData) -> int | None:
    """How many thresholds the run tried at the exits before the last two."""
    value = _section(run, "thresholds").get("candidates_per_exit")
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _section(run: RunData, name: str) -> dict[str, Any]:
    value = run.config.get(name, {})
    return value if isinstance(value, dict) else {}
