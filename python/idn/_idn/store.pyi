"""
Arrays and per-sample traces in HDF5 files.
"""

from __future__ import annotations

import collections.abc
import os
import typing

import numpy
import numpy.typing

__all__: list[str] = ["DEFAULT_MAX_BYTES", "Reader", "TraceReader", "TraceWriter", "Writer"]

class Writer:
    """
    Writes a new file of arrays, put in its place by commit().
    """
    def __init__(
        self, path: os.PathLike | str | bytes, format: str, attributes: collections.abc.Mapping[str, str]
    ) -> None: ...
    def commit(self) -> None:
        """
        Puts the file in its place.
        """
    def discard(self) -> None:
        """
        Leaves nothing of it.
        """
    def write(self, name: str, array: numpy.ndarray) -> None:
        """
        Writes a whole array.
        """

class Reader:
    """
    Reads arrays from a file that is not trusted.
    """
    def __init__(
        self, path: os.PathLike | str | bytes, max_bytes: typing.SupportsInt | typing.SupportsIndex
    ) -> None: ...
    def attributes(self) -> dict[str, str]:
        """
        The file's texts by name.
        """
    def names(self) -> list[str]:
        """
        The names of all arrays, sorted.
        """
    def read(self, name: str) -> numpy.ndarray:
        """
        Reads a whole array.
        """

class TraceWriter:
    """
    Writes per-sample traces, put in their place by commit().
    """
    def __init__(
        self, path: os.PathLike | str | bytes, attributes: collections.abc.Mapping[str, str]
    ) -> None: ...
    def append(
        self,
        split: str,
        logits: numpy.typing.NDArray[numpy.float32],
        labels: numpy.typing.NDArray[numpy.int64],
        index: numpy.typing.NDArray[numpy.int64],
    ) -> None:
        """
        Adds a batch of samples to a split.
        """
    def commit(self) -> None:
        """
        Puts the file in its place.
        """
    def discard(self) -> None:
        """
        Leaves nothing of it.
        """

class TraceReader:
    """
    Reads per-sample traces from a file that is not trusted.
    """
    def __init__(
        self, path: os.PathLike | str | bytes, max_bytes: typing.SupportsInt | typing.SupportsIndex
    ) -> None: ...
    def attributes(self) -> dict[str, str]:
        """
        The file's texts by name.
        """
    def read(self, split: str) -> tuple:
        """
        Reads a split: logits, labels and index.
        """
    def splits(self) -> list[str]:
        """
        The names of all splits, sorted.
        """

DEFAULT_MAX_BYTES: int = 8589934592
