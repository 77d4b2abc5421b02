"""What a package says of itself, added up by segment and by operator."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from idn.graph import TORCH_TYPES

if TYPE_CHECKING:
    from idn.graph import Graph, Input

Size = tuple[int, int]


@dataclass(frozen=True)
class NodeSummary:
    """An operator in its place.

    `reads` are values, None one left out; `outputs` are values with their types, a size (a, b) being
    a * B + b. `parameters` are those of the constants that this node is the first to read. `operations` are
    at the batch.
    """

    index: int
    operator: str
    version: int
    segment: int
    reads: tuple[int | None, ...]
    outputs: tuple[tuple[int, str, tuple[Size, ...]], ...]
    attributes: Mapping[str, Any]
    tier: str
    parameters: int
    parameter_bytes: int
    operations: int


@dataclass(frozen=True)
class SegmentSummary:
    """What an exit needs and the exits before it did not compute.

    `operations` and `live_bytes` (values that cross its end) are at the batch; `cumulative_share` is the part
    of all operations that is done where a sample leaves here, None where the graph does none.
    """

    exit: str
    operators: int
    parameters: int
    parameter_bytes: int
    operations: int
    live_bytes: int
    cumulative_share: float | None


@dataclass(frozen=True)
class Inspection:
    """A package in numbers. Names and texts are those of the package: escape them before they are shown."""

    batch: int
    bytes: int
    sha256: str
    inputs: tuple[Input, ...]
    exits: tuple[str, ...]
    exit_values: tuple[int, ...]
    classes: tuple[str, ...]
    class_count: int
    licence: str
    provenance: Mapping[str, str]
    operators: Mapping[str, int]
    parameters: int
    parameter_bytes: int
    operations: int
    peak_bytes: int
    segments: tuple[SegmentSummary, ...]
    nodes: tuple[NodeSummary, ...]
    value_names: tuple[str | None, ...]

    def as_dict(self, *, nodes: bool = False) -> dict[str, Any]:
        """Plain values for JSON; a size is a number, or [a, b] where it is a * B + b, as in the package."""
        plain = asdict(self)
        del plain["value_names"]
        plain["inputs"] = [one | {"shape": _sizes(one["shape"])} for one in plain["inputs"]]
        if not nodes:
            del plain["nodes"]
            return plain
        for node in plain["nodes"]:
            node["outputs"] = [
                {"value": value, "dtype": dtype, "shape": _sizes(shape)}
                for value, dtype, shape in node["outputs"]
            ]
        return plain


def inspect(graph: Graph, batch: int = 1) -> Inspection:
    """Look at every part of a package.

    :param batch: at which operations and bytes are counted.
    :raises ValueError: for a batch below 0 or above 2^31.
    """
    from hashlib import sha256

    content = graph.bytes()
    nodes = _nodes(graph, batch)
    segments = _segments(graph, nodes, batch)
    counts = Counter(node.operator for node in nodes)
    return Inspection(
        batch=batch,
        bytes=len(content),
        sha256=sha256(content).hexdigest(),
        inputs=graph.inputs,
        exits=graph.exits,
        exit_values=tuple(one["value"] for one in graph.package.exits),
        classes=graph.classes,
        class_count=graph.class_count,
        licence=graph.licence,
        provenance=dict(graph.provenance),
        operators=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        parameters=sum(segment.parameters for segment in segments),
        parameter_bytes=sum(segment.parameter_bytes for segment in segments),
        operations=graph.operations(batch),
        peak_bytes=graph.peak_bytes(batch),
        segments=segments,
        nodes=nodes,
        value_names=_value_names(graph),
    )


def size_text(size: Size) -> str:
    """`3`, `B`, `2B+1`."""
    per_batch, fixed = size
    if per_batch == 0:
        return str(fixed)
    grows = "B" if per_batch == 1 else f"{per_batch}B"
    return f"{grows}+{fixed}" if fixed else grows


def shape_text(shape: Sequence[Size]) -> str:
    """`(B, 3, 32, 32)`."""
    return "(" + ", ".join(map(size_text, shape)) + ")"


def value_bytes(graph: Graph, value: int, batch: int) -> int:
    """The bytes of a value at a batch."""
    dtype, shape = _type(graph, value)
    return _elements(shape, batch) * TORCH_TYPES[dtype].itemsize


def _nodes(graph: Graph, batch: int) -> tuple[NodeSummary, ...]:
    package = graph.package
    segment_of = {node: number for number, segment in enumerate(graph.segments) for node in segment.nodes}
    first = len(graph.inputs)
    unread = {
        first + place: (_elements(one["shape"], 0), TORCH_TYPES[one["dtype"]].itemsize)
        for place, one in enumerate(package.constants)
    }
    # Segments run in the order of their exits, so that is the order in which constants are first read.
    operations = package.node_operations(batch)
    found: dict[int, NodeSummary] = {}
    for index in (node for segment in graph.segments for node in segment.nodes):
        node = graph.nodes[index]
        constants = [unread.pop(value) for value in node.inputs if value is not None and value in unread]
        found[index] = NodeSummary(
            index=index,
            operator=node.operator,
            version=node.version,
            segment=segment_of[index],
            reads=node.inputs,
            outputs=tuple((value, *_type(graph, value)) for value in node.outputs),
            attributes=node.attributes,
            tier=node.tier,
            parameters=sum(elements for elements, _ in constants),
            parameter_bytes=sum(elements * size for elements, size in constants),
            operations=operations[index],
        )
    return tuple(found[index] for index in sorted(found))


def _segments(graph: Graph, nodes: Sequence[NodeSummary], batch: int) -> tuple[SegmentSummary, ...]:
    found, done, total = [], 0, graph.operations(batch)
    for segment in graph.segments:
        own = [nodes[index] for index in segment.nodes]
        operations = sum(node.operations for node in own)
        done += operations
        found.append(
            SegmentSummary(
                exit=segment.exit,
                operators=len(own),
                parameters=sum(node.parameters for node in own),
                parameter_bytes=sum(node.parameter_bytes for node in own),
                operations=operations,
                live_bytes=sum(value_bytes(graph, value, batch) for value in segment.live),
                cumulative_share=min(1.0, done / total) if total else None,
            )
        )
    return tuple(found)


def _value_names(graph: Graph) -> tuple[str | None, ...]:
    """What inputs and constants are called, by value; None for what nodes give."""
    named = [one.name for one in graph.inputs] + [one["name"] for one in graph.package.constants]
    return (*named, *[None] * (graph.package.values - len(named)))


def _type(graph: Graph, value: int) -> tuple[str, tuple[Size, ...]]:
    dtype, shape = graph.package.type(value)
    return dtype, tuple((per_batch, fixed) for per_batch, fixed in shape)


def _elements(shape: Sequence[Size], batch: int) -> int:
    return math.prod(per_batch * batch + fixed for per_batch, fixed in shape)


def _sizes(shape: Sequence[Size]) -> list[int | list[int]]:
    return [[per_batch, fixed] if per_batch else fixed for per_batch, fixed in shape]
