"""The images that probes see: a few of the training and of the validation part, never of test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from idn.data import Splits

__all__ = ["Pair", "Sample", "check_labels", "check_whole", "device_of", "draw"]

Pair = Sequence[torch.Tensor]
SMALLEST = 8  # places are found with a few images, and fewer than these measure nothing
_LARGEST = 10_000  # so that the fronts of all sets of exits take seconds


@dataclass(frozen=True, eq=False)
class Sample:
    """Images (samples, ...), normalised, and labels (samples,), on the device of the trunk."""

    images: torch.Tensor
    labels: torch.Tensor


def draw(
    trunk: nn.Module, data: Splits | Sequence[Pair], samples_each: int, seed: int
) -> tuple[Sample, Sample]:
    """Draw at most `samples_each` training and so many validation images, as the seed says.

    :raises ValueError: for data of another form, or numbers out of range.
    """
    from idn.data import Normalizer, Splits

    check_whole("samples_each", samples_each, SMALLEST, _LARGEST)
    check_whole("seed", seed, 0, 2**63 - 1)
    generator = torch.Generator().manual_seed(seed)
    device = device_of(trunk)
    drawn = []
    if isinstance(data, Splits):
        normalizer = Normalizer.fit(data.train.images)
        for part in (data.train, data.validation):
            _check_count(part.name, len(part))
            index = _index(len(part), samples_each, generator)
            images = normalizer(torch.from_numpy(part.images[index.numpy()]))
            labels = torch.from_numpy(part.labels[index.numpy()])
            drawn.append(Sample(images.to(device), labels.to(device)))
    else:
        for what, (images, labels) in zip(("training", "validation"), _pairs(data), strict=True):
            _check_pair(what, images, labels)
            index = _index(len(labels), samples_each, generator)
            chosen = images[index.to(images.device)], labels[index.to(labels.device)]
            drawn.append(Sample(chosen[0].to(device), chosen[1].to(device)))
    return drawn[0], drawn[1]


def check_labels(classes: int, training: Sample, validation: Sample) -> None:
    """Refuse labels that the trunk has no logit for.

    :raises ValueError: naming the label and its sample among those drawn.
    """
    for what, part in (("training", training), ("validation", validation)):
        outside = (part.labels < 0) | (part.labels >= classes)
        if outside.any():
            label = int(part.labels[outside][0])
            raise ValueError(
                f"a {what} label is {label}, expected 0 to {classes - 1}: the trunk gives {classes} logits."
            )


def check_whole(name: str, value: int, smallest: int, largest: int) -> None:
    """Refuse what is no whole number from `smallest` to `largest`.

    :raises ValueError: naming it.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not smallest <= value <= largest:
        raise ValueError(f"{name} is {value!r}, expected a whole number from {smallest} to {largest}.")


def device_of(trunk: nn.Module) -> torch.device:
    """Return where a module's parameters are: the CPU if it has none."""
    return next((parameter.device for parameter in trunk.parameters()), torch.device("cpu"))


def _index(count: int, most: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randperm(count, generator=generator)[:most]


def _pairs(data: object) -> Sequence[Pair]:
    pairs = list(data) if isinstance(data, Sequence) else []
    if len(pairs) != 2 or not all(isinstance(pair, Sequence) and len(pair) == 2 for pair in pairs):
        raise ValueError(
            f"data is a {type(data).__name__}, expected idn.data.Splits, or two pairs of tensors: "
            "((images, labels) of training, (images, labels) of validation)."
        )
    return pairs


def _check_pair(what: str, images: object, labels: object) -> None:
    if (
        not isinstance(images, torch.Tensor)
        or not images.is_floating_point()
        or images.dim() < 2
        or images[0].numel() == 0
    ):
        raise ValueError(
            f"{what} images are {_described(images)}, expected floats (samples, ...), "
            "normalised as the trunk expects."
        )
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64 or labels.dim() != 1:
        raise ValueError(f"{what} labels are {_described(labels)}, expected torch.int64 (samples,).")
    if len(images) != len(labels):
        raise ValueError(f"there are {len(images)} {what} images and {len(labels)} labels for them.")
    _check_count(what, len(labels))


def _check_count(what: str, count: int) -> None:
    if count < SMALLEST:
        raise ValueError(f"{what!r} has {count} samples, too few to probe with: expected {SMALLEST} or more.")


def _described(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"{value.dtype} of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"
