"""Starting from the network another run has trained: its trunk, and its exits where they are the same."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.errors import RunError
from idn.experiment import files

if TYPE_CHECKING:
    from idn.branchy import Branchy
    from idn.experiment.schema import RunConfig


def load(model: Branchy, config: RunConfig, run_dir: Path) -> dict[str, Any] | None:
    """Gives a model the weights of a finished run.

    The trunk must be the same. Heads are taken over if all exits are, in place and shape; otherwise those of
    `model` stay untrained, and a stage has to train them.

    :returns: what the trunk alone was worth, as summary.json has it under `trunk`; None where that is not
        known, the other run having trained its exits along from the start.
    :raises ValueError: if the trunks differ, or exits would stay untrained.
    :raises idn.errors.RunError: if the weights cannot be read.
    """
    summary = files.read_json(run_dir / "summary.json")
    weights = read_weights(run_dir / "model.pt")
    _take(model, config, weights, [one["name"] for one in summary["exits"]])
    if len(summary["exits"]) > 1:
        found: dict[str, Any] | None = summary["trunk"]
        return found
    return {
        "test_accuracy": summary["test"]["accuracy"],
        "accuracy_interval": summary["test"]["accuracy_interval"],
        "macs": summary["trunk_macs"],
    }


def load_zoo(model: Branchy, config: RunConfig, name: str, validation_samples: int) -> None:
    """Gives a model the weights of a network of the zoo, as `load` does those of a run.

    :param validation_samples: how many are held out here.
    :raises ValueError: if others were held out when it was trained, the trunks differ, or exits would stay
        untrained.
    :raises idn.errors.StoreError: if its files are damaged.
    """
    from idn import zoo

    card = zoo.card(name)
    if validation_samples != card.validation_samples:
        raise ValueError(
            f"data.validation is {validation_samples}, but {config.start_from}, which this starts from, has "
            f"{card.validation_samples}; both need the same split"
        )
    _take(model, config, zoo.load(name).state_dict(), [one.name for one in card.exits])


def _take(model: Branchy, config: RunConfig, weights: dict[str, Any], exits: list[str]) -> None:
    """Takes over the trunk, and the heads if `exits` are those of the model, in place and shape."""
    ours = model.state_dict()
    if extra := sorted({name for name in weights if name.startswith("trunk.")} - ours.keys()):
        raise ValueError(
            f"start_from {config.start_from!r}: its trunk is another one: it has {extra[0]}, "
            "which is missing here; give both the same model settings"
        )
    for name, value in ours.items():
        if name.startswith("trunk.") and (name not in weights or weights[name].shape != value.shape):
            there = tuple(weights[name].shape) if name in weights else "missing"
            raise ValueError(
                f"start_from {config.start_from!r}: its trunk is another one: {name} is {there} there and "
                f"{tuple(value.shape)} here; give both the same model settings"
            )
    heads = {name: value for name, value in ours.items() if name.startswith("heads.")}
    same = model.exit_names == exits and all(
        name in weights and weights[name].shape == value.shape for name, value in heads.items()
    )
    if not same and heads and not any(stage.train in ("joint", "heads") for stage in config.training.stages):
        raise ValueError(
            f"start_from {config.start_from!r} has not trained the exits {model.exit_names[:-1]}, and no "
            "stage does: add one with train: heads or joint"
        )
    wanted = [name for name in ours if same or name.startswith("trunk.")]
    model.load_state_dict({**ours, **{name: weights[name] for name in wanted}})


def read_weights(path: Path) -> dict[str, Any]:
    """Reads the weights of a finished run; nothing in the file is executed.

    :raises idn.errors.RunError: if they cannot be read.
    """
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load promises nothing about what it meets in damaged files
        raise RunError(f"{path} cannot be read ({error}); run its config again: --force") from error
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise RunError(f"{path} holds no weights; run its config again: --force")
    return loaded
