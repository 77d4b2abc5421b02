"""How large gradients are at each depth, which shows whether they vanish on the way down (section 3.6.3)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

__all__ = ["GradientNorms"]


class GradientNorms:
    """Means over steps of the Euclidean norm of each weight's gradient; biases and scales are left out."""

    def __init__(self) -> None:
        self._sums: dict[str, torch.Tensor] = {}
        self._steps = 0

    def add(self, module: nn.Module) -> None:
        """Count the gradients that `module` has now."""
        self._steps += 1
        for name, parameter in module.named_parameters():
            if parameter.dim() >= 2 and parameter.grad is not None:
                norm = parameter.grad.detach().norm()
                self._sums[name] = self._sums[name] + norm if name in self._sums else norm

    def take(self) -> dict[str, float]:
        """Return the mean of each weight since the last call, in the order of the module, and start anew."""
        means = {name: float(total) / self._steps for name, total in self._sums.items()}
        self._sums, self._steps = {}, 0
        return means

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps of a broken-off epoch."""
        return {"sums": {name: total.cpu() for name, total in self._sums.items()}, "steps": self._steps}

    def load(self, state: dict[str, Any], device: torch.device) -> None:
        """Go on from what `state` gave."""
        self._sums = {name: total.to(device) for name, total in state["sums"].items()}
        self._steps = state["steps"]
