"""Pooling."""

from __future__ import annotations

import math
from collections.abc import Callable

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value


def _pooled(call: Call, axes: int, pool: Callable[[Value], Value]) -> Value:
    """Pool the last axes; of an input that has but one axis before them, as if it had a channel."""
    type = call.type("self")
    value = call.value("self")
    if type.rank == axes + 2:
        return pool(value)
    value = call.reshape(value, type, type.shape[0], 1, *type.shape[1:])
    return call.emit("reshape", pool(value), shape=list(call.result.shape))


for _axes in (1, 2, 3):

    def _max(call: Call, axes: int = _axes) -> Value | tuple[Value | None, ...]:
        kernel = call.integers("kernel_size", axes)
        value = _pooled(
            call,
            axes,
            lambda value: call.emit(
                "max_pool",
                value,
                kernel=kernel,
                stride=call.integers("stride", axes) or kernel,
                padding=call.integers("padding", axes),
                dilation=call.integers("dilation", axes),
                ceil=bool(call.given("ceil_mode")),
            ),
        )
        return value if len(call.results) == 1 else (value, None)

    def _average(call: Call, axes: int = _axes) -> Value:
        kernel = call.integers("kernel_size", axes)
        divisor = call.bound("divisor_override")
        if divisor is not None and call.given("ceil_mode"):
            raise call.refusal(
                "divisor_override together with ceil_mode", "pad the input and leave out ceil_mode"
            )
        value = _pooled(
            call,
            axes,
            lambda value: call.emit(
                "average_pool",
                value,
                kernel=kernel,
                stride=call.integers("stride", axes) or kernel,
                padding=call.integers("padding", axes),
                ceil=bool(call.given("ceil_mode")),
                count_padding=bool(call.given("count_include_pad")) or divisor is not None,
            ),
        )
        if divisor is None:
            return value
        factor = math.prod(kernel) / call.integer("divisor_override")
        return call.emit("multiply", value, call.scalar(factor, call.result.dtype))

    def _adaptive(call: Call, axes: int = _axes) -> Value | tuple[Value | None, ...]:
        operator = "adaptive_max_pool" if "max" in str(call.node.target) else "adaptive_average_pool"
        size = [given for _, given in call.result.shape[-axes:]]
        value = _pooled(call, axes, lambda value: call.emit(operator, value, size=size))
        return value if len(call.results) == 1 else (value, None)

    rule(f"aten.max_pool{_axes}d.default", f"aten.max_pool{_axes}d_with_indices.default")(_max)
    rule(f"aten.avg_pool{_axes}d.default")(_average)
    rule(
        f"aten.adaptive_avg_pool{_axes}d.default",
        f"aten._adaptive_avg_pool{_axes}d.default",
        f"aten.adaptive_max_pool{_axes}d.default",
    )(_adaptive)
