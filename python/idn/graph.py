"""A model as data: what is in a package, what it costs, and running it (docs/package.md).

Reading, checking and running are C++ (`idn::graph`, `idn_torch::Executor`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from idn import _atomic
from idn._native import extension
from idn.errors import PackageError

if TYPE_CHECKING:
    from idn._idn.graph import Executor, Limits, Package
else:
    Limits = extension.graph.Limits

__all__ = ["Graph", "Input", "Limits", "Node", "Passes", "Segment", "load"]

Size = tuple[int, int]
"""A size that may grow with the batch B: (a, b) is a * B + b."""


@dataclass(frozen=True)
class Input:
    """What a caller hands in. `range` is what its values are made for, None where nothing was said."""

    name: str
    dtype: str
    shape: tuple[Size, ...]
    range: tuple[float, float] | None


@dataclass(frozen=True)
class Node:
    """An operator applied to values; None is an input left out. `tier` is where it is meant to run."""

    operator: str
    version: int
    inputs: tuple[int | None, ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any]
    tier: str


@dataclass(frozen=True)
class Segment:
    """What one exit needs and the exits before it did not compute.

    `nodes` are places in `Graph.nodes`, `live` the values that later segments read.
    `operations` and `live_bytes` are those of one sample; `parameter_bytes` of the constants first read here.
    """

    exit: str
    nodes: tuple[int, ...]
    live: tuple[int, ...]
    operations: int
    parameter_bytes: int
    live_bytes: int


@dataclass(frozen=True)
class Passes:
    """Which rewritings are done when a graph is made ready to run; none changes what it answers."""

    fold_constants: bool = True
    fold_batch_norms: bool = True
    fuse_convolutions: bool = True
    prepack: bool = True

    @classmethod
    def none(cls) -> Passes:
        """Run operator by operator, as the package says."""
        return cls(fold_constants=False, fold_batch_norms=False, fuse_convolutions=False, prepack=False)


def whole_device(device: torch.device | str) -> torch.device:
    """The device with its index, so that two can be compared: "cuda" is the current one of its kind."""
    given = torch.device(device)
    if given.type == "cpu":
        return torch.device("cpu")
    if given != torch.device(given.type):  # it has an index; torch need not ask the device
        return given
    current = torch.accelerator.current_accelerator(check_available=True)
    if current is None or current.type != given.type:
        return given
    return torch.device(given.type, torch.accelerator.current_device_index())


class Graph:
    """A model: operators in order, with named exits in order. Whatever is in one has passed all checks.

    :param package: what `load` or `idn.export` made.
    :param device: where it runs; without an index the current device of its kind, for which torch is asked at
        once.
    :param passes: which rewritings are done first; all by default.
    """

    def __init__(
        self, package: Package, *, device: torch.device | str = "cpu", passes: Passes | None = None
    ) -> None:
        self.package = package
        self.device = whole_device(device)
        self.passes = passes or Passes()

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """What a caller hands in, in order."""
        return tuple(
            Input(one["name"], one["dtype"], tuple(one["shape"]), one["range"]) for one in self.package.inputs
        )

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The operators in order."""
        return tuple(
            Node(
                one["operator"],
                one["version"],
                tuple(one["inputs"]),
                tuple(one["outputs"]),
                one["attributes"],
                one["tier"],
            )
            for one in self.package.nodes
        )

    @property
    def exits(self) -> tuple[str, ...]:
        """The names of the exits, in the order in which they are asked."""
        return tuple(one["name"] for one in self.package.exits)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels in the order of the scores; empty where the package names none."""
        return tuple(self.package.classes)

    @property
    def class_count(self) -> int:
        """How many scores each exit gives."""
        _, shape = self.package.type(self.package.exits[0]["value"])
        return int(shape[1][1])

    @property
    def licence(self) -> str:
        """An SPDX expression; may be empty."""
        return self.package.licence

    @property
    def provenance(self) -> Mapping[str, str]:
        """Where the model comes from, as the exporter knew it."""
        return self.package.provenance

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The graph cut in time: one segment for each exit, in order."""
        nodes, operations = self.nodes, self.package.node_operations(1)
        sizes = [_bytes(one["dtype"], one["shape"], 0) for one in self.package.constants]
        first, seen = len(self.inputs), set[int]()
        found = []
        for name, segment in zip(self.exits, self.package.segments(), strict=True):
            read = {v for n in segment["nodes"] for v in nodes[n].inputs if v is not None}
            constants = {v for v in read if first <= v < first + len(sizes)} - seen
            seen |= constants
            found.append(
                Segment(
                    exit=name,
                    nodes=tuple(segment["nodes"]),
                    live=tuple(segment["live"]),
                    operations=sum(operations[n] for n in segment["nodes"]),
                    parameter_bytes=sum(sizes[v - first] for v in constants),
                    live_bytes=sum(_bytes(*self.package.type(v), 1) for v in segment["live"]),
                )
            )
        return tuple(found)

    def operations(self, batch: int = 1) -> int:
        """Count what all exits together do (docs/operations.md): a multiply-add is two.

        :raises ValueError: for a batch below 0 or above 2^31.
        """
        return self.package.operations(batch)

    def peak_bytes(self, batch: int = 1) -> int:
        """The most bytes of values that are held at once, constants left out.

        :raises ValueError: for a batch below 0 or above 2^31.
        """
        return self.package.peak_bytes(batch)

    @property
    def parameter_bytes(self) -> int:
        """The bytes of all constants."""
        return sum(_bytes(one["dtype"], one["shape"], 0) for one in self.package.constants)

    @cached_property
    def executor(self) -> Executor:
        """What runs it, made ready at the first use."""
        return extension.graph.Executor(
            self.package,
            fold_constants=self.passes.fold_constants,
            fold_batch_norms=self.passes.fold_batch_norms,
            fuse_convolutions=self.passes.fuse_convolutions,
            prepack=self.passes.prepack,
            device=self.device,
        )

    def run(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Compute all exits, on one thread; many threads may call at once.

        :param inputs: one for each of `inputs`, on `device`.
        :returns: the logits of each exit (batch, classes), in order.
        :raises ValueError: for a wrong number of inputs, or one of another dtype, shape or device, out of its
            range, with NaN, or with a bool whose byte is neither 0 nor 1.
        :raises TypeError: for what is no tensor, such as a NumPy array.
        """
        return tuple(self.executor.run(list(inputs)))

    def bytes(self) -> bytes:
        """The package as it is in a file."""
        return bytes(self.package.bytes())

    def save(self, path: str | PathLike[str]) -> None:
        """Write the package, whole or not at all.

        :raises idn.errors.PackageError: if it cannot be written; what was there before stays.
        """
        place = Path(path)
        try:
            _atomic.replace(place, self.bytes())
        except OSError as error:
            raise PackageError(f"{place} cannot be written: {error.strerror or error}") from error

    def __repr__(self) -> str:
        return f"Graph({len(self.nodes)} operators, exits {', '.join(self.exits)})"


def load(
    path: str | PathLike[str],
    *,
    device: torch.device | str = "cpu",
    passes: Passes | None = None,
    limits: Limits | None = None,
) -> Graph:
    """Open a package, checking everything before anything of it is used. The file is mapped, not read.

    :param path: a `.safetensors` file that `idn.export` wrote. It must not be changed while it is in use.
    :param device: where the graph is to run.
    :param passes: which rewritings are done when it first runs; all by default.
    :param limits: what it may ask for at most.
    :raises idn.errors.PackageError: where it is no package, is damaged, or asks for more than it may.
    :raises idn.errors.StoreError: where the file cannot be read.
    :raises ValueError: for what is no path, such as a module.
    """
    try:
        place = fspath(path)
    except TypeError as error:
        raise ValueError(
            f"a {type(path).__name__} was given, expected the path of a package, which idn.export writes."
        ) from error
    try:
        package = extension.graph.Package.open(place, limits or Limits())
    except PackageError as error:
        if _is_safetensors(path):
            raise
        raise PackageError(
            f"{error} It is no safetensors file, and so no package; packages are what idn.export writes."
        ) from error
    return Graph(package, device=device, passes=passes)


def _is_safetensors(path: str | PathLike[str]) -> bool:
    """Whether a file begins as one of safetensors does: with the length of a JSON object, and its brace."""
    with Path(path).open("rb") as file:
        return file.read(9)[8:] == b"{"


TORCH_TYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def _bytes(dtype: str, shape: Sequence[Size], batch: int) -> int:
    elements = 1
    for per_batch, fixed in shape:
        elements *= per_batch * batch + fixed
    return elements * TORCH_TYPES[dtype].itemsize
