"""The loss that trains all exits together (section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch

import idn._native  # noqa: F401  (registers torch.ops.idn)

__all__ = ["exponential_weights", "joint_loss"]


def joint_loss(
    logits: Sequence[torch.Tensor],
    target: torch.Tensor | Sequence[torch.Tensor],
    weights: Literal["equal"] | Sequence[float] = "equal",
    *,
    ignore_index: int = -1,
    divide_by_classes: bool = False,
) -> torch.Tensor:
    """Return the weighted sum of the exits' softmax cross-entropies.

    Each exit's cross-entropy is the mean over its samples whose target is not `ignore_index`; an exit that
    has none contributes 0. One fused, differentiable operator (`torch.ops.idn.joint_loss`), also under
    `torch.compile` and `torch.export`. Source: section 3.2 of the dissertation.

    :param logits: one tensor (batch, classes) per exit, in order; float16, bfloat16, float32 or float64.
    :param target: class indices, int64 (batch,); one tensor for all exits, or one per exit.
    :param weights: "equal" (1/N each) or one finite number >= 0 per exit; see `exponential_weights`.
    :param ignore_index: the target of samples to leave out (an absent view is -1).
    :param divide_by_classes: also divide each exit's term by its number of classes, as the printed formula
        does.
    :returns: a scalar; float32 for half-precision logits, else of the logits' type.
    :raises ValueError: for shapes, types, numbers of weights or targets that do not fit, naming them.
    """
    exits = list(logits)
    if isinstance(weights, str):
        if weights != "equal":
            raise ValueError(f"joint_loss: weights is {weights!r}, expected 'equal' or a number per exit.")
        numbers = [1.0 / len(exits)] * len(exits) if exits else []
    else:
        numbers = [float(weight) for weight in weights]
    targets = [target] if isinstance(target, torch.Tensor) else list(target)
    loss: torch.Tensor = torch.ops.idn.joint_loss(exits, targets, numbers, ignore_index, divide_by_classes)
    return loss


def exponential_weights(exits: int, alpha: float) -> list[float]:
    """Return the exits' weights of the exponentially weighted loss (section 3.2.1).

    w_1 = (1 - alpha)^(N-1) and w_n = alpha (1 - alpha)^(N-n) for n > 1; they sum to 1. The higher alpha, the
    more the later exits count: 0.9 gives .01, .09, .90 for three exits.

    :param exits: N, at least 1.
    :param alpha: in [0, 1].
    :raises ValueError: for other values.
    """
    if exits < 1:
        raise ValueError(f"exponential_weights: exits is {exits}, expected at least 1.")
    if not (math.isfinite(alpha) and 0.0 <= alpha <= 1.0):
        raise ValueError(f"exponential_weights: alpha is {alpha}, expected a number in [0, 1].")
    first = (1.0 - alpha) ** (exits - 1)
    return [first] + [alpha * (1.0 - alpha) ** (exits - n) for n in range(2, exits + 1)]
