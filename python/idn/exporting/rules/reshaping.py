"""The same elements in another shape or order, and more of them."""

from __future__ import annotations

from typing import Any

from idn.exporting.call import Call
from idn.exporting.dimensions import Dimension
from idn.exporting.registry import rule
from idn.exporting.tape import Value
from idn.exporting.types import TensorType


@rule(
    "aten.clone.default",
    "aten.alias.default",
    "aten.detach.default",
    "aten.contiguous.default",
    "aten.lift_fresh_copy.default",
    "aten.lift_fresh.default",
    "aten.detach_.default",
    "aten.positive.default",
)
def _same(call: Call) -> Value:
    return call.value("self")


@rule(
    "aten.view.default",
    "aten._unsafe_view.default",
    "aten.reshape.default",
    "aten.flatten.using_ints",
    "aten.unflatten.int",
    "aten.squeeze.default",
    "aten.squeeze.dim",
    "aten.squeeze.dims",
    "aten.unsqueeze.default",
    "aten.view_as.default",
    "aten.reshape_as.default",
    "aten.ravel.default",
    "aten._reshape_copy.default",
    "aten.view_copy.default",
)
def _reshape(call: Call) -> Value:
    return call.reshape(call.value("self"), call.type("self"), *call.result.shape)


@rule("aten.permute.default")
def _permute(call: Call) -> Value:
    rank = call.type("self").rank
    return call.permute(call.value("self"), [axis % rank for axis in call.integers("dims")])


@rule("aten.transpose.int", "aten.t.default", "aten.numpy_T.default", "aten.mT.default")
def _transpose(call: Call) -> Value:
    rank = call.type("self").rank
    order = list(range(rank))
    if call.has("dim0"):
        first, second = call.axis("dim0"), call.axis("dim1")
        order[first], order[second] = second, first
    else:
        order = order[::-1] if rank < 3 else [*order[:-2], order[-1], order[-2]]
    return call.permute(call.value("self"), order)


@rule("aten.movedim.int")
def _move(call: Call) -> Value:
    sources = [axis % call.type("self").rank for axis in call.integers("source")]
    places = [axis % call.type("self").rank for axis in call.integers("destination")]
    rest = iter(axis for axis in range(call.type("self").rank) if axis not in sources)
    order = [
        sources[places.index(axis)] if axis in places else next(rest)
        for axis in range(call.type("self").rank)
    ]
    return call.permute(call.value("self"), order)


@rule(
    "aten.expand.default", "aten.expand_as.default", "aten.broadcast_to.default", "aten.expand_copy.default"
)
def _expand(call: Call) -> Value:
    return call.expand(call.value("self"), call.type("self"), call.result)


@rule("aten.copy.default")
def _copy(call: Call) -> Value:
    source = call.type("src")
    value = call.cast(call.value("src"), source.dtype, call.result.dtype)
    return call.expand(value, source, call.result)


@rule("aten.repeat.default", "aten.tile.default")
def _repeat(call: Call) -> Value:
    type = call.type("self")
    longer: list[Dimension] = [(0, 1)] * (call.result.rank - type.rank) + list(type.shape)
    value = call.reshape(call.value("self"), type, *longer)
    changed = [size for size in zip(longer, call.result.shape, strict=True) if size[0] != size[1]]
    if any(after[0] for _, after in changed) and all(before == (0, 1) for before, _ in changed):
        return call.expand(value, TensorType(type.dtype, tuple(longer)), call.result)  # once for each sample
    times = call.integers("repeats" if call.has("repeats") else "dims")
    times = [1] * (type.rank - len(times)) + times
    return value if set(times) <= {1} else call.emit("tile", value, times=times)


@rule("aten.repeat_interleave.self_int")
def _repeat_each(call: Call) -> Value:
    type, times = call.type("self"), call.integer("repeats")
    value = call.value("self")
    if call.given("dim") is None:
        raise call.refusal("repeating all elements, of all samples", "give the axis: dim=1")
    axis = call.axis()
    before, after = type.shape[: axis + 1], type.shape[axis + 1 :]
    value = call.emit("reshape", value, shape=[*before, (0, 1), *after])
    value = call.emit("expand", value, shape=[*before, (0, times), *after])
    return call.emit("reshape", value, shape=list(call.result.shape))


@rule("aten.flip.default", "aten.fliplr.default", "aten.flipud.default")
def _flip(call: Call) -> Value:
    name = str(call.node.target)
    axes = [1] if "lr" in name else [0] if "ud" in name else call.axes("dims")
    return call.emit("flip", call.value("self"), axes=axes)


@rule("aten.pixel_shuffle.default")
def _pixel_shuffle(call: Call) -> Value:
    return call.emit("pixel_shuffle", call.value("self"), factor=call.integer("upscale_factor"))


@rule("aten.pixel_unshuffle.default")
def _pixel_unshuffle(call: Call) -> Value:
    factor = call.integer("downscale_factor")
    batch, channels, (_, height), (_, width) = call.type("self").shape
    blocks = [batch, channels, (0, height // factor), (0, factor), (0, width // factor), (0, factor)]
    value = call.emit("reshape", call.value("self"), shape=blocks)
    value = call.permute(value, [0, 1, 3, 5, 2, 4])
    return call.emit("reshape", value, shape=list(call.result.shape))


@rule("aten.channel_shuffle.default", "aten.native_channel_shuffle.default")
def _channel_shuffle(call: Call) -> Value:
    groups = call.integer("groups")
    batch, (_, channels), *sizes = call.type("self").shape
    shape = [batch, (0, groups), (0, channels // groups), *sizes]
    value = call.emit("reshape", call.value("self"), shape=shape)
    value = call.permute(value, [0, 2, 1, *range(3, len(shape))])
    return call.emit("reshape", value, shape=list(call.result.shape))


@rule("aten.roll.default")
def _roll(call: Call) -> Value:
    type = call.type("self")
    value = call.value("self")
    if not call.given("dims"):
        raise call.refusal("rolling all elements, of all samples", "give the axes: dims=(2, 3)")
    axes = [axis % type.rank for axis in call.integers("dims")]
    for axis, shift in zip(axes, call.integers("shifts"), strict=True):
        size = _fixed(call, type, axis)
        cut = -shift % size if size else 0
        if cut:
            parts = [call.slice(value, axis, cut, size), call.slice(value, axis, 0, cut)]
            value = call.join(parts, axis)
    return value


def _fixed(call: Call, type: TensorType, axis: int) -> int:
    per_batch, fixed = type.shape[axis]
    if per_batch:
        raise call.refusal(f"it moves along axis {axis}, which grows with the batch", "choose another axis")
    return fixed


@rule(
    "aten.pad.default",
    "aten.constant_pad_nd.default",
    "aten.reflection_pad1d.default",
    "aten.reflection_pad2d.default",
    "aten.reflection_pad3d.default",
    "aten.replication_pad1d.default",
    "aten.replication_pad2d.default",
    "aten.replication_pad3d.default",
)
def _pad(call: Call) -> Value:
    name = str(call.node.target)
    mode = "reflect" if "reflection" in name else "replicate" if "replication" in name else call.bound("mode")
    type = call.type("self")
    amounts = call.integers("pad" if call.has("pad") else "padding")
    sides: list[tuple[int, int]] = [(0, 0)] * type.rank
    for index in range(len(amounts) // 2):
        sides[type.rank - 1 - index] = (amounts[2 * index], amounts[2 * index + 1])
    value = call.value("self")
    for axis, (before, after) in enumerate(sides):  # less than nothing is cut off
        if before < 0 or after < 0:
            size = _fixed(call, type, axis)
            value = call.slice(value, axis, max(-before, 0), size - max(-after, 0))
    added = [(max(before, 0), max(after, 0)) for before, after in sides]
    if mode not in (None, "constant"):
        return _pad_with_own(call, value, added, str(mode))
    if not any(map(any, added)):
        return value
    given: Any = call.given("value")
    flat = [amount for side in added for amount in side]
    return call.emit("pad", value, amounts=flat, value=float(given or 0))


def _pad_with_own(call: Call, value: Value, sides: list[tuple[int, int]], mode: str) -> Value:
    """Pad with the input's own elements: mirrored, the edge, or the other end."""
    for axis, (before, after) in enumerate(sides):
        if not before and not after:
            continue
        size = _fixed(call, call.result, axis) - before - after
        parts = [value]
        if before:
            parts.insert(0, _border(call, value, axis, size, before, mode, front=True))
        if after:
            parts.append(_border(call, value, axis, size, after, mode, front=False))
        value = call.join(parts, axis)
    return value


def _border(call: Call, value: Value, axis: int, size: int, amount: int, mode: str, *, front: bool) -> Value:
    if mode == "circular":
        return call.slice(value, axis, size - amount, size) if front else call.slice(value, axis, 0, amount)
    if mode == "replicate":
        edge = call.slice(value, axis, 0, 1) if front else call.slice(value, axis, size - 1, size)
        return call.join([edge] * amount, axis)
    start = 1 if front else size - 1 - amount
    return call.emit("flip", call.slice(value, axis, start, start + amount), axes=[axis])
