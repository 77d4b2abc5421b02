"""Optimizers and penalties: torch.optim's forms (section 2.4), with L1 beside its L2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import nn

from idn.training.config import OptimizerConfig

__all__ = ["add_l1_gradient", "make_optimizer"]


def make_optimizer(
    config: OptimizerConfig, parameters: Iterable[nn.Parameter], l2: float = 0.0
) -> torch.optim.Optimizer:
    """Make the optimizer of a stage.

    L2 is torch's `weight_decay`, which adds l2 * w to the gradient (for Adam too: the penalty, not decoupled
    decay). It is for weights, parameters of two dimensions or more, and not for biases and the scales of
    normalisations.
    """
    parameters = list(parameters)
    groups = [
        {"params": penalised(parameters), "weight_decay": l2},
        {"params": [parameter for parameter in parameters if parameter.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.name == "sgd":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.nesterov)
    return torch.optim.Adam(groups, lr=config.lr, betas=config.betas, eps=config.eps)


def penalised(parameters: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """Return the weights among the parameters: those of two dimensions or more."""
    return [parameter for parameter in parameters if parameter.dim() >= 2]


@torch.no_grad()
def add_l1_gradient(weights: Sequence[nn.Parameter], l1: float) -> None:
    """Add the subgradient of l1 * sum |w|, l1 * sign(w), to the gradients; sign(0) is 0."""
    for weight in weights:
        if weight.grad is not None:
            weight.grad.add_(weight.sign(), alpha=l1)
