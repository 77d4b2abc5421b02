"""
Models as data: graphs, packages and what runs them.
"""

from __future__ import annotations

import builtins
import collections.abc
import os
import typing

import torch

import idn._idn.exits

__all__: list[str] = [
    "Compaction",
    "Engine",
    "Execution",
    "Executor",
    "GraphBuilder",
    "Limits",
    "Package",
    "SegmentTimes",
    "convolution_lanes",
    "operators",
]

class Limits:
    """
    What a package may ask for; more is refused when it is opened.
    """
    def __init__(self) -> None: ...
    @property
    def batch(self) -> int:
        """
        At which operations and peak_bytes hold.
        """
    @batch.setter
    def batch(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def file_bytes(self) -> int: ...
    @file_bytes.setter
    def file_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def header_bytes(self) -> int: ...
    @header_bytes.setter
    def header_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def operations(self) -> int: ...
    @operations.setter
    def operations(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    @property
    def peak_bytes(self) -> int: ...
    @peak_bytes.setter
    def peak_bytes(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None: ...

class Package:
    """
    A model as data; whatever is in one has passed every check.
    """
    @staticmethod
    def from_bytes(data: typing.Any, limits: Limits = ...) -> Package:
        """
        Copies bytes.
        """
    @staticmethod
    def open(path: os.PathLike | str | builtins.bytes, limits: Limits = ...) -> Package:
        """
        Maps a file.
        """
    def bytes(self) -> builtins.bytes:
        """
        The whole file.
        """
    def node_operations(self, batch: typing.SupportsInt | typing.SupportsIndex = 1) -> list[int]:
        """
        What each node does at a batch.
        """
    def operations(self, batch: typing.SupportsInt | typing.SupportsIndex = 1) -> int:
        """
        What all exits together do at a batch, in operations.
        """
    def peak_bytes(self, batch: typing.SupportsInt | typing.SupportsIndex = 1) -> int:
        """
        The most bytes of values held at once, constants left out.
        """
    def segments(self) -> list:
        """
        For each exit the nodes it needs and exits before did not compute, and the values live after it.
        """
    def tensor(self, name: str) -> torch.Tensor:
        """
        A copy of a constant.
        """
    def type(self, value: typing.SupportsInt | typing.SupportsIndex) -> tuple[str, list]:
        """
        The dtype and shape of a value.
        """
    @property
    def classes(self) -> list[str]: ...
    @property
    def constants(self) -> list: ...
    @property
    def exits(self) -> list: ...
    @property
    def inputs(self) -> list: ...
    @property
    def json(self) -> str:
        """
        The graph as the header has it.
        """
    @property
    def licence(self) -> str: ...
    @property
    def nodes(self) -> list: ...
    @property
    def provenance(self) -> dict[str, str]: ...
    @property
    def values(self) -> int: ...

class GraphBuilder:
    """
    Makes a package step by step: inputs, constants, nodes, exits. A step that is refused is a ValueError and leaves the builder as it was.
    """
    def __init__(self) -> None: ...
    def add_constant(self, name: str, tensor: torch.Tensor) -> int:
        """
        A tensor of the package, kept until finish. Gives the value.
        """
    def add_exit(self, name: str, value: typing.SupportsInt | typing.SupportsIndex) -> None:
        """
        The next exit.
        """
    def add_input(
        self,
        name: str,
        dtype: str,
        shape: collections.abc.Sequence,
        range: tuple[typing.SupportsFloat | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex]
        | None = None,
    ) -> int:
        """
        A size is a number or (per_batch, fixed). Gives the value.
        """
    def add_node(
        self,
        operator: str,
        inputs: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex | None],
        attributes: dict = {},
        tier: str = "",
        version: typing.SupportsInt | typing.SupportsIndex = 0,
    ) -> list[int]:
        """
        An operator on values, None for one left out; version 0 is the newest. Gives the outputs.
        """
    def finish(
        self,
        classes: collections.abc.Sequence[str] = [],
        licence: str = "",
        provenance: collections.abc.Mapping[str, str] = {},
        limits: Limits = ...,
    ) -> Package:
        """
        The package; the builder is used up.
        """
    def type(self, value: typing.SupportsInt | typing.SupportsIndex) -> tuple[str, list]:
        """
        The dtype and shape of a value so far.
        """

class Execution:
    """
    One request, exit by exit; used by one thread at a time.
    """
    def __repr__(self) -> str: ...
    def keep(self, rows: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex]) -> None:
        """
        Goes on with these rows of those still in, in ascending order.
        """
    def next(self) -> torch.Tensor:
        """
        Runs the next segment: the logits of its exit, float32 (rows, classes).
        """
    @property
    def can_keep(self) -> bool:
        """
        Whether what is still to be read keeps samples apart.
        """
    @property
    def done(self) -> int:
        """
        Exits computed so far.
        """
    @property
    def rows(self) -> int:
        """
        Samples still in.
        """

class Executor:
    """
    Runs a package; one serves many threads at once.
    """
    def __init__(
        self,
        package: Package,
        *,
        fold_constants: bool = True,
        fold_batch_norms: bool = True,
        fuse_convolutions: bool = True,
        prepack: bool = True,
        device: torch.device | None = None,
    ) -> None: ...
    def __repr__(self) -> str: ...
    def run(self, inputs: collections.abc.Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """
        The logits of all exits, in order: float32 (batch, classes) each.
        """
    def start(self, inputs: collections.abc.Sequence[torch.Tensor]) -> Execution:
        """
        The same exit by exit.
        """
    @property
    def device(self) -> torch.device: ...
    @property
    def package(self) -> Package: ...
    @property
    def steps(self) -> int:
        """
        How many kernels a request runs.
        """

class SegmentTimes:
    """
    The times of all segments, from what was measured.
    """
    def __init__(
        self,
        segments: collections.abc.Sequence[
            collections.abc.Sequence[
                tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsFloat | typing.SupportsIndex]
            ]
        ],
        fixed_seconds: typing.SupportsFloat | typing.SupportsIndex = 0.0,
        seconds_per_byte: typing.SupportsFloat | typing.SupportsIndex = 0.0,
    ) -> None:
        """
        Of each segment (batch, seconds) in any order; and what copying the rows that stay takes.
        """
    def compaction_pays(
        self,
        segment: typing.SupportsInt | typing.SupportsIndex,
        rows: typing.SupportsInt | typing.SupportsIndex,
        kept: typing.SupportsInt | typing.SupportsIndex,
        bytes: typing.SupportsInt | typing.SupportsIndex,
    ) -> bool:
        """
        Whether the rest, from a segment on, is sooner done with some of the rows.
        """
    def predicts(
        self,
        segment: typing.SupportsInt | typing.SupportsIndex,
        batch: typing.SupportsInt | typing.SupportsIndex,
    ) -> float:
        """
        The seconds of a segment, from 0, at a batch.
        """

class Compaction:
    """
    Whether a batch is rid of samples that have left.

    Members:

      AUTO

      ALWAYS

      NEVER
    """

    ALWAYS: typing.ClassVar[Compaction]
    AUTO: typing.ClassVar[Compaction]
    NEVER: typing.ClassVar[Compaction]
    __members__: typing.ClassVar[dict[str, Compaction]]
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class Engine:
    """
    Runs a package, each sample up to the first exit that is sure enough.
    """
    def __call__(
        self, inputs: collections.abc.Sequence[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """
        Labels, confidences, exits and operations of each sample, in order.
        """
    def __init__(
        self,
        executor: Executor,
        policy: idn._idn.exits.Policy,
        *,
        threads: typing.SupportsIndex,
        compaction: Compaction,
        times: SegmentTimes | None = None,
    ) -> None: ...

def convolution_lanes() -> int:
    """
    How many output channels idn's convolution computes side by side here; 0 where it is not used.
    """

def operators() -> list:
    """
    The operators, by name and version.
    """
