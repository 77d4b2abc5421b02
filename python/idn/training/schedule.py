"""The learning rate as a function of how far a stage has come, so that nothing has to be kept to resume."""

from __future__ import annotations

import math

from idn.training.config import ScheduleConfig

__all__ = ["learning_rate"]


def learning_rate(schedule: ScheduleConfig, lr: float, epochs: float) -> float:
    """Return the learning rate after `epochs` of a stage, which need not be whole.

    `sgdr` is the cited paper's form (Loshchilov & Hutter, 2017, equation 5), as
    `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts` computes it: within a period the rate falls from
    `lr` to `minimum_lr` along half a cosine, then starts anew. Periods are in epochs, and the rate changes
    with each step.
    """
    if schedule.name == "constant":
        return lr
    period = float(schedule.period)
    position = epochs
    if schedule.factor == 1:
        position = epochs % period
    else:
        while position >= period:
            position -= period
            period *= schedule.factor
    span = max(lr - schedule.minimum_lr, 0.0)
    return schedule.minimum_lr + span * (1 + math.cos(math.pi * position / period)) / 2
