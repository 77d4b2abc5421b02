"""A policy file in words, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idn._words import counted
from idn.cli.output import console, print_json

if TYPE_CHECKING:
    from idn.exits import PolicyFile


def print_policy(policy: PolicyFile, *, as_json: bool) -> None:
    """What a policy does, how it was chosen, and for which network."""
    if as_json:
        print_json(policy.as_dict())
        return
    seen, rule = policy.validation, policy.criterion.model_dump()
    name, parameters = rule.pop("name"), rule.pop("parameters", None)
    options = [f"{key} {_rounded(value)}" for key, value in rule.items()]
    if parameters is not None:
        options.append(f"fitted to {counted(len(parameters['intercepts']), 'exit')}")
    lines = {
        "criterion": ", ".join([name, *options]),
        "thresholds": ", ".join("never" if one is None else f"{one:.6g}" for one in policy.thresholds),
        "asked": _in_words(policy),
        **_tested(policy),
        "validation": f"{seen.accuracy:.2f} % (last exit {seen.full_accuracy:.2f} %), {seen.samples} samples",
        "leave at": ", ".join(f"exit {k + 1} {rate:.1f} %" for k, rate in enumerate(seen.exit_rates)),
        "cost": f"{cost_text(seen.mean_cost)} {policy.cost_unit} a sample "
        f"(last exit {cost_text(policy.costs[-1])})",
        **({"saves": saves} if (saves := nothing_saved(policy)) else {}),
        "network": f"{counted(policy.exits, 'exit')}, {policy.classes} classes, "
        f"weights {policy.weights_sha256[:16]}",
        "made by": f"idn {policy.idn}",
    }
    print_lines(lines)


def _in_words(policy: PolicyFile) -> str:
    """What the thresholds were asked to be."""
    from idn.exits import policy_file

    asked = policy.asked
    if isinstance(asked, policy_file.MaxDrop):
        return f"the cheapest that lose at most {asked.points:g} points against the last exit"
    if isinstance(asked, policy_file.Budget):
        return f"the most accurate within {cost_text(asked.at_most)} {policy.cost_unit} a sample"
    if isinstance(asked, policy_file.Accuracy):
        return f"the cheapest with an accuracy of at least {asked.at_least:g} %"
    return (
        f"the cheapest shown to lose at most {100 * asked.epsilon:g} points against the last exit (epsilon "
        f"{asked.epsilon:g}), but for a chance of {100 * asked.delta:g} % (delta {asked.delta:g}, "
        f"{asked.bound})"
    )


def _tested(policy: PolicyFile) -> dict[str, str]:
    """How a promise was tested, as a line."""
    risk = policy.risk
    if risk is None:
        return {}
    tested = f"on the half of the validation data that tests, {risk.samples} samples"
    return {
        "tested": f"{tested}: measured loss {100 * risk.measured_loss:.2f} points, "
        f"{cost_text(risk.mean_cost)} {policy.cost_unit} a sample; "
        f"{risk.passed} of {risk.tested} candidates passed"
    }


def nothing_saved(policy: PolicyFile) -> str | None:
    """That the thresholds save nothing, and what would; None if they save something."""
    if policy.validation.mean_cost < policy.costs[-1]:
        return None
    text = "nothing: every sample takes the last exit"
    if policy.risk is None or policy.risk.saving_epsilon is None:
        return text
    from idn.exits.threshold_search import rounded_up

    return (
        f"{text}; the smallest epsilon with a saving is {rounded_up(policy.risk.saving_epsilon)} here (seen "
        "on these samples, so not promised by them: ask it of new ones)"
    )


def cost_text(value: float) -> str:
    """A cost with as many digits as it takes."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _rounded(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_rounded, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_lines(lines: dict[str, str]) -> None:
    """A name and a text on each line."""
    width = max(map(len, lines))
    for name, text in lines.items():
        console().print(f"{name:{width}}  {text}", markup=False)
