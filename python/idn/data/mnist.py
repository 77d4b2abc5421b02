"""MNIST (LeCun, Cortes and Burges): 60,000 training and 10,000 test images, four IDX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idn.data import idx
from idn.data.dataset import Dataset
from idn.data.sources import get_command
from idn.errors import DataError

VALIDATION = 5_000
CLASSES = [str(digit) for digit in range(10)]


def read(folder: Path, train_images: int = 60_000, test_images: int = 10_000) -> tuple[Dataset, Dataset]:
    """Read the training and the test part.

    :raises DataError: if a file is missing or not what it should be.
    """
    return _part(folder, "train", "train", train_images), _part(folder, "t10k", "test", test_images)


def _part(folder: Path, prefix: str, name: str, count: int) -> Dataset:
    images = idx.read(_find(folder, f"{prefix}-images-idx3-ubyte"), (count, 28, 28))
    path = _find(folder, f"{prefix}-labels-idx1-ubyte")
    labels = idx.read(path, (count,))
    if labels.max() > 9:
        sample = int(labels.argmax())
        raise DataError(
            f"{path} has label {labels[sample]} at sample {sample}, expected 0 to 9; fetch it again."
        )
    return Dataset(f"mnist/{name}", images[:, np.newaxis], labels.astype(np.int64), CLASSES)


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if path.is_file():
            return path
    raise DataError(
        f"{folder / name}[.gz] is missing. Run {get_command('mnist', folder.parent)} to fetch it."
    )
