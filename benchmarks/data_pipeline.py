"""Batches of augmented and normalised images against a DataLoader that does the same to each image.

50,000 random images of CIFAR10's shape, batch 512, one epoch a turn: ours in the main process, the
DataLoader's with two workers, which stay alive between turns. Target: at least 20 times the images a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from side_by_side import arguments, compare, show
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from idn.data import Augment, Batches, Dataset, Normalizer

PAD = 4


class PerImage(TorchDataset[tuple[torch.Tensor, int]]):
    """Normalises, pads, crops and flips one image at a time."""

    def __init__(self, dataset: Dataset, normalizer: Normalizer) -> None:
        self.images = torch.from_numpy(dataset.images)
        self.labels = dataset.labels.tolist()
        self.mean = torch.tensor(normalizer.mean).view(-1, 1, 1)
        self.std = torch.tensor(normalizer.std).view(-1, 1, 1)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = self.images[index].float().sub_(self.mean).div_(self.std)
        _, height, width = image.shape
        image = torch.nn.functional.pad(image, (PAD, PAD, PAD, PAD))
        top, left = torch.randint(0, 2 * PAD + 1, (2,)).tolist()
        image = image[:, top : top + height, left : left + width]
        if torch.rand(()) < 0.5:
            image = image.flip(2)
        return image, self.labels[index]


def images_per_second(batches: Iterable[Any], images: int) -> float:
    start = time.perf_counter()
    seen = sum(len(batch[0]) for batch in batches)
    seconds = time.perf_counter() - start
    assert seen == images
    return images / seconds


def main() -> None:
    options = arguments(__doc__, repeats=5)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50_000, 3, 32, 32), dtype=np.uint8)
    dataset = Dataset("random", images, rng.integers(0, 10, 50_000), [str(label) for label in range(10)])
    normalizer = Normalizer.fit(images)
    ours = Batches(dataset, 512, normalizer=normalizer, augment=Augment(PAD), shuffle=True, seed=0)
    loader = DataLoader(
        PerImage(dataset, normalizer), batch_size=512, shuffle=True, num_workers=2, persistent_workers=True
    )

    def ours_per_second() -> float:
        ours.set_epoch(ours.epoch + 1)
        return images_per_second(ours, len(dataset))

    result = compare(ours_per_second, lambda: images_per_second(loader, len(dataset)), options.repeats)
    show("data pipeline", result, "images/s", ">= 20", as_json=options.json)


if __name__ == "__main__":
    main()
