"""Reductions."""

from __future__ import annotations

import torch

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.rules.arithmetic import floating, number, operand
from idn.exporting.tape import Value

_OVERALL = {"sum": "reduce_sum", "mean": "reduce_mean", "amax": "reduce_max", "amin": "reduce_min"}


def _keep(call: Call) -> bool:
    return bool(call.bound("keepdim"))


def _axes(call: Call) -> list[int]:
    return call.axes() if call.has("dim") else list(range(call.type("self").rank))


def _over(call: Call, operator: str, value: Value, keep: bool | None = None) -> Value:
    axes = _axes(call)
    if not axes:  # nothing to reduce: a tensor without axes
        return value
    return call.emit(operator, value, axes=axes, keep=_keep(call) if keep is None else keep)


def _count(call: Call) -> Value:
    """How many hold, counted in F32, whose whole numbers end at 2^24: the graph sums floats alone."""
    if call.type("self").dtype != torch.bool or call.result.dtype != torch.int64:
        raise call.refusal("a sum of integers", "convert to float before")
    ones = call.cast(call.value("self"), torch.bool, torch.float32)
    return call.cast(_over(call, "reduce_sum", ones), torch.float32, torch.int64)


for _name, _operator in _OVERALL.items():

    def _reduce(call: Call, operator: str = _operator) -> Value:
        if operator == "reduce_sum" and not call.result.dtype.is_floating_point:
            return _count(call)
        return _over(call, operator, floating(call))

    rule(f"aten.{_name}.default", f"aten.{_name}.dim", f"aten.{_name}.dim_IntList")(_reduce)


@rule("aten.max.default", "aten.min.default")
def _extreme(call: Call) -> Value:
    return _over(call, "reduce_max" if "max" in str(call.node.target) else "reduce_min", call.value("self"))


@rule("aten.max.dim", "aten.min.dim")
def _extreme_and_place(call: Call) -> tuple[Value, Value]:
    which = "max" if "max" in str(call.node.target) else "min"
    value, axis = call.value("self"), call.axis()
    if call.type("self").rank == 0:
        raise call.refusal("a tensor without axes", "leave it out")
    keep = _keep(call)
    extreme = call.emit(f"reduce_{which}", value, axes=[axis], keep=keep)
    return extreme, call.emit(f"arg{which}", value, axis=axis, keep=keep)


@rule("aten.argmax.default", "aten.argmin.default")
def _place(call: Call) -> Value:
    operator = "argmax" if "argmax" in str(call.node.target) else "argmin"
    if call.given("dim") is None:
        raise call.refusal("a place among all elements, other samples' too", "give the axis: dim=1")
    return call.emit(operator, call.value("self"), axis=call.axis(), keep=_keep(call))


@rule("aten.var.correction", "aten.var.dim", "aten.std.correction", "aten.std.dim")
def _variance(call: Call) -> Value:
    value = call.emit(
        "variance", call.value("self"), axes=_axes(call), keep=_keep(call), correction=_less(call)
    )
    return call.emit("sqrt", value) if "std" in str(call.node.target) else value


@rule("aten.var_mean.correction", "aten.std_mean.correction", "aten.var_mean.dim", "aten.std_mean.dim")
def _variance_and_mean(call: Call) -> tuple[Value, Value]:
    return _variance(call), _over(call, "reduce_mean", call.value("self"))


def _less(call: Call) -> int:
    """What is taken from the number of elements: 1 where nothing is said."""
    if call.has("unbiased"):
        return int(bool(call.given("unbiased")))
    correction = call.bound("correction")
    if correction in (None, 0, 1):
        return 1 if correction is None else call.integer("correction")
    raise call.refusal(f"a variance with correction={correction}", "use correction 0 or 1")


@rule("aten.logsumexp.default")
def _log_sum_exp(call: Call) -> Value:
    value = floating(call)
    greatest = _over(call, "reduce_max", value, keep=True)
    powers = call.emit("exp", call.emit("subtract", value, greatest))
    total = call.emit("log", _over(call, "reduce_sum", powers))
    if not _keep(call):
        greatest = call.emit("reshape", greatest, shape=list(call.result.shape))
    return call.emit("add", total, greatest)


@rule(
    "aten.linalg_vector_norm.default",
    "aten.norm.ScalarOpt_dim",
    "aten.norm.Scalar",
    "aten.norm.ScalarOpt_dim_dtype",
)
def _norm(call: Call) -> Value:
    order = call.number("ord" if call.has("ord") else "p")
    value = floating(call)
    if order == 2:
        return call.emit("sqrt", _over(call, "reduce_sum", call.emit("multiply", value, value)))
    size = call.emit("absolute", value)
    if order == 1:
        return _over(call, "reduce_sum", size)
    if order in (float("inf"), float("-inf")):
        return _over(call, "reduce_max" if order > 0 else "reduce_min", size)
    if order == 0:
        raise call.refusal("a norm of order 0", "compare with 0, convert to float and sum")
    powers = call.emit("power", size, number(call, order))
    return call.emit("power", _over(call, "reduce_sum", powers), number(call, 1 / order))


@rule(
    "aten.any.default", "aten.any.dim", "aten.any.dims", "aten.all.default", "aten.all.dim", "aten.all.dims"
)
def _any(call: Call) -> Value:
    """The greatest of 0 and 1, or the least."""
    operator = "reduce_max" if "any" in str(call.node.target) else "reduce_min"
    value = call.cast(operand(call, "self", torch.bool), torch.bool, torch.uint8)
    return call.cast(_over(call, operator, value), torch.uint8, torch.bool)


@rule("aten.cumsum.default")
def _cumulative_sum(call: Call) -> Value:
    if not call.result.dtype.is_floating_point:
        raise call.refusal("a running sum of integers", "convert to float before")
    return call.emit("cumulative_sum", floating(call), axis=call.axis())
