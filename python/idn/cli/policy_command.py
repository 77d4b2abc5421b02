"""`idn policy make|show|apply`: thresholds as a file, with what they were chosen for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idn.cli.output import AsJson, console, print_json
from idn.cli.policy_text import cost_text, nothing_saved, print_lines, print_policy

if TYPE_CHECKING:
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

    run = report.load(run_dir)
    made = run_policy.make(run, asked, unit=unit, criterion=criterion, calibrate=calibrate)
    made.save(out)
    print_policy(made, as_json=as_json)
    if as_json and (saves := nothing_saved(made)):
        console(stderr=True).print(f"saves {saves}", markup=False)
    if unit == "ms" and run.summary.time is not None and run.summary.time.unsteady:
        console(stderr=True).print(
            "The repeats of this run's times are far apart, the machine was busy: prefer a budget in MACs.",
            markup=False,
        )
    console(stderr=as_json).print(f"Policy: {out}", markup=False)


@app.command()
def show(file: File, as_json: AsJson = False) -> None:
    """Say what a policy does, how it was chosen, and for which network."""
    from idn.exits import PolicyFile

    print_policy(PolicyFile.load(file), as_json=as_json)


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
    costs = [f"{cost_text(cost)} {unit} a sample (last exit {cost_text(policy.costs[-1])})"]
    if unit != "MACs":
        costs.append(f"{cost_text(found.mean_macs)} MACs")
    lines = {
        "split": f"{split}, {found.samples} samples",
        "accuracy": f"{found.accuracy:.2f} % ({low:.2f} to {high:.2f} with 95 %)",
        "leave at": ", ".join(f"{n} {r:.1f} %" for n, r in zip(names, found.exit_rates, strict=True)),
        "cost": ", ".join(costs),
    }
    print_lines(lines)


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
