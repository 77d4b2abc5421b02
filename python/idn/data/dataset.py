"""A labelled set of images in memory, and the three splits of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images as bytes with their labels.

    images: uint8 (samples, channels, height, width), 0 to 255. labels: int64 (samples,), each an index into
    `classes`.

    :raises ValueError: if shapes, types or labels do not fit together.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: list[str]

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.size == 0:
            raise ValueError(
                f"images of {self.name!r} are {self.images.dtype} of shape {self.images.shape}, "
                "expected uint8 (samples, channels, height, width) and at least one sample."
            )
        if self.labels.dtype != np.int64 or self.labels.shape != self.images.shape[:1]:
            raise ValueError(
                f"labels of {self.name!r} are {self.labels.dtype} of shape {self.labels.shape}, "
                f"expected int64 ({len(self.images)},), one for each image."
            )
        outside = (self.labels < 0) | (self.labels >= len(self.classes))
        if outside.any():
            sample = int(outside.argmax())
            raise ValueError(
                f"label of sample {sample} of {self.name!r} is {self.labels[sample]}, "
                f"expected 0 to {len(self.classes) - 1} for {len(self.classes)} classes."
            )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        shape = "x".join(str(size) for size in self.images.shape[1:])
        return f"Dataset({self.name!r}, {len(self)} images of {shape}, {len(self.classes)} classes)"

    def select(self, index: NDArray[np.int64], name: str) -> Dataset:
        """Return the samples at `index`, in that order, under a name of their own."""
        return Dataset(name, self.images[index], self.labels[index], self.classes)


@dataclass(frozen=True, eq=False)
class Splits:
    """What a network is trained on, what thresholds and settings are chosen on, and what is reported.

    :raises ValueError: if the three differ in classes or in the shape of an image.
    """

    train: Dataset
    validation: Dataset
    test: Dataset

    def __post_init__(self) -> None:
        for part in (self.validation, self.test):
            if part.classes != self.train.classes:
                raise ValueError(
                    f"classes of {part.name!r} are {part.classes[:5]}, those of {self.train.name!r} "
                    f"{self.train.classes[:5]}; expected the same classes in the same order in every split."
                )
            if part.images.shape[1:] != self.train.images.shape[1:]:
                raise ValueError(
                    f"images of {part.name!r} have shape {part.images.shape[1:]}, those of "
                    f"{self.train.name!r} "
                    f"{self.train.images.shape[1:]}; expected one shape in every split."
                )
