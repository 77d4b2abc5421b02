"""Comparisons, logic and choice."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import fx

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.rules.arithmetic import number, operand, pair
from idn.exporting.tape import Value

_COMPARISONS = {
    "eq": "equal",
    "ne": "not_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
}


def _common(call: Call) -> torch.dtype:
    """The type in which torch compares two."""

    def given(name: str) -> Any:
        one = call.given(name)
        return (
            torch.empty([0] * one.meta["val"].dim(), dtype=one.meta["val"].dtype)
            if isinstance(one, fx.Node) and isinstance(one.meta["val"], torch.Tensor)
            else one
        )

    return torch.result_type(given("self"), given("other"))


for _name, _operator in _COMPARISONS.items():

    def _compare(call: Call, operator: str = _operator) -> Value:
        dtype = _common(call)
        if dtype == torch.bool and operator not in ("equal", "not_equal"):
            dtype = torch.uint8
        return call.emit(operator, operand(call, "self", dtype), operand(call, "other", dtype))

    for _overload in ("Tensor", "Scalar"):
        rule(f"aten.{_name}.{_overload}")(_compare)

for _name, _operator in {"and": "logical_and", "or": "logical_or", "xor": "not_equal"}.items():

    def _both(call: Call, operator: str = _operator) -> Value:
        return call.emit(operator, operand(call, "self", torch.bool), operand(call, "other", torch.bool))

    def _bitwise(call: Call, operator: str = _operator) -> Value:
        if call.result.dtype != torch.bool:
            raise call.refusal("bits of integers", "compare first, and combine what is bool")
        return pair(call, operator)

    rule(f"aten.logical_{_name}.default")(_both)
    for _overload in ("Tensor", "Scalar"):
        rule(f"aten.bitwise_{_name}.{_overload}", f"aten.__{_name}__.{_overload}")(_bitwise)


@rule("aten.logical_not.default", "aten.bitwise_not.default")
def _not(call: Call) -> Value:
    if call.result.dtype != torch.bool:
        raise call.refusal("bits of integers", "compare first, and negate what is bool")
    return call.emit("logical_not", operand(call, "self", torch.bool))


@rule("aten.where.self", "aten.where.ScalarOther", "aten.where.ScalarSelf", "aten.where.Scalar")
def _where(call: Call) -> Value:
    dtype = call.result.dtype
    condition = operand(call, "condition", torch.bool)
    return call.emit("select", condition, operand(call, "self", dtype), operand(call, "other", dtype))


@rule("aten.masked_fill.Scalar", "aten.masked_fill.Tensor")
def _masked_fill(call: Call) -> Value:
    dtype = call.result.dtype
    mask = operand(call, "mask", torch.bool)
    return call.emit("select", mask, operand(call, "value", dtype), operand(call, "self", dtype))


@rule("aten.isnan.default")
def _isnan(call: Call) -> Value:
    value = call.value("self")
    return call.emit("not_equal", value, value)


@rule("aten.isinf.default", "aten.isfinite.default")
def _isinf(call: Call) -> Value:
    dtype = call.type("self").dtype
    if not dtype.is_floating_point:
        raise call.refusal("integers are finite", "leave the question out")
    size = call.emit("absolute", call.value("self"))
    operator = "less" if "isfinite" in str(call.node.target) else "equal"
    return call.emit(operator, size, call.scalar(math.inf, dtype))


@rule("aten.tril.default", "aten.triu.default")
def _triangle(call: Call) -> Value:
    type = call.result
    (more_rows, rows), (more_columns, columns) = type.shape[-2:]
    if more_rows or more_columns:
        raise call.refusal(
            "a triangle of an axis that grows with the batch", "let the last two axes be fixed"
        )
    cut = torch.tril if "tril" in str(call.node.target) else torch.triu
    kept = cut(torch.ones(rows, columns), diagonal=call.integer("diagonal")).bool()
    return call.emit("select", call.tensor("kept", kept), call.value("self"), number(call, 0))
