"""Every operator of the table with inputs, attributes, and what PyTorch calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
import torch.nn.functional as F

from graph_of_tensors import B
from layer_cases import ATTENTIONS, CONVOLUTIONS, LINEAR, NORMALIZATIONS, POOLING
from operator_case import ALL, FLOATS, IMAGE, NUMBERS, ROWS, Case

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def _positive(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    return [None if tensor is None else tensor.abs() + 0.5 for tensor in tensors]


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


def _each(name: str, reference: Callable[..., torch.Tensor], **attributes: object) -> Case:
    return Case(name, [ROWS], reference, attributes, FLOATS)


def _number(name: str, reference: Callable[..., torch.Tensor]) -> Case:
    return Case(name, [ROWS], reference, dtypes=NUMBERS)


def _pair(
    name: str, reference: Callable[..., torch.Tensor], dtypes: Sequence[torch.dtype] = NUMBERS
) -> list[Case]:
    return [
        Case(name, [ROWS, ROWS], reference, dtypes=dtypes),
        Case(name, [ROWS, [4]], reference, dtypes=dtypes),
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
    Case("prelu", [IMAGE, [4]], F.prelu, dtypes=FLOATS),
    Case("prelu", [ROWS, [1]], F.prelu, dtypes=FLOATS),
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
    Case("power", [ROWS, ROWS], torch.pow, dtypes=FLOATS, make=_positive),
    _number("absolute", torch.abs),
    _each("ceil", torch.ceil),
    _each("cos", torch.cos),
    _each("erf", torch.erf),
    _each("exp", torch.exp),
    _each("floor", torch.floor),
    Case("log", [ROWS], torch.log, dtypes=FLOATS, make=_positive),
    _number("negate", torch.neg),
    Case("reciprocal", [ROWS], torch.reciprocal, dtypes=FLOATS, make=_positive),
    _each("round", torch.round),
    Case("rsqrt", [ROWS], torch.rsqrt, dtypes=FLOATS, make=_positive),
    _number("sign", torch.sign),
    _each("sin", torch.sin),
    Case("sqrt", [ROWS], torch.sqrt, dtypes=FLOATS, make=_positive),
    _each("clamp", lambda x: torch.clamp(x, -0.25, 0.5), least=-0.25, most=0.5),
    Case("cast", [ROWS], lambda x: x.to(torch.int32), {"dtype": "I32"}, ALL),
    Case("cast", [ROWS], lambda x: x.to(torch.bool), {"dtype": "BOOL"}, ALL),
    Case("cast", [ROWS], lambda x: x.to(torch.float16), {"dtype": "F16"}, ALL),
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
    Case("logical_not", [ROWS], torch.logical_not, dtypes=(torch.bool,)),
    Case("select", [ROWS, ROWS, [4]], torch.where, dtypes=ALL, make=_condition),
]


INDEXING = [
    Case("embedding", [[None, 3], [5, 4]], lambda i, t: F.embedding(i, t), make=_indices(0, 5, torch.int64)),
    Case("embedding", [[None], [5, 4]], lambda i, t: F.embedding(i, t), make=_indices(0, 5, torch.int32)),
    Case(
        "gather",
        [IMAGE, [3]],
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
        [IMAGE],
        lambda x: F.interpolate(x, (9, 3), mode=mode, align_corners=align),
        {"size": [9, 3], "mode": mode, "align_corners": bool(align)},
        FLOATS,
    )


JOINING = [
    _resized("nearest"),
    _resized("bilinear", align=False),
    _resized("bilinear", align=True),
    _resized("bicubic", align=False),
    Case("concatenate", [ROWS, [None, 2, 4]], lambda *x: torch.cat(x, 1), {"axis": 1}, ALL),
    Case("concatenate", [ROWS], lambda x: x, {"axis": 2}, ALL),
    Case("slice", [IMAGE], lambda x: x[:, :, 1:6:2], {"axis": 2, "start": 1, "stop": 6, "step": 2}, ALL),
]


_OVER = {"axes": [1, 2]}


REDUCTIONS = [
    Case("argmax", [IMAGE], lambda x: torch.argmax(x, 1), {"axis": 1}, NUMBERS),
    Case("argmin", [IMAGE], lambda x: torch.argmin(x, 2, keepdim=True), {"axis": 2, "keep": True}, NUMBERS),
    Case("cumulative_sum", [IMAGE], lambda x: torch.cumsum(x, 2), {"axis": 2}, FLOATS),
    Case("reduce_max", [IMAGE], lambda x: torch.amax(x, (1, 2)), _OVER, NUMBERS),
    Case(
        "reduce_min",
        [IMAGE],
        lambda x: torch.amin(x, (1, 2), keepdim=True),
        {**_OVER, "keep": True},
        NUMBERS,
    ),
    Case("reduce_mean", [IMAGE], lambda x: torch.mean(x, (1, 2)), _OVER, FLOATS),
    Case("reduce_sum", [IMAGE], lambda x: torch.sum(x, (1, 2)), _OVER, FLOATS),
    Case("reduce_sum", [[None, 0, 3]], lambda x: torch.sum(x, 1), {"axes": [1]}),
    Case("variance", [IMAGE], lambda x: torch.var(x, (1, 2)), _OVER, FLOATS),
    Case("variance", [IMAGE], lambda x: torch.var(x, (3,), correction=0), {"axes": [3], "correction": 0}),
]


RESHAPING = [
    Case("expand", [[None, 3, 1]], lambda x: x.expand(2, -1, 3, 5), {"shape": [2, B, 3, 5]}, ALL),
    Case("flip", [IMAGE], lambda x: x.flip((1, 3)), {"axes": [1, 3]}, ALL),
    Case(
        "pad",
        [ROWS],
        lambda x: F.pad(x, (2, 1, 0, 3), value=2.0),
        {"amounts": [0, 0, 0, 3, 2, 1], "value": 2.0},
        ALL,
    ),
    Case("permute", [IMAGE], lambda x: x.permute(0, 2, 3, 1), {"order": [0, 2, 3, 1]}, ALL),
    Case("pixel_shuffle", [IMAGE], lambda x: F.pixel_shuffle(x, 2), {"factor": 2}, ALL),
    Case("reshape", [IMAGE], lambda x: x.reshape(-1, 5, 6), {"shape": [(4, 0), 5, 6]}, ALL),
    Case("tile", [ROWS], lambda x: x.repeat(1, 2, 3), {"times": [1, 2, 3]}, ALL),
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

EACH_WITH_ITS_TYPES = [
    pytest.param(case, dtype, id=f"{case}-{dtype}") for case in CASES for dtype in case.dtypes
]
