"""Activations."""

from __future__ import annotations

import math

import torch

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value

for _name in ("relu", "sigmoid", "tanh", "silu", "mish", "hardsigmoid", "hardswish"):

    def _same(call: Call, operator: str = _name) -> Value:
        return call.emit(operator, _float(call))

    rule(f"aten.{_name}.default")(_same)


def _float(call: Call) -> Value:
    """The input in the type of the result: of integers, torch takes the functions of floats."""
    return call.cast(call.value("self"), call.type("self").dtype, call.result.dtype)


def _number(call: Call, number: float) -> Value:
    return call.scalar(number, call.result.dtype)


@rule("aten.relu6.default")
def _relu6(call: Call) -> Value:
    return _between(call, _float(call), 0.0, 6.0)


@rule("aten.hardtanh.default")
def _hardtanh(call: Call) -> Value:
    return _between(call, _float(call), call.number("min_val"), call.number("max_val"))


def _between(call: Call, value: Value, least: float, most: float) -> Value:
    if call.result.dtype.is_floating_point and math.isfinite(least) and math.isfinite(most) and least <= most:
        return call.emit("clamp", value, least=least, most=most)
    return call.emit("minimum", call.emit("maximum", value, _number(call, least)), _number(call, most))


@rule("aten.elu.default")
def _elu(call: Call) -> Value:
    alpha, scale, input_scale = call.number("alpha"), call.number("scale"), call.number("input_scale")
    value = call.value("self")
    if input_scale != 1:
        # alpha (exp(s x) - 1) below zero, x above.
        below = call.emit("elu", call.emit("multiply", value, _number(call, input_scale)), alpha=alpha)
        value = _where_positive(call, value, below)
    else:
        value = call.emit("elu", value, alpha=alpha)
    return value if scale == 1 else call.emit("multiply", value, _number(call, scale))


@rule("aten.celu.default")
def _celu(call: Call) -> Value:
    alpha = call.number("alpha")
    value = call.value("self")
    below = call.emit("elu", call.emit("multiply", value, _number(call, 1 / alpha)), alpha=alpha)
    return _where_positive(call, value, below)


@rule("aten.selu.default")
def _selu(call: Call) -> Value:
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return call.emit("multiply", call.emit("elu", call.value("self"), alpha=alpha), _number(call, scale))


def _where_positive(call: Call, value: Value, otherwise: Value) -> Value:
    return call.emit("select", call.emit("greater", value, _number(call, 0.0)), value, otherwise)


@rule("aten.gelu.default")
def _gelu(call: Call) -> Value:
    return call.emit("gelu", call.value("self"), approximation=str(call.given("approximate")))


@rule("aten.leaky_relu.default")
def _leaky_relu(call: Call) -> Value:
    return call.emit("leaky_relu", call.value("self"), slope=call.number("negative_slope"))


@rule("aten.rrelu.default")
def _rrelu(call: Call) -> Value:
    return call.emit(
        "leaky_relu", call.value("self"), slope=(call.number("lower") + call.number("upper")) / 2
    )


@rule("aten.prelu.default", "aten._prelu_kernel.default")
def _prelu(call: Call) -> Value:
    weight = call.type("weight")
    slopes = call.value("weight")
    if weight.rank != 1:  # the inner operator has the channels where the input has them
        sizes = [size for _, size in weight.shape if size != 1]
        slopes = call.reshape(slopes, weight, *(sizes or [1]))
    return call.emit("prelu", call.value("self"), slopes)


@rule("aten.softplus.default")
def _softplus(call: Call) -> Value:
    beta, threshold = call.number("beta"), call.number("threshold")
    return call.emit("softplus", call.value("self"), beta=beta, threshold=threshold)


@rule("aten.log_sigmoid.default", "aten.log_sigmoid_forward.default")
def _log_sigmoid(call: Call) -> Value | tuple[Value | None, ...]:
    # Minus softplus of minus x; with no threshold in reach, as torch has none.
    value = call.emit("softplus", call.emit("negate", call.value("self")), beta=1.0, threshold=1e4)
    value = call.emit("negate", value)
    return value if len(call.results) == 1 else (value, None)


@rule("aten.softmax.int", "aten._softmax.default", "aten.log_softmax.int", "aten._log_softmax.default")
def _softmax(call: Call) -> Value:
    operator = "log_softmax" if "log" in str(call.node.target) else "softmax"
    return call.emit(operator, _float(call), axis=call.axis())


@rule("aten.glu.default")
def _glu(call: Call) -> Value:
    axis = call.axis()
    per_batch, size = call.type("self").shape[axis]
    if per_batch:
        raise call.refusal("it halves an axis that grows with the batch", "halve another axis")
    value = call.value("self")
    first, gate = call.slice(value, axis, 0, size // 2), call.slice(value, axis, size // 2, size)
    return call.emit("multiply", first, call.emit("sigmoid", gate))


@rule("aten.threshold.default")
def _threshold(call: Call) -> Value:
    value = call.value("self")
    above = call.emit("greater", value, _number(call, call.number("threshold")))
    return call.emit("select", above, value, _number(call, call.number("value")))


@rule("aten.hardshrink.default")
def _hardshrink(call: Call) -> Value:
    value = call.value("self")
    near = call.emit("less_equal", call.emit("absolute", value), _number(call, call.number("lambd")))
    return call.emit("select", near, _number(call, 0.0), value)


@rule("aten.softshrink.default")
def _softshrink(call: Call) -> Value:
    value, reach = call.value("self"), call.number("lambd")
    far = call.emit(
        "maximum",
        call.emit("subtract", call.emit("absolute", value), _number(call, reach)),
        _number(call, 0.0),
    )
    return call.emit("multiply", call.emit("sign", value), far)


@rule("aten.special_expit.default")
def _expit(call: Call) -> Value:
    return call.emit("sigmoid", _float(call))


@rule(
    "aten.native_dropout.default",
    "aten.dropout.default",
    "aten.alpha_dropout.default",
    "aten.feature_dropout.default",
    "aten.feature_alpha_dropout.default",
)
def _dropout(call: Call) -> Value | tuple[Value | None, ...]:
    if call.given("train") and call.number("p") > 0:
        raise call.refusal(
            "dropout is on in evaluation mode",
            "pass training=self.training to the function, or use nn.Dropout",
        )
    value = call.value("input")
    return value if isinstance(call.node.meta["val"], torch.Tensor) else (value, None)
