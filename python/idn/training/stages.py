"""What a stage trains: which module runs, which parameters move, and which exits count how much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from idn._words import counted
from idn.branchy import Branchy
from idn.loss import exponential_weights
from idn.training.config import AlphaWeights, Stage, TrainingConfig

__all__ = ["Part", "logits_of", "part_of", "prepared"]


@dataclass(frozen=True)
class Part:
    """The part of a model that a stage trains.

    `module` runs; of the list of logits it gives, those before `trained` count, and are those of the exits
    from `first` on. `frozen` neither moves nor updates its statistics.
    """

    module: nn.Module
    parameters: list[nn.Parameter]
    first: int
    trained: int
    weights: list[float]
    frozen: nn.Module | None = None


def logits_of(output: torch.Tensor | list[torch.Tensor] | tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    """Return what a model gave as a list of logits, a single tensor being one exit."""
    return [output] if isinstance(output, torch.Tensor) else list(output)


def part_of(model: nn.Module, stage: Stage, config: TrainingConfig, exits: int) -> Part:
    """Find what a stage trains.

    :param exits: how many exits the model has.
    :raises ValueError: for weights that do not fit the exits, or a stage that needs a `Branchy`.
    """
    weights = _weights(config, exits)
    if stage.train == "joint":
        return Part(model, list(model.parameters()), 0, exits, weights)
    if not isinstance(model, Branchy):
        raise ValueError(
            f"stage {stage.train!r} needs a model made with idn.Branchy, "
            f"not {type(model).__name__}; use 'joint'."
        )
    if stage.train == "trunk":
        return Part(model.trunk, list(model.trunk_parameters()), exits - 1, 1, [1.0])
    if exits == 1:
        raise ValueError("stage 'heads' needs a model with early exits; this one has none.")
    shared = set(model.trunk_parameters())
    heads = [parameter for parameter in model.head_parameters() if parameter not in shared]
    return Part(model, heads, 0, exits - 1, weights[:-1], frozen=model.trunk)


@contextmanager
def prepared(part: Part) -> Iterator[None]:
    """Hold what is frozen still for the time of a stage."""
    moving = {id(parameter) for parameter in part.parameters}
    held = [
        parameter
        for parameter in (part.frozen.parameters() if part.frozen is not None else ())
        if parameter.requires_grad and id(parameter) not in moving
    ]
    for parameter in held:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in held:
            parameter.requires_grad_(True)


def _weights(config: TrainingConfig, exits: int) -> list[float]:
    if config.exit_weights == "equal":
        return [1.0 / exits] * exits
    if isinstance(config.exit_weights, AlphaWeights):
        return exponential_weights(exits, config.exit_weights.alpha)
    weights = list(config.exit_weights)
    if len(weights) != exits:
        raise ValueError(
            f"exit_weights has {counted(len(weights), 'number')} for {counted(exits, 'exit')}; "
            "give one for each, the last being the trunk's."
        )
    return weights
