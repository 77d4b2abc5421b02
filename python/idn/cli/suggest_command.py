"""`idn suggest`: where the trunk of a run would be worth early exits."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from torch import nn

    from idn.data import Splits


def suggest(
    run_dir: Annotated[
        Path, typer.Argument(metavar="RUN_DIR", help="A finished run, of a network without exits or with.")
    ],
    min_accuracy: Annotated[
        float | None,
        typer.Option("--min-accuracy", help="What the first exit must reach alone, in percent."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option("--max-cost", help="What the first exit may cost, as a share of the trunk, up to 1."),
    ] = None,
    max_exits: Annotated[int, typer.Option("--max-exits", help="At most so many early exits, 1 to 4.")] = 3,
    samples: Annotated[
        int, typer.Option("--samples", help="At most so many training and validation samples each.")
    ] = 2000,
    epochs: Annotated[int, typer.Option("--epochs", help="Passes over them for each probe.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Suggest early exits by the guidelines of section 3.6.2, from probes on the trained trunk.

    At least one of --min-accuracy and --max-cost is needed. The lines under "Early exits" are what a config
    takes under model.exits. The test split is not touched.
    """
    from idn import suggest_exits

    trunk, splits, seed = _trained(run_dir)
    suggestion = suggest_exits(
        trunk,
        splits,
        min_accuracy=min_accuracy,
        max_cost=max_cost,
        max_exits=max_exits,
        samples_each=samples,
        epochs=epochs,
        seed=seed,
    )
    console(stderr=as_json).print(str(suggestion), markup=False)
    if as_json:
        print_json({"as_config": suggestion.as_config(), **asdict(suggestion)})


def _trained(run_dir: Path) -> tuple[nn.Module, Splits, int]:
    """The trunk of a finished run with its weights, its data and its seed."""
    from idn import data, report
    from idn.errors import RunError
    from idn.experiment import starting, steps
    from idn.experiment.schema import RunConfig

    config = RunConfig.model_validate(report.load(run_dir).config)
    splits = data.load(
        config.data.name, config.data.root, validation=config.data.validation, seed=config.data.seed
    )
    model = steps.build_model(config, splits)
    weights = run_dir / "model.pt"
    try:
        model.load_state_dict(starting.read_weights(weights))
    except RuntimeError as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{weights} holds another network than config.yaml says: {error}") from error
    return model.trunk, splits, config.training.seed
