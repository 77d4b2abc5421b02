"""`idn run`: from a config to a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from idn.cli.output import AsJson, console, print_json, resumable

Config = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG", help="slug/name, such as branchynet_2016/smoke, or a path to a .yaml file."
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Where run directories go; ./runs if not given.")
]


def run(
    config: Config,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[key=value]...", help="Changes, such as training.batch_size=64."),
    ] = None,
    out: Out = None,
    force: Annotated[
        bool, typer.Option("--force", help="Start again, even where a run of this config is there.")
    ] = False,
    on_engine: Annotated[
        bool,
        typer.Option(
            "--on-engine",
            help="Export the network of a finished run again and evaluate it on the engine; train nothing.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train, choose thresholds, evaluate, and write a report.

    The run directory is DIR/<experiment>/<config>-<digest of its settings>. An interrupted run continues
    there and gives the same numbers; a finished one is only shown again, unless --force. A config with
    variants runs them all, below DIR/<experiment>/<config>-<digest>; CONFIG:VARIANT runs one of them.
    """
    from idn import experiment, report
    from idn.experiment import runner
    from idn.experiment import study as studies

    changes = overrides or []
    people = console(stderr=as_json)
    study = experiment.load_study(config, changes) if ":" not in Path(config).name else None
    with resumable(force=force):
        if study is not None:
            result = studies.run(study, out, force=force, on_engine=on_engine)
        elif (run_dir := runner.run_of(config)) is not None and not (changes or out or force):
            result = runner.show(run_dir, on_engine=on_engine)
        else:
            result = experiment.run(experiment.load(config, changes), out, force=force, on_engine=on_engine)
    if result is None:  # another process of a parallel run writes the results
        return
    if study is None:
        people.print(report.summary_table(result.run_dir))
    else:
        found = report.collect([result.run_dir])
        people.print(report.overview_table(found))
        if any(one.comparisons for one in found.studies):
            people.print(report.claims_table(found))
    people.print(f"Report: {result.run_dir / 'report.html'}", markup=False)
    if as_json:
        print_json({"run_dir": str(result.run_dir), "metrics": result.metrics})
