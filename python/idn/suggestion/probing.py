"""Probes: small heads trained on the features of a trunk that stays as it is."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from idn import costs
from idn.branchy import Branchy, evaluating
from idn.models import heads as head_language
from idn.suggestion import features
from idn.suggestion.places import Place, Scan
from idn.suggestion.result import Probe
from idn.suggestion.samples import Sample
from idn.training.progress import Progress

__all__ = ["Head", "Probed", "affordable_heads", "probe"]

_BATCH_SIZE = 64
_LEARNING_RATE = 3e-3
_WEIGHT_DECAY = 1e-2  # so that thousands of features do not learn a few thousand samples by heart
_LINEAR_SIDE, _CONV_SIDE = 4, 8  # maps are pooled down to these before a linear layer, before convolutions


@dataclass(frozen=True, eq=False)
class Head:
    """A head to be tried at a place, what it costs there, and its layers.

    `leading` are those before the first with weights, `learned` the rest.
    """

    place: Place
    description: str
    macs: int
    leading: nn.Sequential
    learned: nn.Sequential

    @property
    def source(self) -> features.Source:
        """The features that `learned` is trained on."""
        return self.place, tuple(name for name, _ in self.leading.named_children())


@dataclass(frozen=True, eq=False)
class Probed:
    """A probe, and its logits (samples, classes) of the validation samples."""

    probe: Probe
    logits: NDArray[np.float32]


def affordable_heads(scan: Scan, filters: int, seed: int) -> list[Head]:
    """Return the heads that cost less than going on to the end of the trunk.

    The lowest place comes first, and there the fewest layers.

    :raises ValueError: if there is none.
    """
    heads = [
        _head(place, description, scan.classes, seed)
        for place in scan.places
        for description in _descriptions(place.shape, filters)
    ]
    affordable = [head for head in heads if head.place.macs + head.macs < scan.macs]
    if not affordable:
        raise ValueError(
            "the trunk has no place for an early exit: wherever one could be, every head costs at least as "
            f"much as the rest of the trunk's {scan.macs} multiply-accumulates."
        )
    return affordable


def probe(
    trunk: nn.Module,
    trunk_macs: int,
    heads: list[Head],
    training: Sample,
    validation: Sample,
    *,
    epochs: int,
    seed: int,
    progress: Progress,
) -> list[Probed]:
    """Train every head on the training samples and measure it on the validation samples.

    :raises ValueError: if features of the trunk are not finite, or do not fit the memory set aside.
    """
    wanted = {head.source: head.leading for head in heads}
    probed = []
    for maps in features.passes(trunk, wanted, training, validation, progress):
        for head in [head for head in heads if head.source in maps]:
            progress.begin_epoch(f"probing {head.place.name}: {head.description}", epochs, 0)
            seen, unseen = maps[head.source]
            centre, scale = _centre_and_scale(seen)
            learned = head.learned.to(seen.device)
            _train(learned, (seen - centre) / scale, training.labels, epochs, seed, progress)
            with evaluating(learned):
                parts = unseen.split(_BATCH_SIZE)
                logits = torch.cat([learned((part - centre) / scale) for part in parts])
            found = Probe(
                place=head.place.name,
                head=head.description,
                trunk_macs=head.place.macs,
                head_macs=head.macs,
                cost=(head.place.macs + head.macs) / trunk_macs,
                accuracy=100 * float((logits.argmax(dim=1) == validation.labels).double().mean()),
            )
            probed.append(Probed(found, logits.cpu().numpy()))
    return probed


def _descriptions(shape: tuple[int, ...], filters: int) -> list[str]:
    """The heads to try on features of a shape, the fewest layers with weights first."""
    if len(shape) != 3 or shape[1:] == (1, 1):
        return ["linear"]
    conv = f"conv({filters})-"
    before = _pools(shape, _CONV_SIDE)
    return [
        "gap-linear",
        f"{_pools(shape, _LINEAR_SIDE)}linear",
        f"{before}{conv}linear",
        f"{before}{conv}{conv}linear",
    ]


def _pools(shape: tuple[int, ...], side: int) -> str:
    longest, pools = max(shape[1:]), 0
    while longest > side:
        longest, pools = (longest + 1) // 2, pools + 1
    return "pool-" * pools


def _head(place: Place, description: str, classes: int, seed: int) -> Head:
    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(seed)
        layers = head_language.named(description, classes)(place.shape)
    parts = list(layers.named_children())
    first = next(number for number, (_, layer) in enumerate(parts) if list(layer.parameters()))
    leading, learned = (nn.Sequential(OrderedDict(some)) for some in (parts[:first], parts[first:]))
    example = torch.zeros(1, *place.shape)
    macs = costs.count(Branchy(layers, {}, example_input=example), example).trunk_macs
    return Head(place, description, macs, leading, learned)


def _centre_and_scale(seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What to take from features and divide them by, so that one learning rate fits all places.

    Per feature, (1, features), mean and deviation; per channel of maps, (1, channels, 1, 1), zero and the
    root mean square, so that the zeros around a map stay zeros. The first layer with weights could take both
    in, so a head without them can be the same.
    """
    others = [dim for dim in range(seen.dim()) if dim != 1]
    centre = seen.mean(dim=others, keepdim=True)
    if seen.dim() > 2:
        centre = torch.zeros_like(centre)
    count = seen.numel() // seen.shape[1]
    scale = torch.linalg.vector_norm(seen - centre, dim=others, keepdim=True) / count**0.5
    return centre, torch.where(scale > 1e-6 * scale.max(), scale, torch.ones_like(scale))


@torch.enable_grad()
def _train(
    learned: nn.Module,
    seen: torch.Tensor,
    labels: torch.Tensor,
    epochs: int,
    seed: int,
    progress: Progress,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(learned.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for epoch in range(1, epochs + 1):
        for index in torch.randperm(len(labels), generator=generator).to(seen.device).split(_BATCH_SIZE):
            optimizer.zero_grad()
            loss = F.cross_entropy(learned(seen[index]), labels[index])
            loss.backward()
            optimizer.step()
        schedule.step()
        progress.step(epoch, loss.item())
