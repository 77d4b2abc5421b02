"""`idn config show|schema`: the settings a run would use, and what may be set."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from idn.cli.output import AsJson, print_json
from idn.cli.run_command import Config

app = typer.Typer(help="Show configs and their schema.", no_args_is_help=True)


@app.command()
def show(
    config: Config,
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[key=value]...", help="Changes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a config as YAML, with all it extends, every change and every default."""
    from idn import experiment

    loaded = experiment.load(config, overrides or [])
    if as_json:
        print_json(loaded.run.model_dump(mode="json"))
    else:
        typer.echo(loaded.as_yaml(), nl=False)


@app.command()
def schema() -> None:
    """Print the JSON schema of configs, for editors that complete and check."""
    from idn.experiment import config

    typer.echo(json.dumps(config.json_schema(), indent=2))
