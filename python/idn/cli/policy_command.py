"""`idn policy make|show|apply`: thresholds as a file, with what they were chosen for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    as_json: AsJson = False,
) -> None:
    """Choose thresholds on the validation trace of a run; without any wish, as its config asks."""
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
    found = run_policy.apply(PolicyFile.load(file), run, split)
    if as_json:
        print_json({"split": split, **found.as_dict()})
        return
    low, high = found.accuracy_interval
    names = [one.name for one in run.summary.exits]
    lines = {
        "split": f"{split}, {found.samples} samples",
        "accuracy": f"{found.accuracy:.2f} % ({low:.2f} to {high:.2f} with 95 %)",
        "leave at": ", ".join(f"{n} {r:.1f} %" for n, r in zip(names, found.exit_rates, strict=True)),
        "cost": f"{_cost(found.mean_macs)} MACs a sample",
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
                return policy_file.Accuracy(at_least=value), "MACs"
            if name == "epsilon":
                chance = 0.05 if delta is None else delta
                rule: Any = bound or "clopper_pearson"
                return policy_file.Risk(epsilon=value, delta=chance, bound=rule, seed=0), "MACs"
            return policy_file.Budget(at_most=value), _BUDGETS[name]
    except ValidationError as error:
        first = error.errors()[0]
        option = next(iter(given)) if "epsilon" not in given else str(first["loc"][0])
        raise ValueError(f"--{option.replace('_', '-')} is {first['input']}: {first['msg']}.") from error
    return None, "MACs"


def _print(policy: PolicyFile, *, as_json: bool) -> None:
    if as_json:
        print_json(policy.model_dump(mode="json", by_alias=True))
        return
    seen, rule = policy.validation, policy.criterion.model_dump()
    name, parameters = rule.pop("name"), rule.pop("parameters", None)
    options = [f"{key} {_rounded(value)}" for key, value in rule.items()]
    if parameters is not None:
        options.append(f"fitted to {len(parameters['intercepts'])} exits")
    asked = {key: value for key, value in policy.asked.model_dump(by_alias=True).items() if key != "for"}
    what = policy.asked.for_.replace("_", " ")
    lines = {
        "criterion": ", ".join([name, *options]),
        "thresholds": ", ".join("never" if one is None else f"{one:.6g}" for one in policy.thresholds),
        "asked": f"{what}: " + ", ".join(f"{key} {value}" for key, value in asked.items()),
        "validation": f"{seen.accuracy:.2f} % (last exit {seen.full_accuracy:.2f} %), {seen.samples} samples",
        "leave at": ", ".join(f"exit {k + 1} {rate:.1f} %" for k, rate in enumerate(seen.exit_rates)),
        "cost": f"{_cost(seen.mean_cost)} {policy.cost_unit} a sample (last exit {_cost(policy.costs[-1])})",
        "network": f"{policy.exits} exits, {policy.classes} classes, weights {policy.weights_sha256[:16]}",
        "made by": f"idn {policy.idn}",
    }
    _print_lines(lines)


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
