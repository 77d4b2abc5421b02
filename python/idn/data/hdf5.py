"""An HDF5 file of the user's own as a data set.

Either `/images` and `/labels`, with samples held out, or `/train/images`, `/train/labels` and the same under
`/test` and perhaps `/validation`. Images are uint8 (samples, channels, height, width) or (samples, height,
width), labels are integers from 0. The attribute `classes` of the file, a JSON list as a text of fixed
length, names the classes; without it they are "0", "1" and so on. `idn.store.write` writes such a file; h5py
writes arrays that can be read with its default settings, but texts of variable length, which cannot be: the
names must then be given as `numpy.bytes_(json.dumps(names))`. One text of variable length anywhere among the
file's own attributes leaves all of them unread, with a warning; the arrays are read all the same.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from idn.data import own
from idn.data.dataset import Dataset, Splits
from idn.errors import DataError, StoreError

_MOST_TEXT = 1 << 20  # characters of the names of all classes
_VARIABLE_LENGTH = "a text of variable length"  # in the store's message, which has no code to tell it by


def load(path: Path, validation: int | None = None, seed: int = 0) -> Splits:
    """Load an HDF5 file; warns (UserWarning) where its attributes, and so the classes' names, are unreadable.

    :raises ValueError: if `validation` is out of range, or given although the file has a validation part.
    :raises DataError: if the file is not HDF5, or its images, labels and classes are missing or do not fit
        together.
    """
    from idn import store

    try:
        names = set(store.names(path))
        if {"images", "labels"} <= names:
            places = {"train": ""}
        elif {"train/images", "train/labels"} <= names:
            found = [part for part in ("train", "validation", "test") if f"{part}/images" in names]
            places = {part: f"{part}/" for part in found}
        else:
            raise DataError(
                f"{path} holds {', '.join(sorted(names)[:8]) or 'nothing'}; expected images and labels, or "
                "train/images, "
                "train/labels and the same under test and validation."
            )
        arrays = store.read(
            path, [f"{place}{kind}" for place in places.values() for kind in ("images", "labels")]
        )
        text = _attributes(path).get("classes")
    except StoreError as error:
        raise DataError(f"{path} cannot be read as a data set: {error}") from error
    labels = {
        part: _labels(path, f"{place}labels", arrays[f"{place}labels"]) for part, place in places.items()
    }
    classes = _classes(path, text, max(int(values.max()) for values in labels.values()) + 1)
    parts = {}
    for part, place in places.items():
        name = path.stem if len(places) == 1 else f"{path.stem}/{part}"
        images = _images(path, f"{place}images", arrays[f"{place}images"])
        try:
            parts[part] = Dataset(name, images, labels[part], classes)
        except ValueError as error:
            raise DataError(f"{path}: {error}") from error
    return own.split(parts, validation, seed)


def _attributes(path: Path) -> dict[str, str]:
    """The file's texts; none where one is of variable length, for which the arrays need not be refused."""
    from idn import store

    try:
        return store.attributes(path)
    except StoreError as error:
        if _VARIABLE_LENGTH not in str(error):
            raise
        warnings.warn(f"The classes of {path} are numbered, not named: {error}", stacklevel=2)
        return {}


def _images(path: Path, name: str, array: NDArray[np.generic]) -> NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim not in (3, 4) or array.size == 0:
        raise DataError(
            f"{path}: {name} is {array.dtype} of shape {array.shape}, expected uint8 (samples, channels, "
            "height, width) "
            "or (samples, height, width), and at least one sample."
        )
    return np.asarray(array if array.ndim == 4 else array[:, np.newaxis], dtype=np.uint8)


def _labels(path: Path, name: str, array: NDArray[np.generic]) -> NDArray[np.int64]:
    if not np.issubdtype(array.dtype, np.integer) or array.ndim != 1 or array.size == 0:
        raise DataError(
            f"{path}: {name} is {array.dtype} of shape {array.shape}, expected integers (samples,), at "
            "least one."
        )
    labels = array.astype(np.int64)
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= own.MOST_CLASSES:
        raise DataError(
            f"{path}: {name} go from {lowest} to {highest}, expected 0 to {own.MOST_CLASSES - 1}."
        )
    return labels


def _classes(path: Path, text: str | None, count: int) -> list[str]:
    if text is None:
        return [str(label) for label in range(count)]
    if len(text) > _MOST_TEXT:
        raise DataError(
            f"{path}: attribute classes has {len(text)} characters, expected at most {_MOST_TEXT}; "
            "shorten the names."
        )
    try:
        classes = json.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: lists in lists in lists
        raise DataError(
            f"{path}: attribute classes is {text[:60]!r}, expected a JSON list of names."
        ) from error
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise DataError(f"{path}: attribute classes is {text[:60]!r}, expected a JSON list of names.")
    return classes
