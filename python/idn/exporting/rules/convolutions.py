"""Convolutions."""

from __future__ import annotations

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value


@rule("aten.conv1d.default", "aten.conv2d.default", "aten.conv3d.default")
def _convolution(call: Call) -> Value:
    return _plain(call, call.value("input"), call.integers("padding", _axes(call)))


@rule("aten.conv1d.padding", "aten.conv2d.padding", "aten.conv3d.padding")
def _convolution_padded_by_name(call: Call) -> Value:
    axes = _axes(call)
    value = call.value("input")
    if call.given("padding") == "valid":
        return _plain(call, value, [0] * axes)
    kernel = [size for _, size in call.type("weight").shape[2:]]
    total = [d * (k - 1) for d, k in zip(call.integers("dilation", axes), kernel, strict=True)]
    if any(amount % 2 for amount in total):  # one more behind than before
        amounts = [0] * 4 + [amount for one in total for amount in (one // 2, one - one // 2)]
        value, total = call.emit("pad", value, amounts=amounts), [0] * axes
    return _plain(call, value, [amount // 2 for amount in total])


@rule("aten.convolution.default", "aten._convolution.default")
def _any_convolution(call: Call) -> Value:
    axes = _axes(call)
    if call.given("transposed"):
        return _transposed(call)
    return _plain(call, call.value("input"), call.integers("padding", axes))


@rule("aten.conv_transpose1d.default", "aten.conv_transpose2d.input", "aten.conv_transpose3d.input")
def _transposed(call: Call) -> Value:
    axes = _axes(call)
    return call.emit(
        "transposed_convolution",
        call.value("input"),
        call.value("weight"),
        call.optional("bias"),
        stride=call.integers("stride", axes),
        padding=call.integers("padding", axes),
        output_padding=call.integers("output_padding", axes),
        dilation=call.integers("dilation", axes),
        groups=call.integer("groups"),
    )


def _plain(call: Call, value: Value, padding: list[int]) -> Value:
    axes = _axes(call)
    return call.emit(
        "convolution",
        value,
        call.value("weight"),
        call.optional("bias"),
        stride=call.integers("stride", axes),
        padding=padding,
        dilation=call.integers("dilation", axes),
        groups=call.integer("groups"),
    )


def _axes(call: Call) -> int:
    weight = call.type("weight").rank
    if call.type("input").rank != weight:
        raise call.refusal(f"its input is {call.type('input')}", "give it a batch: (B, channels, sizes)")
    return weight - 2
