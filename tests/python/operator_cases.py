"""Every operator of the table with inputs, attributes, and what PyTorch calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from graph_of_tensors import B

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FLOATS = (torch.float32, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.uint8)
NUMBERS = FLOATS + INTEGERS
ALL = (*NUMBERS, torch.bool)


@dataclass(frozen=True)
class Case:
    """An operator on inputs of these shapes: a first size of None is the batch, others are constants."""

    operator: str
    shapes: Sequence[Sequence[int | None] | None]
    reference: Callable[..., torch.Tensor]
    attributes: Mapping[str, object] = field(default_factory=dict)
    dtypes: Sequence[torch.dtype] = (torch.float32,)
    make: Callable[[list[torch.Tensor | None]], list[torch.Tensor | None]] = lambda tensors: tensors

    @property
    def constants(self) -> list[int]:
        """Which inputs are constants."""
        return [i for i, shape in enumerate(self.shapes) if shape is not None and None not in shape[:1]]

    def tensors(self, batch: int, dtype: torch.dtype) -> list[torch.Tensor | None]:
        """Inputs at a batch, drawn by a fixed seed; constants are the same at every batch."""
        drawn: list[torch.Tensor | None] = []
        for index, shape in enumerate(self.shapes):
            if shape is None:
                drawn.append(None)
                continue
            generator = torch.Generator().manual_seed(index)
            sizes = [batch if size is None else size for size in shape]
            numbers = torch.randn(sizes, generator=generator)
            if dtype in INTEGERS:
                numbers = (numbers * 3).abs() if dtype == torch.uint8 else numbers * 3
            drawn.append(numbers.to(dtype))
        return self.make(drawn)


def _local_response(x: torch.Tensor, size: int) -> torch.Tensor:
    # In single precision: torch has it in no other on the CPU.
    return F.local_response_norm(x.float(), size, alpha=0.3, beta=0.75, k=1.5).to(x.dtype)


def _positive(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    return [None if tensor is None else tensor.abs() + 0.5 for tensor in tensors]


def _second_positive(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    return [t.abs() + 0.5 if i == 2 and t is not None else t for i, t in enumerate(tensors)]


def _indices(index: int, most: int, dtype: torch.dtype) -> Callable[..., list[torch.Tensor | None]]:
    def make(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
        return [
            (t.float().abs() * 7).to(dtype) % most if i == index and t is not None else t
            for i, t in enumerate(tensors)
        ]

    return make


def _condition(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    first, *others = tensors
    assert first is not None
    return [first > 0, *others]


_STEP = {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}
_ROWS = [None, 3, 4]
_IMAGE = [None, 4, 6, 5]


def _each(name: str, reference: Callable[..., torch.Tensor], **attributes: object) -> Case:
    return Case(name, [_ROWS], reference, attributes, FLOATS)


def _number(name: str, reference: Callable[..., torch.Tensor]) -> Case:
    return Case(name, [_ROWS], reference, dtypes=NUMBERS)


def _pair(
    name: str, reference: Callable[..., torch.Tensor], dtypes: Sequence[torch.dtype] = NUMBERS
) -> list[Case]:
    return [
        Case(name, [_ROWS, _ROWS], reference, dtypes=dtypes),
        Case(name, [_ROWS, [4]], reference, dtypes=dtypes),
    ]


ACTIVATIONS = [
    _each("elu", lambda x: F.elu(x, 0.7), alpha=0.7),
    _each("gelu", F.gelu),
    _each("gelu", lambda x: F.gelu(x, approximate="tanh"), approximation="tanh"),
    _each("hardsigmoid", F.hardsigmoid),
    _each("hardswish", F.hardswish),
    _each("leaky_relu", lambda x: F.leaky_relu(x, 0.2), slope=0.2),
    _each("log_softmax", lambda x: F.log_softmax(x, 1), axis=1),
    _each("mish", F.mish),
    Case("prelu", [_IMAGE, [4]], F.prelu, dtypes=FLOATS),
    Case("prelu", [_ROWS, [1]], F.prelu, dtypes=FLOATS),
    _number("relu", F.relu),
    _each("sigmoid", torch.sigmoid),
    _each("silu", F.silu),
    _each("softmax", lambda x: F.softmax(x, 2), axis=2),
    _each("softplus", lambda x: F.softplus(x, 2.0, 1.5), beta=2.0, threshold=1.5),
    _each("tanh", torch.tanh),
]

ARITHMETIC = [
    *_pair("add", torch.add),
    *_pair("subtract", torch.sub),
    *_pair("multiply", torch.mul),
    *_pair("divide", torch.div, FLOATS),
    *_pair("maximum", torch.maximum),
    *_pair("minimum", torch.minimum),
    Case("power", [_ROWS, _ROWS], torch.pow, dtypes=FLOATS, make=_positive),
    _number("absolute", torch.abs),
    _each("ceil", torch.ceil),
    _each("cos", torch.cos),
    _each("erf", torch.erf),
    _each("exp", torch.exp),
    _each("floor", torch.floor),
    Case("log", [_ROWS], torch.log, dtypes=FLOATS, make=_positive),
    _number("negate", torch.neg),
    Case("reciprocal", [_ROWS], torch.reciprocal, dtypes=FLOATS, make=_positive),
    _each("round", torch.round),
    Case("rsqrt", [_ROWS], torch.rsqrt, dtypes=FLOATS, make=_positive),
    _number("sign", torch.sign),
    _each("sin", torch.sin),
    Case("sqrt", [_ROWS], torch.sqrt, dtypes=FLOATS, make=_positive),
    _each("clamp", lambda x: torch.clamp(x, -0.25, 0.5), least=-0.25, most=0.5),
    Case("cast", [_ROWS], lambda x: x.to(torch.int32), {"dtype": "I32"}, ALL),
    Case("cast", [_ROWS], lambda x: x.to(torch.bool), {"dtype": "BOOL"}, ALL),
    Case("cast", [_ROWS], lambda x: x.to(torch.float16), {"dtype": "F16"}, ALL),
]

COMPARISONS = [
    *_pair("equal", torch.eq, ALL),
    *_pair("not_equal", torch.ne, ALL),
    *_pair("greater", torch.gt),
    *_pair("greater_equal", torch.ge),
    *_pair("less", torch.lt),
    *_pair("less_equal", torch.le),
    *_pair("logical_and", torch.logical_and, (torch.bool,)),
    *_pair("logical_or", torch.logical_or, (torch.bool,)),
    Case("logical_not", [_ROWS], torch.logical_not, dtypes=(torch.bool,)),
    Case("select", [_ROWS, _ROWS, [4]], torch.where, dtypes=ALL, make=_condition),
]


def _scaled(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    return F.scaled_dot_product_attention(query, key, value, mask, scale=0.3)


ATTENTIONS = [
    Case("attention", [[None, 5, 8]] * 3, _scaled, {"scale": 0.3}, FLOATS),
    Case("attention", [[None, 2, 5, 8], [None, 2, 6, 8], [None, 2, 6, 3]], _scaled, {"scale": 0.3}),
    Case("attention", [*[[None, 2, 5, 8]] * 3, [5, 5]], _scaled, {"scale": 0.3}),
    Case(
        "attention",
        [[None, 2, 5, 8]] * 3,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.3),
        {"scale": 0.3, "causal": True},
    ),
]


def _convolution(**options: object) -> Callable[..., torch.Tensor]:
    def reference(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        convolve = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[x.dim()]
        return convolve(x, weight, bias, **options)

    return reference


CONVOLUTIONS = [
    Case("convolution", [_IMAGE, [7, 4, 3, 3], [7]], _convolution(padding=1), _STEP, FLOATS),
    Case("convolution", [_IMAGE, [20, 4, 3, 3]], _convolution(padding=1), _STEP),
    Case("convolution", [[None, 3, 17, 16], [64, 3, 3, 3], [64]], _convolution(padding=1), _STEP),
    Case(
        "convolution",
        [_IMAGE, [6, 2, 3, 2], [6]],
        _convolution(stride=(2, 1), padding=(2, 0), dilation=(1, 2), groups=2),
        {"stride": [2, 1], "padding": [2, 0], "dilation": [1, 2], "groups": 2},
    ),
    Case(
        "convolution",
        [[None, 3, 9, 12], [5, 3, 3, 2], [5]],
        _convolution(stride=(2, 3), padding=(2, 0), dilation=(1, 2)),
        {"stride": [2, 3], "padding": [2, 0], "dilation": [1, 2]},
    ),
    Case(
        "convolution",
        [_IMAGE, [33, 4, 1, 1], [33]],
        _convolution(),
        {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]},
    ),
    Case(
        "convolution",
        [[None, 4, 9], [2, 4, 3], [2]],
        _convolution(stride=2),
        {"stride": [2], "padding": [0], "dilation": [1]},
    ),
    Case(
        "convolution",
        [[None, 2, 5, 4, 6], [3, 2, 2, 2, 2]],
        _convolution(padding=1),
        {"stride": [1] * 3, "padding": [1] * 3, "dilation": [1] * 3},
    ),
    Case(
        "transposed_convolution",
        [_IMAGE, [4, 3, 3, 2], [6]],
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1, groups=2),
        {"stride": [2, 2], "padding": [1, 1], "dilation": [1, 1], "output_padding": [1, 1], "groups": 2},
    ),
    Case(
        "transposed_convolution",
        [[None, 4, 9], [4, 3, 3]],
        lambda x, w: F.conv_transpose1d(x, w, stride=2),
        {"stride": [2], "padding": [0], "dilation": [1], "output_padding": [0]},
    ),
]

INDEXING = [
    Case("embedding", [[None, 3], [5, 4]], lambda i, t: F.embedding(i, t), make=_indices(0, 5, torch.int64)),
    Case("embedding", [[None], [5, 4]], lambda i, t: F.embedding(i, t), make=_indices(0, 5, torch.int32)),
    Case(
        "gather",
        [_IMAGE, [3]],
        lambda x, i: torch.index_select(x, 2, i),
        {"axis": 2},
        ALL,
        _indices(1, 6, torch.int64),
    ),
    Case(
        "gather",
        [[3, 2], [None]],
        lambda x, i: torch.index_select(x, 0, i),
        {"axis": 0},
        make=_indices(1, 3, torch.int32),
    ),
]


def _resized(mode: str, align: bool | None = None) -> Case:
    return Case(
        "interpolate",
        [_IMAGE],
        lambda x: F.interpolate(x, (9, 3), mode=mode, align_corners=align),
        {"size": [9, 3], "mode": mode, "align_corners": bool(align)},
        FLOATS,
    )


JOINING = [
    _resized("nearest"),
    _resized("bilinear", align=False),
    _resized("bilinear", align=True),
    _resized("bicubic", align=False),
    Case("concatenate", [_ROWS, [None, 2, 4]], lambda *x: torch.cat(x, 1), {"axis": 1}, ALL),
    Case("concatenate", [_ROWS], lambda x: x, {"axis": 2}, ALL),
    Case("slice", [_IMAGE], lambda x: x[:, :, 1:6:2], {"axis": 2, "start": 1, "stop": 6, "step": 2}, ALL),
]

LINEAR = [
    Case("linear", [[None, 6], [7, 6], [7]], F.linear, dtypes=FLOATS),
    Case("linear", [[None, 3, 6], [7, 6]], F.linear, dtypes=FLOATS),
    Case("linear", [[None, 0], [7, 0], [7]], F.linear),
    Case("matrix_multiply", [[None, 3, 4], [None, 4, 5]], torch.matmul, dtypes=FLOATS),
    Case("matrix_multiply", [[None, 2, 3, 4], [4, 5]], torch.matmul),
    Case("matrix_multiply", [[None, 3, 0], [None, 0, 5]], torch.matmul),
]

NORMALIZATIONS = [
    Case(
        "batch_normalization",
        [_IMAGE, [4], [4], [4], [4]],
        lambda x, m, v, w, b: F.batch_norm(x, m, v, w, b, eps=1e-3),
        {"epsilon": 1e-3},
        FLOATS,
        _second_positive,
    ),
    Case(
        "batch_normalization",
        [[None, 4], [4], [4], None, [4]],
        lambda x, m, v, w, b: F.batch_norm(x, m, v, w, b, eps=1e-3),
        {"epsilon": 1e-3},
        make=_second_positive,
    ),
    Case(
        "group_normalization",
        [_IMAGE, [4], [4]],
        lambda x, w, b: F.group_norm(x, 2, w, b, 1e-3),
        {"groups": 2, "epsilon": 1e-3},
        FLOATS,
    ),
    Case(
        "instance_normalization",
        [_IMAGE, [4], [4]],
        lambda x, w, b: F.instance_norm(x, weight=w, bias=b, eps=1e-3),
        {"epsilon": 1e-3},
        FLOATS,
    ),
    Case(
        "layer_normalization",
        [_IMAGE, [6, 5], [6, 5]],
        lambda x, w, b: F.layer_norm(x, (6, 5), w, b, 1e-3),
        {"axes": 2, "epsilon": 1e-3},
        FLOATS,
    ),
    Case(
        "layer_normalization", [_IMAGE], lambda x: F.layer_norm(x, (5,), eps=0.1), {"axes": 1, "epsilon": 0.1}
    ),
    *(
        Case(
            "local_response_normalization",
            [shape],
            lambda x, size=size: _local_response(x, size),
            {"size": size, "alpha": 0.3, "beta": 0.75, "k": 1.5},
            FLOATS,
        )
        for size in (1, 2, 5, 12)
        for shape in (_IMAGE, [None, 7, 3])
    ),
    Case(
        "local_response_normalization",
        [_IMAGE],
        lambda x: F.local_response_norm(x, 3, alpha=0.5, beta=0.6, k=2.0),
        {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 2.0},
    ),
    Case(
        "root_mean_square_normalization",
        [_IMAGE, [6, 5]],
        lambda x, w: F.rms_norm(x, (6, 5), w, 1e-3),
        {"axes": 2, "epsilon": 1e-3},
        FLOATS,
    ),
]

_POOL = {"kernel": [3, 2], "stride": [2, 2], "padding": [1, 1]}

POOLING = [
    Case(
        "adaptive_average_pool",
        [_IMAGE],
        lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
        {"size": [3, 2]},
        FLOATS,
    ),
    Case("adaptive_average_pool", [[None, 4, 9]], lambda x: F.adaptive_avg_pool1d(x, 4), {"size": [4]}),
    Case(
        "adaptive_average_pool",
        [[None, 2, 4, 5, 6]],
        lambda x: F.adaptive_avg_pool3d(x, 1),
        {"size": [1] * 3},
    ),
    Case("adaptive_max_pool", [_IMAGE], lambda x: F.adaptive_max_pool2d(x, (3, 2)), {"size": [3, 2]}, FLOATS),
    Case("adaptive_max_pool", [[None, 4, 9]], lambda x: F.adaptive_max_pool1d(x, 4), {"size": [4]}),
    Case("adaptive_max_pool", [[None, 2, 4, 5, 6]], lambda x: F.adaptive_max_pool3d(x, 2), {"size": [2] * 3}),
    Case("average_pool", [_IMAGE], lambda x: F.avg_pool2d(x, (3, 2), 2, 1), _POOL, FLOATS),
    Case(
        "average_pool",
        [_IMAGE],
        lambda x: F.avg_pool2d(x, (3, 2), 2, 1, ceil_mode=True, count_include_pad=False),
        {**_POOL, "ceil": True, "count_padding": False},
    ),
    Case(
        "average_pool",
        [[None, 4, 9]],
        lambda x: F.avg_pool1d(x, 3),
        {"kernel": [3], "stride": [3], "padding": [0]},
    ),
    Case(
        "average_pool",
        [[None, 2, 4, 5, 6]],
        lambda x: F.avg_pool3d(x, 2),
        {"kernel": [2] * 3, "stride": [2] * 3, "padding": [0] * 3},
    ),
    Case(
        "max_pool", [_IMAGE], lambda x: F.max_pool2d(x, (3, 2), 2, 1), {**_POOL, "dilation": [1, 1]}, FLOATS
    ),
    Case(
        "max_pool",
        [_IMAGE],
        lambda x: F.max_pool2d(x, (2, 2), (1, 2), 1, (2, 1), ceil_mode=True),
        {"kernel": [2, 2], "stride": [1, 2], "padding": [1, 1], "dilation": [2, 1], "ceil": True},
    ),
    Case(
        "max_pool",
        [[None, 4, 9]],
        lambda x: F.max_pool1d(x, 3, 2),
        {"kernel": [3], "stride": [2], "padding": [0], "dilation": [1]},
    ),
    Case(
        "max_pool",
        [[None, 2, 4, 5, 6]],
        lambda x: F.max_pool3d(x, 2),
        {"kernel": [2] * 3, "stride": [2] * 3, "padding": [0] * 3, "dilation": [1] * 3},
    ),
]

_OVER = {"axes": [1, 2]}

REDUCTIONS = [
    Case("argmax", [_IMAGE], lambda x: torch.argmax(x, 1), {"axis": 1}, NUMBERS),
    Case("argmin", [_IMAGE], lambda x: torch.argmin(x, 2, keepdim=True), {"axis": 2, "keep": True}, NUMBERS),
    Case("cumulative_sum", [_IMAGE], lambda x: torch.cumsum(x, 2), {"axis": 2}, FLOATS),
    Case("reduce_max", [_IMAGE], lambda x: torch.amax(x, (1, 2)), _OVER, NUMBERS),
    Case(
        "reduce_min",
        [_IMAGE],
        lambda x: torch.amin(x, (1, 2), keepdim=True),
        {**_OVER, "keep": True},
        NUMBERS,
    ),
    Case("reduce_mean", [_IMAGE], lambda x: torch.mean(x, (1, 2)), _OVER, FLOATS),
    Case("reduce_sum", [_IMAGE], lambda x: torch.sum(x, (1, 2)), _OVER, FLOATS),
    Case("reduce_sum", [[None, 0, 3]], lambda x: torch.sum(x, 1), {"axes": [1]}),
    Case("variance", [_IMAGE], lambda x: torch.var(x, (1, 2)), _OVER, FLOATS),
    Case("variance", [_IMAGE], lambda x: torch.var(x, (3,), correction=0), {"axes": [3], "correction": 0}),
]

RESHAPING = [
    Case("expand", [[None, 3, 1]], lambda x: x.expand(2, -1, 3, 5), {"shape": [2, B, 3, 5]}, ALL),
    Case("flip", [_IMAGE], lambda x: x.flip((1, 3)), {"axes": [1, 3]}, ALL),
    Case(
        "pad",
        [_ROWS],
        lambda x: F.pad(x, (2, 1, 0, 3), value=2.0),
        {"amounts": [0, 0, 0, 3, 2, 1], "value": 2.0},
        ALL,
    ),
    Case("permute", [_IMAGE], lambda x: x.permute(0, 2, 3, 1), {"order": [0, 2, 3, 1]}, ALL),
    Case("pixel_shuffle", [_IMAGE], lambda x: F.pixel_shuffle(x, 2), {"factor": 2}, ALL),
    Case("reshape", [_IMAGE], lambda x: x.reshape(-1, 5, 6), {"shape": [(4, 0), 5, 6]}, ALL),
    Case("tile", [_ROWS], lambda x: x.repeat(1, 2, 3), {"times": [1, 2, 3]}, ALL),
]

CASES: list[Case] = [
    *ACTIVATIONS,
    *ARITHMETIC,
    *ATTENTIONS,
    *COMPARISONS,
    *CONVOLUTIONS,
    *INDEXING,
    *JOINING,
    *LINEAR,
    *NORMALIZATIONS,
    *POOLING,
    *REDUCTIONS,
    *RESHAPING,
]
