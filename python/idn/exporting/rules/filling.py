"""Tensors of one number."""

from __future__ import annotations

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.rules.arithmetic import number
from idn.exporting.tape import Value


@rule(
    "aten.full.default",
    "aten.full_like.default",
    "aten.zeros.default",
    "aten.zeros_like.default",
    "aten.ones.default",
    "aten.ones_like.default",
    "aten.new_zeros.default",
    "aten.new_ones.default",
    "aten.new_full.default",
    "aten.fill.Scalar",
    "aten.scalar_tensor.default",
    "aten.zero.default",
    "aten.empty.memory_format",  # whatever it holds; zeros are as good
    "aten.empty_like.default",
    "aten.new_empty.default",
)
def _filled(call: Call) -> Value:
    """One number in a shape that may grow with the batch."""
    name, result = str(call.node.target), call.result
    given = 1.0 if "ones" in name else 0.0
    if call.has("fill_value") or call.has("value"):
        given = call.number("fill_value" if call.has("fill_value") else "value")
    value = number(call, given)
    return value if result.rank == 0 else call.emit("expand", value, shape=list(result.shape))


@rule("aten.fill.Tensor")
def _filled_with_tensor(call: Call) -> Value:
    value = call.cast(call.value("value"), call.type("value").dtype, call.result.dtype)
    return call.expand(value, call.type("value"), call.result)
