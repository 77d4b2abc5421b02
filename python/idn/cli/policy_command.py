"""`idn policy make|show|apply`: thresholds as a file, with what they were chosen for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idn._words import counted
from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from idn.exits import PolicyFile
    from idn.experiment.run_policy import Asked, Unit

_BUDGETS: dict[str, Unit] = {"budget_macs": "MACs", "budget_ms": "ms", "budget_bytes": "bytes"}

app = typer.Typer(help="Choose exit policies for a run, look at them, try them.", no_args_is_help=True)

RunDir = Annotated[
    Path, typer.Argument(metavar="RUN_DIR", help="The directory of a run, as `idn run` printed it.")
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A policy file, as `idn policy make` writes it.")]


@app.command()
def make(
    run_dir: RunDir,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the policy goes.")],
    criterion: Annotated[
        str | None,
        typer.Option("--criterion", help="One of idn.exits.names(); the run's own if left out."),
    ] = None,
    calibrate: Annotated[
        bool | None,
        typer.Option(
            "--calibrate/--no-calibrate", help="Fit a temperature per exit; as the run did if left out."
        ),
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option("--max-drop", help="Cheapest that lose at most so many points against the last exit."),
    ] = None,
    budget_macs: Annotated[
        float | None, typer.Option("--budget-macs", help="Most accurate within so many MACs per sample.")
    ] = None,
    budget_ms: Annotated[
        float | None,
        typer.Option("--budget-ms", help="Most accurate within so many ms per sample, as the run timed."),
    ] = None,
    budget_bytes: Annotated[
        float | None,
        typer.Option("--budget-bytes", help="Most accurate within so many bytes of weights per sample."),
    ] = None,
    min_accuracy: Annotated[
        float | None, typer.Option("--min-accuracy", help="Cheapest with at least this accuracy, in percent.")
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option("--epsilon", help="Cheapest shown to lose at most this share of accuracy, as 0.02."),
    ] = None,
    delta: Annotated[
        float | None, typer.Option("--delta", help="With --epsilon: the promise may fail this often.")
    ] = None,
    bound: Annotated[
        str | None,
        typer.Option("--bound", help="With --epsilon: clopper_pearson (default) or hoeffding_bentkus."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose thresholds on the validation trace of a run; without any wish, as its config asks."""
    if out.exists() and not force:
        raise ValueError(
            f"{out} is there already; --force replaces it, --out FILE puts the policy elsewhere."
        )
    wishes = {
        "max_drop": max_drop,
        "budget_macs": budget_macs,
        "budget_ms": budget_ms,
        "budget_bytes": budget_bytes,
        "min_accuracy": min_accuracy,
        "epsilon": epsilon,
    }
    given = {name: value for name, value in wishes.items() if value is not None}
    asked, unit = _asked(given, delta, bound)

    from idn import report
    from idn.experiment import run_policy

    made = run_policy.make(report.load(run_dir), asked, unit=unit, criterion=criterion, calibrate=calibrate)
    made.save(out)
    _print(made, as_json=as_json)
    if as_json and (saves := _nothing_saved(made)):
        console(stderr=True).print(f"saves {saves}", markup=False)
    console(stderr=as_json).print(f"Policy: {out}", markup=False)


@app.command()
def show(file: File, as_json: AsJson = False) -> None:
    """Say what a policy does, how it was chosen, and for which network."""
    from idn.exits import PolicyFile

    _print(PolicyFile.load(file), as_json=as_json)


@app.command()
def apply(
    file: File,
    run_dir: RunDir,
    split: Annotated[str, typer.Option("--split", help="test or validation.")] = "test",
    as_json: AsJson = False,
) -> None:
    """Decide on the recorded logits of a run of the same network, and say what comes of it."""
    from idn import report
    from idn.exits import PolicyFile
    from idn.experiment import run_policy

    if split not in ("test", "validation"):
        raise ValueError(f"--split is {split!r}, expected test or validation.")
    run = report.load(run_dir)
    policy = PolicyFile.load(file)
    found = run_policy.apply(policy, run, split)
    cost, unit = run_policy.cost_of(policy, found), policy.cost_unit
    if as_json:
        print_json({"split": split, **found.as_dict(), "cost_unit": unit, "mean_cost": cost})
        return
    low, high = found.accuracy_interval
    names = [f"exit {k} ({one.name})" for k, one in enumerate(run.summary.exits, start=1)]
    costs = [f"{_cost(cost)} {unit} a sample (last exit {_cost(policy.costs[-1])})"]
    if unit != "MACs":
        costs.append(f"{_cost(found.mean_macs)} MACs")
    lines = {
        "split": f"{split}, {found.samples} samples",
        "accuracy": f"{found.accuracy:.2f} % ({low:.2f} to {high:.2f} with 95 %)",
        "leave at": ", ".join(f"{n} {r:.1f} %" for n, r in zip(names, found.exit_rates, strict=True)),
        "cost": ", ".join(costs),
    }
    _print_lines(lines)


def _asked(given: dict[str, float], delta: float | None, bound: str | None) -> tuple[Asked | None, Unit]:
    """What was wished for, and the unit of the costs.

    :raises ValueError: for more than one wish, or a number out of range.
    """
    from pydantic import ValidationError

    from idn.exits import policy_file

    if len(given) > 1:
        options = " and ".join("--" + name.replace("_", "-") for name in given)
        raise ValueError(f"{options} exclude each other; give one.")
    if "epsilon" not in given and (delta is not None or bound is not None):
        raise ValueError("--delta and --bound belong to --epsilon; give it too.")
    try:
        for name, value in given.items():
            if name == "max_drop":
                return policy_file.MaxDrop(points=value), "MACs"
            if name == "min_accuracy":
                if 0 < value <= 1:  # nobody is content with that
                    raise ValueError(
                        f"--min-accuracy is in percent, so {value:g} is {value:g} %: write {100 * value:g}."
                    )
                return policy_file.Accuracy(at_least=value), "MACs"
            if name == "epsilon":
                chance = 0.05 if delta is None else delta
                rule: Any = bound or "clopper_pearson"
                return policy_file.Risk(epsilon=value, delta=chance, bound=rule, seed=0), "MACs"
            return policy_file.Budget(at_most=value), _BUDGETS[name]
    except ValidationError as error:
        first = error.errors()[0]
        option = next(iter(given)) if "epsilon" not in given else str(first["loc"][0])
        hint = ""
        if option in ("epsilon", "delta") and 1 <= first["input"] <= 100:
            hint = f"; {first['input']:g} % is {first['input'] / 100:g}"
        raise ValueError(
            f"--{option.replace('_', '-')} is {first['input']}: {first['msg']}{hint}."
        ) from error
    return None, "MACs"


def _print(policy: PolicyFile, *, as_json: bool) -> None:
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
        "cost": f"{_cost(seen.mean_cost)} {policy.cost_unit} a sample (last exit {_cost(policy.costs[-1])})",
        **({"saves": saves} if (saves := _nothing_saved(policy)) else {}),
        "network": f"{counted(policy.exits, 'exit')}, {policy.classes} classes, "
        f"weights {policy.weights_sha256[:16]}",
        "made by": f"idn {policy.idn}",
    }
    _print_lines(lines)


def _in_words(policy: PolicyFile) -> str:
    """What the thresholds were asked to be."""
    from idn.exits import policy_file

    asked = policy.asked
    if isinstance(asked, policy_file.MaxDrop):
        return f"the cheapest that lose at most {asked.points:g} points against the last exit"
    if isinstance(asked, policy_file.Budget):
        return f"the most accurate within {_cost(asked.at_most)} {policy.cost_unit} a sample"
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
        "tested": f"{tested}: measured loss {100 * risk.measured_loss:.2f} points, {_cost(risk.mean_cost)} "
        f"{policy.cost_unit} a sample; {risk.passed} of {risk.tested} candidates passed"
    }


def _nothing_saved(policy: PolicyFile) -> str | None:
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


def _cost(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _rounded(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_rounded, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_lines(lines: dict[str, str]) -> None:
    width = max(map(len, lines))
    for name, text in lines.items():
        console().print(f"{name:{width}}  {text}", markup=False)
