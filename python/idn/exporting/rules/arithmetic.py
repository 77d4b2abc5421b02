"""Arithmetic, element by element."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import fx

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value

_EACH = {
    "abs": "absolute",
    "ceil": "ceil",
    "cos": "cos",
    "erf": "erf",
    "special_erf": "erf",
    "exp": "exp",
    "floor": "floor",
    "log": "log",
    "neg": "negate",
    "reciprocal": "reciprocal",
    "round": "round",
    "rsqrt": "rsqrt",
    "sign": "sign",
    "sgn": "sign",
    "sin": "sin",
    "sqrt": "sqrt",
}
_ROUNDING = ("ceil", "floor", "round", "trunc")


def operand(call: Call, name: str, dtype: torch.dtype) -> Value:
    """A tensor or a number, in an element type."""
    given: Any = call.given(name)
    if isinstance(given, fx.Node):
        if not isinstance(given.meta.get("val"), torch.Tensor):
            raise call.number_refusal(name, given, "use torch.mean for a mean over what a sample has")
        return call.cast(call.of(given), call.type_of(given).dtype, dtype)
    return call.scalar(_as(given, dtype), dtype)


def _as(number: Any, dtype: torch.dtype) -> bool | int | float:
    if dtype == torch.bool:
        return bool(number)
    return float(number) if dtype.is_floating_point else int(number)


def pair(call: Call, operator: str) -> Value:
    """An operator of two, broadcast, in the type of the result."""
    dtype = call.result.dtype
    return call.emit(operator, operand(call, "self", dtype), operand(call, "other", dtype))


def floating(call: Call, name: str = "self") -> Value:
    """A tensor in the type of the result."""
    return operand(call, name, call.result.dtype)


def number(call: Call, value: float) -> Value:
    """A number of the result's type."""
    return call.scalar(_as(value, call.result.dtype), call.result.dtype)


for _name, _operator in _EACH.items():

    def _each(call: Call, name: str = _name, operator: str = _operator) -> Value:
        if name in _ROUNDING and not call.type("self").dtype.is_floating_point:
            return call.value("self")
        return call.emit(operator, floating(call))

    rule(f"aten.{_name}.default")(_each)

for _name in ("maximum", "minimum"):

    def _pair(call: Call, operator: str = _name) -> Value:
        return pair(call, operator)

    rule(f"aten.{_name}.default")(_pair)


@rule("aten.max.other")
def _max(call: Call) -> Value:
    return pair(call, "maximum")


@rule("aten.min.other")
def _min(call: Call) -> Value:
    return pair(call, "minimum")


@rule("aten.mul.Tensor", "aten.mul.Scalar")
def _multiply(call: Call) -> Value:
    return pair(call, "logical_and" if call.result.dtype == torch.bool else "multiply")


@rule("aten.add.Tensor", "aten.add.Scalar")
def _add(call: Call) -> Value:
    if call.result.dtype == torch.bool:
        return pair(call, "logical_or")
    return _with_factor(call, "add", "self", "other")


@rule("aten.sub.Tensor", "aten.sub.Scalar")
def _subtract(call: Call) -> Value:
    return _with_factor(call, "subtract", "self", "other")


@rule("aten.rsub.Tensor", "aten.rsub.Scalar")
def _subtract_from(call: Call) -> Value:
    return _with_factor(call, "subtract", "other", "self")


def _with_factor(call: Call, operator: str, first: str, second: str) -> Value:
    values = {name: operand(call, name, call.result.dtype) for name in ("self", "other")}
    alpha = call.number("alpha")
    if alpha != 1:
        values["other"] = call.emit("multiply", values["other"], number(call, alpha))
    return call.emit(operator, values[first], values[second])


@rule("aten.div.Tensor", "aten.div.Scalar", "aten.true_divide.Tensor")
def _divide(call: Call) -> Value:
    return pair(call, "divide")


@rule("aten.div.Tensor_mode", "aten.div.Scalar_mode")
def _divide_rounded(call: Call) -> Value:
    if call.given("rounding_mode") is not None:
        raise call.refusal(
            f"division with rounding_mode={call.given('rounding_mode')!r}",
            "use torch.floor(a / b) or torch.trunc(a / b) on floats",
        )
    return pair(call, "divide")


@rule("aten.pow.Tensor_Scalar")
def _power(call: Call) -> Value:
    value, exponent = floating(call), call.number("exponent")
    # As torch does: these are exact, or of other functions.
    if exponent == 1:
        return value
    if exponent in (2, 3):
        square = call.emit("multiply", value, value)
        return square if exponent == 2 else call.emit("multiply", square, value)
    if not call.result.dtype.is_floating_point:
        raise call.refusal(f"an integer to the power of {exponent:g}", "multiply, or convert to float before")
    if exponent in (0.5, -0.5, -1):
        return call.emit({0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}[exponent], value)
    return call.emit("power", value, number(call, exponent))


@rule("aten.pow.Tensor_Tensor", "aten.pow.Scalar")
def _power_of(call: Call) -> Value:
    if not call.result.dtype.is_floating_point:
        raise call.refusal("a power of integers", "convert to float before")
    return call.emit("power", floating(call), floating(call, "exponent"))


@rule("aten.square.default")
def _square(call: Call) -> Value:
    value = call.value("self")
    return call.emit("multiply", value, value)


@rule("aten.log2.default", "aten.log10.default")
def _log_to_base(call: Call) -> Value:
    base = 2 if "log2" in str(call.node.target) else 10
    return call.emit("multiply", call.emit("log", floating(call)), number(call, 1 / math.log(base)))


@rule("aten.log1p.default")
def _log1p(call: Call) -> Value:
    return call.emit("log", call.emit("add", floating(call), number(call, 1)))


@rule("aten.exp2.default")
def _exp2(call: Call) -> Value:
    return call.emit("power", number(call, 2), floating(call))


@rule("aten.expm1.default")
def _expm1(call: Call) -> Value:
    value = floating(call)
    above = call.emit("subtract", call.emit("exp", value), number(call, 1))
    near = call.emit("elu", value, alpha=1.0)  # exact below zero, where it matters
    return call.emit("select", call.emit("less", value, number(call, 0)), near, above)


@rule("aten.erfc.default", "aten.special_erfc.default")
def _erfc(call: Call) -> Value:
    return call.emit("subtract", number(call, 1), call.emit("erf", floating(call)))


@rule("aten.tan.default")
def _tan(call: Call) -> Value:
    value = floating(call)
    return call.emit("divide", call.emit("sin", value), call.emit("cos", value))


@rule("aten.sinh.default", "aten.cosh.default")
def _hyperbolic(call: Call) -> Value:
    value = floating(call)
    operator = "subtract" if "sinh" in str(call.node.target) else "add"
    both = call.emit(operator, call.emit("exp", value), call.emit("exp", call.emit("negate", value)))
    return call.emit("multiply", both, number(call, 0.5))


def _truncated(call: Call, value: Value) -> Value:
    return call.emit("multiply", call.emit("sign", value), call.emit("floor", call.emit("absolute", value)))


@rule("aten.trunc.default", "aten.fix.default")
def _trunc(call: Call) -> Value:
    value = call.value("self")
    return _truncated(call, value) if call.result.dtype.is_floating_point else value


@rule("aten.frac.default")
def _frac(call: Call) -> Value:
    value = call.value("self")
    return call.emit("subtract", value, _truncated(call, value))


@rule(
    "aten.clamp.default",
    "aten.clip.default",
    "aten.clamp.Tensor",
    "aten.clip.Tensor",
    "aten.clamp_min.default",
    "aten.clamp_max.default",
    "aten.clamp_min.Tensor",
    "aten.clamp_max.Tensor",
)
def _clamp(call: Call) -> Value:
    value = floating(call)
    bounds = {name: call.bound(name) for name in ("min", "max")}
    numbers = [bound for bound in bounds.values() if isinstance(bound, (int, float))]
    if (
        len(numbers) == 2
        and call.result.dtype.is_floating_point
        and all(map(math.isfinite, numbers))
        and numbers[0] <= numbers[1]
    ):
        return call.emit("clamp", value, least=float(numbers[0]), most=float(numbers[1]))
    if bounds["min"] is not None:
        value = call.emit("maximum", value, floating(call, "min"))
    if bounds["max"] is not None:
        value = call.emit("minimum", value, floating(call, "max"))
    return value


@rule("aten.lerp.Scalar", "aten.lerp.Tensor")
def _lerp(call: Call) -> Value:
    start, end, weight = floating(call), floating(call, "end"), floating(call, "weight")
    return call.emit("add", start, call.emit("multiply", weight, call.emit("subtract", end, start)))


@rule("aten.addcmul.default", "aten.addcdiv.default")
def _add_combined(call: Call) -> Value:
    operator = "multiply" if "addcmul" in str(call.node.target) else "divide"
    combined = call.emit(operator, floating(call, "tensor1"), floating(call, "tensor2"))
    if call.number("value") != 1:
        combined = call.emit("multiply", combined, number(call, call.number("value")))
    return call.emit("add", floating(call), combined)


@rule(
    "aten._to_copy.default",
    "aten.to.dtype",
    "aten.to.dtype_layout",
    "aten.to.device",
    "aten.to.other",
    "aten.type_as.default",
)
def _to(call: Call) -> Value:
    return floating(call)
