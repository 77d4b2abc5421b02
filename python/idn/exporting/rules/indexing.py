"""Tables and indices."""

from __future__ import annotations

from typing import Any

import torch

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value
from idn.exporting.types import TensorType

_PAIRS = (
    "make the axes one and pick along it, x.flatten(1, 2)[:, i * x.shape[2] + j] for x[:, i, j]; every i "
    "with every j is x[:, i][:, :, j]"
)


@rule("aten.embedding.default")
def _embedding(call: Call) -> Value:
    return call.emit("embedding", call.value("indices"), call.value("weight"))


@rule("aten.index_select.default")
def _index_select(call: Call) -> Value:
    axis = call.axis()
    _refuse_samples(call, axis)
    return call.emit("gather", call.value("self"), call.value("index"), axis=axis)


@rule("aten.index.Tensor", "aten._unsafe_index.Tensor")
def _index(call: Call) -> Value:
    given: list[Any] = call.given("indices")
    used = [axis for axis, index in enumerate(given) if index is not None]
    if len(used) != 1:
        _refuse_samples(call, used[0])
        raise call.refusal(
            f"indices for the axes {', '.join(map(str, used))} at once, which pick element by element", _PAIRS
        )
    (axis,) = used
    index = call.type_of(given[axis])
    if index.dtype == torch.bool:
        raise call.refusal("a mask as index", "multiply by the mask, or choose with torch.where")
    _refuse_samples(call, axis)
    indices = _from_the_front(call, call.of(given[axis]), index, call.type("self").shape[axis][1])
    if index.rank == 1:
        return call.emit("gather", call.value("self"), indices, axis=axis)
    count = 1
    grows = [size for size in index.shape if size[0]]
    for size in index.shape:
        count *= size[0] or size[1]
    flat = (count, 0) if grows else (0, count)
    if grows and any(size[0] and size[1] for size in index.shape):
        raise call.refusal(f"indices of the shape {index}", "let their sizes be fixed")
    indices = call.emit("reshape", indices, shape=[flat])
    value = call.emit("gather", call.value("self"), indices, axis=axis)
    return call.emit("reshape", value, shape=list(call.result.shape))


def _refuse_samples(call: Call, axis: int) -> None:
    if call.type("self").shape[axis][0]:
        raise call.refusal(
            "it picks along an axis that grows with the batch",
            "let samples stay in their order: pick another axis; an element of each sample is "
            "(x * F.one_hot(i, x.shape[1])).sum(1)",
        )


def _from_the_front(call: Call, value: Value, type: TensorType, size: int) -> Value:
    """Indices that count from the end, counted from the front."""
    if type.dtype == torch.uint8:
        raise call.refusal("indices of uint8, which torch reads as a mask", "convert them to int64")
    below = call.emit("less", value, call.scalar(0, type.dtype))
    return call.emit("select", below, call.emit("add", value, call.scalar(size, type.dtype)), value)


@rule("aten.one_hot.default")
def _one_hot(call: Call) -> Value:
    classes = call.integer("num_classes")
    if classes < 0:
        raise call.refusal("one_hot without num_classes", "say how many: F.one_hot(x, num_classes=10)")
    type = call.type("self")
    value = call.reshape(call.value("self"), type, *type.shape, 1)
    equal = call.emit("equal", value, call.tensor("classes", torch.arange(classes, dtype=type.dtype)))
    return call.cast(equal, torch.bool, torch.int64)
