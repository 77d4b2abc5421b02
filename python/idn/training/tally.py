"""Sums of loss and hits over the batches of an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from idn.training.distributed import World

__all__ = ["Tally", "Totals"]


@dataclass(frozen=True)
class Totals:
    """Averages over samples: of what was minimised; per exit of cross-entropy (nats) and hits (percent)."""

    samples: int
    loss: float
    losses: list[float]
    accuracies: list[float]


class Tally:
    """Adds up batches in float64, in order, so that the sums survive a checkpoint bit for bit."""

    def __init__(self, exits: int) -> None:
        self.exits = exits
        self.seconds = 0.0
        # samples, summed joint loss, then per exit summed cross-entropy, then per exit hits
        self._sums = torch.zeros(2 + 2 * exits, dtype=torch.float64)

    @torch.no_grad()
    def add(self, loss: float, logits: Sequence[torch.Tensor], labels: torch.Tensor) -> None:
        """Add a batch: its mean joint loss, and logits float32 (batch, classes) per exit."""
        entropies = [F.cross_entropy(exit_logits, labels, reduction="sum") for exit_logits in logits]
        hits = [(exit_logits.argmax(dim=1) == labels).sum() for exit_logits in logits]
        self._sums[0] += len(labels)
        self._sums[1] += loss * len(labels)
        self._sums[2:] += torch.stack([value.double() for value in (*entropies, *hits)]).cpu()

    def total(self, world: World, device: torch.device) -> Totals:
        """Return the averages over all processes."""
        sums = world.sum(self._sums.to(device)).cpu()
        samples, loss, *rest = sums.tolist()
        return Totals(
            samples=int(samples),
            loss=loss / samples,
            losses=[value / samples for value in rest[: self.exits]],
            accuracies=[100 * value / samples for value in rest[self.exits :]],
        )

    def state(self) -> dict[str, Any]:
        """Return what `load` takes."""
        return {"sums": self._sums.clone(), "seconds": self.seconds}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._sums.copy_(state["sums"])
        self.seconds = state["seconds"]
