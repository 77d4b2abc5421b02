"""`idn sweep`: one config with every combination of some values."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idn.cli import exit_codes
from idn.cli.output import AsJson, console, print_json, resumable
from idn.cli.run_command import Config, Out

if TYPE_CHECKING:
    from rich.table import Table

    from idn.experiment.sweep import Outcome


def sweep(
    config: Config,
    axes: Annotated[
        list[str],
        typer.Argument(metavar="key=a,b,c...", help="Values to combine, such as training.seed=0,1,2."),
    ],
    out: Out = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Local processes at a time.")] = 1,
    slurm: Annotated[
        bool, typer.Option("--slurm", help="Submit to Slurm instead (needs idn[slurm]).")
    ] = False,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            "--cluster",
            metavar="key=value",
            help="For --slurm: submitit's settings, such as slurm_partition=gpu or timeout_min=60.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a config with every combination of values, and print a table at the end.

    Finished runs are not run again, interrupted ones continue, and a failed one leaves the others alone; the
    exit code is 1 if any failed. Results are in DIR/sweep.json too.
    """
    from idn.experiment import sweep as sweeps

    folder = Path("runs") if out is None else out
    planned = sweeps.plan(config, axes, folder)
    progress = console(stderr=True)

    def on_end(outcome: Outcome) -> None:
        state = "done" if outcome.error is None else f"failed: {outcome.error} (see {outcome.log})"
        progress.print(f"{' '.join(outcome.job.overrides)}: {state}", markup=False)

    if cluster and not slurm:
        raise ValueError("--cluster is for --slurm only; add --slurm, or leave it out")
    with resumable():
        if slurm:
            outcomes = sweeps.run_submitit(planned, folder, on_end, parameters=_parameters(cluster or []))
        else:
            outcomes = sweeps.run_processes(planned, folder, jobs, on_end)
    sweeps.save(outcomes, folder)
    console(stderr=as_json).print(_table(config, outcomes))
    if as_json:
        print_json([asdict(outcome) for outcome in outcomes])
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(exit_codes.FAILED)


def _parameters(settings: list[str]) -> dict[str, Any]:
    from idn.experiment import strict_yaml

    parameters: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ValueError(f"--cluster {setting!r} is not key=value, such as timeout_min=60")
        parameters[key] = strict_yaml.parse(text, f"--cluster {setting!r}").value
    return parameters


def _table(config: str, outcomes: list[Outcome]) -> Table:
    """One line for each run; what all have in common is in the title, so that the rest fits."""
    from rich.table import Table

    every = [outcome.job.overrides for outcome in outcomes]
    common = [one for one in every[0] if len(every) > 1 and all(one in other for other in every)]
    table = Table(title=" ".join([config, *common]) + ", on test", title_justify="left")
    table.add_column("changes", overflow="fold")
    short = _short([one.partition("=")[0] for one in every[0]])
    for heading in ("accuracy\n%", "MACs\nsaved", "last\nexit %"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("run", overflow="fold")
    for outcome in outcomes:
        changed = (one.partition("=") for one in outcome.job.overrides if one not in common)
        changes = "\n".join(f"{short[key]}={value}" for key, _, value in changed)
        metrics, name = outcome.metrics, Path(outcome.job.run_dir).name
        if metrics is None:
            table.add_row(changes, "failed", "", "", name)  # why has been said when it failed
        else:
            test = metrics["test"]
            table.add_row(
                changes,
                f"{test['accuracy']:.2f}",
                f"{test['mac_gain']:.2f}x",
                f"{metrics['exits'][-1]['test_accuracy']:.2f}",
                name,
            )
    return table


def _short(keys: list[str]) -> dict[str, str]:
    """The last part of each key, where it tells them apart; else the key."""
    last = [key.rpartition(".")[2] for key in keys]
    return dict(zip(keys, last if len(set(last)) == len(keys) else keys, strict=True))
