"""A call or more of every operator, and packages around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from idn._native import extension

Size = int | tuple[int, int]
B = (1, 0)  # the batch
IMAGE = (B, 6, 9, 7)
ROWS = (B, 5, 8)


@dataclass(frozen=True)
class Call:
    """An operator on inputs of these types; None is one left out."""

    operator: str
    inputs: tuple[tuple[str, tuple[Size, ...]] | None, ...]
    attributes: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.operator}{self.attributes or ''}"


def _on(operator: str, *shapes: tuple[Size, ...] | None, dtype: str = "F32", **attributes: Any) -> Call:
    return Call(operator, tuple(None if one is None else (dtype, one) for one in shapes), attributes)


_PLAIN = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]}
_WINDOW = {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 0]}

_FLOATS = """
    absolute ceil cos elu erf exp floor gelu hardsigmoid hardswish leaky_relu log mish negate reciprocal relu
    round rsqrt sigmoid sign silu sin softplus sqrt tanh
"""
_PAIRS = """
    add divide equal greater greater_equal less less_equal maximum minimum multiply not_equal power subtract
"""
CALLS = [
    *(
        _on(name, IMAGE)
        for name in _FLOATS.split()
    ),
    *(
        _on(name, IMAGE, (6, 1, 7))
        for name in _PAIRS.split()
    ),
    *(_on(name, IMAGE, (B, 1, 9, 1), dtype="BOOL") for name in ("logical_and", "logical_or")),
    _on("logical_not", IMAGE, dtype="BOOL"),
    _on("add", (4, 1), (B, 1, 1), dtype="I64"),
    _on("relu", IMAGE, dtype="U8"),
    Call("cast", (("F32", IMAGE),), {"dtype": "I64"}),
    _on("clamp", IMAGE, least=-1.0, most=1.0),
    Call("select", (("BOOL", (B, 1, 1)), ("F32", (4, 1)), ("F32", (1, 3)))),
    _on("prelu", IMAGE, (6,)),
    _on("softmax", ROWS, axis=2),
    _on("log_softmax", ROWS, axis=1),
    _on("convolution", IMAGE, (8, 6, 3, 3), (8,), **_PLAIN),
    _on("convolution", IMAGE, (9, 2, 3, 2), stride=[2, 1], padding=[1, 0], dilation=[1, 2], groups=3),
    _on("convolution", (B, 6, 20), (6, 1, 5), (6,), stride=[3], padding=[2], dilation=[1], groups=6),
    _on("convolution", (B, 2, 4, 5, 6), (3, 2, 2, 2, 2), stride=[1] * 3, padding=[0] * 3, dilation=[1] * 3),
    _on("transposed_convolution", IMAGE, (6, 4, 3, 3), (4,), output_padding=[0, 0], **_PLAIN),
    _on("transposed_convolution", IMAGE, (6, 2, 3, 3), stride=[2, 2], padding=[1, 1], dilation=[1, 1],
        output_padding=[1, 1], groups=2),
    _on("linear", ROWS, (4, 8), (4,)),
    _on("linear", ROWS, (4, 8)),
    _on("matrix_multiply", ROWS, (8, 3)),
    _on("matrix_multiply", (3, 2, 8), (B, 1, 8, 5)),
    _on("attention", (B, 2, 5, 8), (B, 2, 6, 8), (B, 2, 6, 4), scale=0.35),
    _on("attention", (B, 5, 8), (B, 5, 8), (B, 5, 4), causal=True, scale=0.35),
    _on("attention", (B, 5, 8), (B, 6, 8), (B, 6, 4), (5, 6), scale=0.35),
    _on("average_pool", IMAGE, **_WINDOW),
    _on("average_pool", (B, 6, 21), kernel=[4], stride=[4], padding=[0], ceil=True),
    _on("max_pool", IMAGE, dilation=[2, 1], **_WINDOW),
    _on("adaptive_average_pool", IMAGE, size=[1, 1]),
    _on("adaptive_max_pool", IMAGE, size=[4, 3]),
    _on("batch_normalization", IMAGE, (6,), (6,), (6,), (6,), epsilon=1e-5),
    _on("batch_normalization", (B, 6), (6,), (6,), epsilon=1e-5),
    _on("group_normalization", IMAGE, (6,), (6,), groups=3, epsilon=1e-5),
    _on("instance_normalization", IMAGE, epsilon=1e-5),
    _on("layer_normalization", ROWS, (5, 8), None, axes=2, epsilon=1e-5),
    _on("root_mean_square_normalization", ROWS, (8,), axes=1, epsilon=1e-5),
    _on("local_response_normalization", IMAGE, size=5, alpha=1e-4, beta=0.75, k=1.0),
    Call("embedding", (("I64", (B, 5)), ("F32", (11, 3)))),
    Call("gather", (("F32", IMAGE), ("I32", (4,))), {"axis": 1}),
    *(_on("interpolate", IMAGE, size=[4, 11], mode=mode) for mode in ("nearest", "bilinear", "bicubic")),
    _on("concatenate", IMAGE, IMAGE, (B, 6, 2, 7), axis=2),
    _on("slice", IMAGE, axis=2, start=1, stop=8, step=3),
    _on("argmax", ROWS, axis=2),
    _on("argmin", ROWS, axis=1, keep=True),
    _on("cumulative_sum", ROWS, axis=1),
    *(_on(f"reduce_{name}", IMAGE, axes=[2, 3]) for name in ("max", "mean", "min", "sum")),
    _on("variance", IMAGE, axes=[1], keep=True, correction=0),
    _on("expand", (B, 1, 4), shape=[2, B, 3, 4]),
    _on("flip", IMAGE, axes=[1, 3]),
    _on("pad", ROWS, amounts=[0, 0, 1, 2, 0, 3]),
    _on("permute", IMAGE, order=[0, 3, 1, 2]),
    _on("pixel_shuffle", (B, 8, 3, 4), factor=2),
    _on("reshape", IMAGE, shape=[B, 54, 7]),
    _on("tile", ROWS, times=[2, 1, 3]),
]  # fmt: skip


def build(call: Call) -> extension.graph.Package:
    """A package whose first node is the call; what follows makes an exit of its output."""
    builder = extension.graph.GraphBuilder()
    builder.add_input("batch", "F32", [B, 2])
    values = [
        None if one is None else builder.add_input(f"input {index}", one[0], list(one[1]))
        for index, one in enumerate(call.inputs)
    ]
    (value,) = builder.add_node(call.operator, values, call.attributes)
    builder.add_exit("final", _scores(builder, value))
    return builder.finish()


def _scores(builder: extension.graph.GraphBuilder, value: int) -> int:
    """Any value as F32 (B, classes)."""
    dtype, shape = builder.type(value)
    if dtype != "F32":
        (value,) = builder.add_node("cast", [value], {"dtype": "F32"})
    per_sample = 1
    for per_batch, fixed in shape:
        per_sample *= per_batch + fixed
    (value,) = builder.add_node("reshape", [value], {"shape": [B, per_sample]})
    (value,) = builder.add_node("concatenate", [value, value], {"axis": 1})
    return value
