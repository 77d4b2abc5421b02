"""The features of a trunk that stays as it is, kept in memory for the heads that are probed on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from idn import _trunk
from idn.branchy import evaluating
from idn.models.layers import feature_count
from idn.suggestion.places import Place
from idn.suggestion.samples import Sample
from idn.training.progress import Progress

__all__ = ["Features", "Source", "passes", "trunk_logits"]

MEMORY_BYTES = 2**30  # what may be kept at a time; a trunk with more is run once for each part of its places
_BATCH_SIZE = 128

# A place, and the names of the layers without parameters that a head begins with: these are applied before
# features are kept, so that what is kept is small.
Source = tuple[Place, tuple[str, ...]]
Features = dict[Source, tuple[torch.Tensor, torch.Tensor]]


def passes(
    trunk: nn.Module,
    wanted: Mapping[Source, nn.Module],
    training: Sample,
    validation: Sample,
    progress: Progress,
) -> Iterator[Features]:
    """Run the trunk on all images, and yield the features, float32, of training and validation.

    Once if all fits into memory; else so often as it takes, some sources at a time.

    :param wanted: for each source, the layers without parameters.
    :raises ValueError: if one source alone does not fit, or features are not finite.
    """
    samples = len(training.labels) + len(validation.labels)
    part: dict[Source, nn.Module] = {}
    used = 0
    for source, layers in wanted.items():
        size = 4 * feature_count(layers, source[0].shape)
        if size * samples > MEMORY_BYTES:
            raise ValueError(
                f"the features at {source[0].name!r} take {size} bytes a sample, {size * samples} in all; "
                f"at most {MEMORY_BYTES} are kept: make samples_each at most {MEMORY_BYTES // size // 2}."
            )
        if used + size * samples > MEMORY_BYTES:
            yield _run(trunk, part, training, validation, progress)
            part, used = {}, 0
        part[source] = layers
        used += size * samples
    yield _run(trunk, part, training, validation, progress)


@torch.no_grad()
def trunk_logits(trunk: nn.Module, sample: Sample) -> torch.Tensor:
    """Return the trunk's own logits (samples, classes), float32.

    :raises ValueError: if one is not finite.
    """
    with evaluating(trunk):
        logits = torch.cat([trunk(images).float() for images in sample.images.split(_BATCH_SIZE)])
    if not logits.isfinite().all():
        raise ValueError("the trunk gives logits that are not finite; train it first, with a lower rate.")
    return logits


def _run(
    trunk: nn.Module,
    wanted: Mapping[Source, nn.Module],
    training: Sample,
    validation: Sample,
    progress: Progress,
) -> Features:
    names = list(dict.fromkeys(place.name for place, _ in wanted))
    at = [[source for source in wanted if source[0].name == name] for name in names]
    kept: dict[Source, tuple[list[torch.Tensor], list[torch.Tensor]]] = {s: ([], []) for s in wanted}
    batches = [
        (half, images)
        for half, sample in enumerate((training, validation))
        for images in sample.images.split(_BATCH_SIZE)
    ]
    progress.begin_epoch("features of the trunk", len(batches), 0)
    with evaluating(trunk):
        for number, (half, images) in enumerate(batches, start=1):

            def keep(index: int, features: torch.Tensor, half: int = half) -> None:
                for source in at[index]:
                    # A copy: what follows in the trunk may change its input in place.
                    kept[source][half].append(wanted[source](features.float()).clone())

            _trunk.run(trunk, names, images, keep)
            progress.step(number)
    found = {source: (torch.cat(halves[0]), torch.cat(halves[1])) for source, halves in kept.items()}
    for (place, _), halves in found.items():
        if not all(half.isfinite().all() for half in halves):
            raise ValueError(f"the features at {place.name!r} are not finite; look at the trunk's weights.")
    return found
