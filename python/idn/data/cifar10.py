"""CIFAR10 (Krizhevsky 2009) in its binary layout: six files of 10,000 records, a label and 3 x 32 x 32 bytes
each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from idn.data.dataset import Dataset
from idn.data.sources import get_command
from idn.errors import DataError

VALIDATION = 5_000
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
TRAIN_FILES = [f"data_batch_{number}.bin" for number in range(1, 6)]
TEST_FILES = ["test_batch.bin"]

_SHAPE = (3, 32, 32)
_RECORD_BYTES = 1 + 3 * 32 * 32


def read(folder: Path, records_per_file: int = 10_000) -> tuple[Dataset, Dataset]:
    """Read the training and the test part.

    :raises DataError: if a file is missing, has another size, or holds a label above 9, or the class names
        differ.
    """
    _check_class_names(folder / "batches.meta.txt")
    return (
        _part(folder, TRAIN_FILES, "cifar10/train", records_per_file),
        _part(folder, TEST_FILES, "cifar10/test", records_per_file),
    )


def _part(folder: Path, files: list[str], name: str, records_per_file: int) -> Dataset:
    images = np.empty((len(files) * records_per_file, *_SHAPE), dtype=np.uint8)
    labels = np.empty(len(images), dtype=np.int64)
    for number, file in enumerate(files):
        records = _read_records(folder / file, records_per_file)
        part = slice(number * records_per_file, (number + 1) * records_per_file)
        labels[part] = records[:, 0]
        images[part] = records[:, 1:].reshape(-1, *_SHAPE)
    return Dataset(name, images, labels, CLASSES)


def _read_records(path: Path, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    try:
        size = path.stat().st_size
        if size != count * _RECORD_BYTES:
            raise DataError(
                f"{path} has {size} bytes, expected {count * _RECORD_BYTES}: {count} records of "
                f"{_RECORD_BYTES}. Run {get_command('cifar10', path.parent.parent)} to fetch it again."
            )
        records = np.fromfile(path, dtype=np.uint8).reshape(count, _RECORD_BYTES)
    except OSError as error:
        command = get_command("cifar10", path.parent.parent)
        raise DataError(f"{path} cannot be read: {error.strerror}. Run {command} to fetch it.") from error
    if records[:, 0].max() > 9:
        record = int(records[:, 0].argmax())
        raise DataError(
            f"{path} has label {records[record, 0]} at record {record}, expected 0 to 9. "
            f"Run {get_command('cifar10', path.parent.parent)} to fetch it again."
        )
    return records


def _check_class_names(path: Path) -> None:
    if not path.is_file():
        return  # the names are known; a copy without this file is complete
    with path.open("rb") as stream:
        names = stream.read(4096).decode("ascii", errors="replace").split()
    if names != CLASSES:
        raise DataError(f"{path} names the classes {names}, expected {CLASSES}: this is not CIFAR10.")
