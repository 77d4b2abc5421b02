"""Arrays and per-sample traces in HDF5 files: chunked, compressed, checksummed, and in place only when whole.

The files are read and written in C++ (`idn::store`) and laid out as docs/formats.md says; h5py reads them
too. A file to be read is not trusted: only plain arrays inside the file itself are accepted, and what a file
claims is compared with what it holds before memory is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from idn._native import extension

__all__ = ["Trace", "TraceWriter", "attributes", "names", "read", "read_trace", "splits", "write"]

_native = extension.store
_Path = str | PathLike[str]

MAX_BYTES: int = _native.DEFAULT_MAX_BYTES
"""What one call reads at most, unless told otherwise: 8 GiB."""


def write(path: _Path, arrays: Mapping[str, ArrayLike], attributes: Mapping[str, str] | None = None) -> None:
    """Write arrays to a new file, which replaces an old one at the very end or, on failure, not at all.

    :param path: the file; its folder must exist.
    :param arrays: by name; "train/images" is the array "images" in the group "train". Items of uint8, int32,
        int64, float32 or float64; 1 to 8 dimensions.
    :param attributes: short texts to keep with them.
    :raises ValueError: for a name, type, shape or text that cannot be stored.
    :raises idn.errors.StoreError: if the disk is full, the folder is missing or may not be written to.
    """
    writer = _native.Writer(fspath(path), "dataset", dict(attributes or {}))
    try:
        for name, array in arrays.items():
            writer.write(name, _native_order(np.asarray(array)))
        writer.commit()
    finally:
        # At once: an exception that somebody keeps would keep the temporary file too.
        writer.discard()


def read(
    path: _Path, names: Sequence[str] | None = None, *, max_bytes: int = MAX_BYTES
) -> dict[str, NDArray[Any]]:
    """Read arrays from a file of ours, or from an ordinary one of h5py.

    :param names: which arrays; all of them when left out.
    :param max_bytes: refuse to read more than this in all.
    :returns: new arrays in C order, by name, in the order asked for.
    :raises idn.errors.StoreError: if the file is missing, damaged or no HDF5, if an array is not there, or if
        it is more than a plain array (links, virtual or external data, other filters or types).
    """
    if isinstance(names, str):
        raise ValueError(f"names is {names!r}, expected a list of names such as [{names!r}].")
    reader = _native.Reader(fspath(path), max_bytes)
    return {name: reader.read(name) for name in (reader.names() if names is None else names)}


def names(path: _Path) -> list[str]:
    """List the arrays in a file, sorted by name, groups before a slash.

    :raises idn.errors.StoreError: as `read`.
    """
    found: list[str] = _native.Reader(fspath(path), MAX_BYTES).names()
    return found


def attributes(path: _Path) -> dict[str, str]:
    """Read the texts kept with a file's arrays; other attributes (numbers) are passed over.

    :raises idn.errors.StoreError: as `read`, and for a text of variable length, which HDF5 cannot read
        safely.
    """
    found: dict[str, str] = _native.Reader(fspath(path), MAX_BYTES).attributes()
    return found


@dataclass(frozen=True)
class Trace:
    """What every exit answered for every sample of a split.

    `logits` is float32 (samples, exits, classes); `labels`, the right classes, and `index`, the samples'
    places in their data set, are int64 (samples).
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    index: NDArray[np.int64]


class TraceWriter:
    """Write traces batch by batch; the file appears, whole, when the `with` block ends without an exception.

    :param path: the file; an old one is replaced at the end.
    :param attributes: short texts to keep with the traces.
    :raises ValueError: for a text that cannot be stored.
    :raises idn.errors.StoreError: if the file cannot be written.
    """

    def __init__(self, path: _Path, attributes: Mapping[str, str] | None = None) -> None:
        self._path = fspath(path)
        self._writer: Any = _native.TraceWriter(self._path, dict(attributes or {}))

    def append(self, split: str, *, logits: ArrayLike, labels: ArrayLike, index: ArrayLike) -> None:
        """Add a batch of samples.

        :param split: such as "test"; its batches may alternate with those of other splits.
        :param logits: (batch, exits, classes), stored as float32; NaN and infinity are kept.
        :param labels: (batch,) integers.
        :param index: (batch,) integers, the samples' places in their split.
        :raises ValueError: for shapes that do not fit one another or the batches before, or fractions.
        :raises idn.errors.StoreError: if the disk refuses.
        """
        if self._writer is None:
            raise ValueError(f"{self._path} is written and closed already: open a new TraceWriter.")
        self._writer.append(
            split,
            np.ascontiguousarray(logits, dtype=np.float32),
            _integers("labels", labels),
            _integers("index", index),
        )

    def close(self) -> None:
        """Put the file in its place; the end of the `with` block does it too.

        :raises idn.errors.StoreError: if the disk refuses; nothing is left then but what was there before.
        """
        try:
            if self._writer is not None:
                self._writer.commit()
        finally:
            self.discard()

    def discard(self) -> None:
        """Throw away what was appended; what was there before stays."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.discard()

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def read_trace(path: _Path, split: str, *, max_bytes: int = MAX_BYTES) -> Trace:
    """Read one split of a file of traces.

    :raises idn.errors.StoreError: as `read`, and if the file holds no traces or not that split.
    """
    return Trace(*_native.TraceReader(fspath(path), max_bytes).read(split))


def splits(path: _Path) -> list[str]:
    """List the splits in a file of traces, sorted.

    :raises idn.errors.StoreError: as `read_trace`.
    """
    found: list[str] = _native.TraceReader(fspath(path), MAX_BYTES).splits()
    return found


def _native_order(array: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def _integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or not (array.dtype.kind in "iu" or array.size == 0):
        raise ValueError(
            f"{name} is of type {array.dtype} and shape {array.shape}, expected integers (batch,)."
        )
    return np.ascontiguousarray(array, dtype=np.int64)
