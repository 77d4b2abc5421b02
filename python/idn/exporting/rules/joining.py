"""Parts of tensors, and tensors put together."""

from __future__ import annotations

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value

_GROWS = "let samples stay together: cut another axis, or bring the batch to an axis of its own"


@rule("aten.cat.default", "aten.concat.default")
def _concatenate(call: Call) -> Value:
    parts = [part for part in call.given("tensors") if call.type_of(part).shape != ((0, 0),)]
    dtype = call.result.dtype
    values = [call.cast(call.of(part), call.type_of(part).dtype, dtype) for part in parts]
    return call.join(values, call.integer("dim") % call.result.rank)


@rule("aten.stack.default")
def _stack(call: Call) -> Value:
    result = call.result
    axis = call.integer("dim") % result.rank
    shape = [*result.shape[:axis], (0, 1), *result.shape[axis + 1 :]]
    values = []
    for part in call.given("tensors"):
        value = call.cast(call.of(part), call.type_of(part).dtype, result.dtype)
        values.append(call.emit("reshape", value, shape=shape))
    return call.join(values, axis)


@rule("aten.slice.Tensor", "aten.narrow.default")
def _slice(call: Call) -> Value:
    type, axis = call.type("self"), call.axis()
    value = call.value("self")
    step = call.integer("step") if call.has("step") else 1
    if call.result.shape == type.shape and step == 1:
        return value
    size = _size(call, axis)
    start = _place(call, "start", 0, size)
    stop = start + call.integer("length") if call.has("length") else _place(call, "end", size, size)
    return call.slice(value, axis, min(start, stop), stop, step)


def _size(call: Call, axis: int) -> int:
    per_batch, fixed = call.type("self").shape[axis]
    if per_batch:
        raise call.refusal("it takes a part of an axis that grows with the batch", _GROWS)
    return fixed


def _place(call: Call, name: str, otherwise: int, size: int) -> int:
    place = otherwise if call.given(name) is None else call.integer(name)
    return min(max(place + size if place < 0 else place, 0), size)


@rule("aten.select.int")
def _select(call: Call) -> Value:
    axis = call.axis()
    size = _size(call, axis)
    index = call.integer("index") % size
    value = call.slice(call.value("self"), axis, index, index + 1)
    return call.emit("reshape", value, shape=list(call.result.shape))


@rule("aten.unbind.int")
def _unbind(call: Call) -> list[Value]:
    axis = call.axis()
    parts = [call.slice(call.value("self"), axis, i, i + 1) for i in range(_size(call, axis))]
    return [call.emit("reshape", part, shape=list(call.result.shape)) for part in parts]


@rule(
    "aten.split.Tensor",
    "aten.split_with_sizes.default",
    "aten.chunk.default",
    "aten.split.sizes",
    "aten.tensor_split.sections",
    "aten.tensor_split.indices",
)
def _split(call: Call) -> list[Value]:
    axis = call.axis()
    _size(call, axis)
    values, start = [], 0
    for part in call.results:
        stop = start + part.shape[axis][1]
        values.append(call.slice(call.value("self"), axis, start, stop))
        start = stop
    return values


@rule("aten.slice_scatter.default", "aten.select_scatter.default")
def _written(call: Call) -> Value:
    """A tensor with one part of an axis replaced, which is what writing into a slice becomes."""
    type, source = call.type("self"), call.type("src")
    axis = call.axis()
    written = call.cast(call.value("src"), source.dtype, type.dtype)
    if call.has("index"):
        size = _size(call, axis)
        start = call.integer("index") % size
        stop = start + 1
        written = call.emit("reshape", written, shape=[*type.shape[:axis], (0, 1), *type.shape[axis + 1 :]])
    else:
        if source.shape == type.shape:
            return written
        size = _size(call, axis)
        start, stop = _place(call, "start", 0, size), _place(call, "end", size, size)
        if call.integer("step") != 1:
            raise call.refusal("writing into every other element", "interleave with torch.stack and reshape")
    parts = [written]
    if start > 0:
        parts.insert(0, call.slice(call.value("self"), axis, 0, start))
    if stop < size:
        parts.append(call.slice(call.value("self"), axis, stop, size))
    return call.join(parts, axis)
