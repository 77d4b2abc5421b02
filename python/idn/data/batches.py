"""Batches of a data set, the same for the same seed and epoch on any number of threads and processes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from idn._native import extension
from idn.data.augment import Augment, Draw
from idn.data.dataset import Dataset
from idn.data.normalizer import Normalizer


class Batches:
    """Walks over a data set: (images float32 (batch, channels, height, width), labels int64, index int64
    (batch,)).

    `index` is each sample's place in the data set. The images are normalised, then padded, cropped and
    flipped when an `augment` is given, so padding is exactly zero. Order and augmentation follow from (seed,
    epoch) alone.

    `batch_size` counts the samples that all `world` processes take together: process `rank` gets every
    world-th sample of each batch, so `world` processes see, batch by batch, what one process would. A last
    batch smaller than `world` joins the batch before it; no sample is seen twice and none is left out.

    :raises ValueError: if a number is out of range, the normaliser has another number of channels, or there
        are fewer samples than processes, or than a batch when `drop_last` is set.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int,
        *,
        normalizer: Normalizer,
        augment: Augment | None = None,
        shuffle: bool,
        seed: int,
        drop_last: bool = False,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        if world < 1 or not 0 <= rank < world:
            raise ValueError(f"rank is {rank} of {world}, expected 0 <= rank < world.")
        if batch_size < 1 or batch_size % world:
            raise ValueError(
                f"batch_size is {batch_size}, expected a positive multiple of the {world} processes that "
                "share it."
            )
        if seed < 0:
            raise ValueError(f"seed is {seed}, expected a number >= 0.")
        if len(dataset) < (batch_size if drop_last else world):
            raise ValueError(
                f"{dataset.name!r} has {len(dataset)} samples, too few for one batch of {batch_size} "
                f"in {world} processes; make batch_size smaller."
            )
        if dataset.images.shape[1] != len(normalizer.mean):
            raise ValueError(
                f"images of {dataset.name!r} have {dataset.images.shape[1]} channels, "
                f"the normaliser was made for {len(normalizer.mean)}."
            )
        self.dataset = dataset
        self.batch_size = batch_size
        self.normalizer = normalizer
        self.augment = augment
        self.shuffle = shuffle
        self.seed = seed
        self.rank = rank
        self.world = world
        self._epoch = 0
        self._images = _tensor(dataset.images)
        self._labels = _tensor(dataset.labels)
        self._bounds = _bounds(len(dataset), batch_size, world, drop_last)

    @property
    def epoch(self) -> int:
        """The epoch whose order and augmentation the next iteration takes."""
        return self._epoch

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch, counted from 0; without it, every iteration is the same.

        :raises ValueError: if the epoch is negative.
        """
        if epoch < 0:
            raise ValueError(f"epoch is {epoch}, expected a number >= 0.")
        self._epoch = epoch

    def __len__(self) -> int:
        return len(self._bounds)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        return self.starting_at(0)

    def starting_at(self, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Walk over the rest of the epoch from a batch on: bit for bit what a whole walk gives from there.

        :raises ValueError: if the batch is not between 0 and the number of batches.
        """
        if not 0 <= batch <= len(self):
            raise ValueError(f"batch is {batch}, expected 0 to {len(self)}.")
        return self._walk(batch)

    def _walk(self, first: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        generator = torch.Generator().manual_seed(_mix(self.seed, self._epoch))
        samples = len(self.dataset)
        order = torch.randperm(samples, generator=generator) if self.shuffle else torch.arange(samples)
        draw = self.augment.draw(samples, generator) if self.augment is not None else None
        for begin, end in self._bounds[first:]:
            mine = slice(begin + self.rank, end, self.world)
            index = order[mine]
            images = self._pixels(index, None if draw is None else draw[mine])
            yield images, self._labels.index_select(0, index), index.clone()

    def _pixels(self, index: torch.Tensor, draw: Draw | None) -> torch.Tensor:
        pad = 0 if self.augment is None else self.augment.pad
        nothing = torch.zeros(len(index), dtype=torch.int64)
        batch: torch.Tensor = extension.data.crop_batch(
            self._images,
            index,
            mean=self.normalizer.mean,
            inverse_std=self.normalizer.inverse_std,
            top=nothing if draw is None else draw.top - pad,
            left=nothing if draw is None else draw.left - pad,
            flip=nothing.bool() if draw is None else draw.flip,
        )
        return batch


def _tensor(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> torch.Tensor:
    # torch warns of memory it may not write to, which a memory map is, so that is copied.
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _mix(seed: int, epoch: int) -> int:
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _bounds(samples: int, batch_size: int, world: int, drop_last: bool) -> list[tuple[int, int]]:
    bounds = [(begin, min(begin + batch_size, samples)) for begin in range(0, samples, batch_size)]
    begin, end = bounds[-1]
    if drop_last and end - begin < batch_size:
        bounds.pop()
    elif end - begin < world:
        bounds[-2:] = [(bounds[-2][0], end)]
    return bounds
