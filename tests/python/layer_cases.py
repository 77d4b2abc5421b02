"""The operators that layers are made of, as cases: attention, convolution, linear, normalisation, pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from operator_case import FLOATS, IMAGE, Case, second_positive

if TYPE_CHECKING:
    from collections.abc import Callable


def _local_response(x: torch.Tensor, size: int) -> torch.Tensor:
    # In single precision: torch has it in no other on the CPU.
    return F.local_response_norm(x.float(), size, alpha=0.3, beta=0.75, k=1.5).to(x.dtype)


_STEP = {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}


def _scaled(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None
) -> torch.Tensor:
    return F.scaled_dot_product_attention(query, key, value, mask, scale=0.3)


def _forbidding(tensors: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
    """Let the mask be of bools, and forbid the second query all keys."""
    *first, mask = tensors
    assert mask is not None
    allowed = mask > 0
    allowed[1] = False
    return [*first, allowed]


ATTENTIONS = [
    Case("attention", [[None, 5, 8]] * 3, _scaled, {"scale": 0.3}, FLOATS),
    Case("attention", [[None, 2, 5, 8], [None, 2, 6, 8], [None, 2, 6, 3]], _scaled, {"scale": 0.3}),
    Case("attention", [*[[None, 2, 5, 8]] * 3, [5, 5]], _scaled, {"scale": 0.3}, FLOATS),
    Case("attention", [*[[None, 2, 5, 8]] * 3, [5, 5]], _scaled, {"scale": 0.3}, FLOATS, _forbidding),
    Case("attention", [*[[None, 2, 5, 8]] * 3, [5, 1]], _scaled, {"scale": 0.3}, FLOATS),
    Case("attention", [*[[None, 2, 5, 8]] * 3, [5, 1]], _scaled, {"scale": 0.3}, FLOATS, _forbidding),
    Case("attention", [*[[None, 5, 8]] * 3, [None, 5, 5]], _scaled, {"scale": 0.3}),
    Case("attention", [*[[None, 2, 5, 8]] * 3, [None, 1, 1, 5]], _scaled, {"scale": 0.3}),
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
    Case("convolution", [IMAGE, [7, 4, 3, 3], [7]], _convolution(padding=1), _STEP, FLOATS),
    Case("convolution", [IMAGE, [20, 4, 3, 3]], _convolution(padding=1), _STEP),
    Case("convolution", [[None, 3, 17, 16], [64, 3, 3, 3], [64]], _convolution(padding=1), _STEP),
    Case(
        "convolution",
        [IMAGE, [6, 2, 3, 2], [6]],
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
        [IMAGE, [33, 4, 1, 1], [33]],
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
        [IMAGE, [4, 3, 3, 2], [6]],
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, padding=1, output_padding=1, groups=2),
        {"stride": [2, 2], "padding": [1, 1], "dilation": [1, 1], "output_padding": [1, 1], "groups": 2},
        FLOATS,
    ),
    Case(
        "transposed_convolution",
        [[None, 4, 9], [4, 3, 3]],
        lambda x, w: F.conv_transpose1d(x, w, stride=2),
        {"stride": [2], "padding": [0], "dilation": [1], "output_padding": [0]},
    ),
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
        [IMAGE, [4], [4], [4], [4]],
        lambda x, m, v, w, b: F.batch_norm(x, m, v, w, b, eps=1e-3),
        {"epsilon": 1e-3},
        FLOATS,
        second_positive,
    ),
    Case(
        "batch_normalization",
        [[None, 4], [4], [4], None, [4]],
        lambda x, m, v, w, b: F.batch_norm(x, m, v, w, b, eps=1e-3),
        {"epsilon": 1e-3},
        make=second_positive,
    ),
    Case(
        "group_normalization",
        [IMAGE, [4], [4]],
        lambda x, w, b: F.group_norm(x, 2, w, b, 1e-3),
        {"groups": 2, "epsilon": 1e-3},
        FLOATS,
    ),
    Case(
        "instance_normalization",
        [IMAGE, [4], [4]],
        lambda x, w, b: F.instance_norm(x, weight=w, bias=b, eps=1e-3),
        {"epsilon": 1e-3},
        FLOATS,
    ),
    Case(
        "layer_normalization",
        [IMAGE, [6, 5], [6, 5]],
        lambda x, w, b: F.layer_norm(x, (6, 5), w, b, 1e-3),
        {"axes": 2, "epsilon": 1e-3},
        FLOATS,
    ),
    Case(
        "layer_normalization", [IMAGE], lambda x: F.layer_norm(x, (5,), eps=0.1), {"axes": 1, "epsilon": 0.1}
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
        for shape in (IMAGE, [None, 7, 3])
    ),
    Case(
        "local_response_normalization",
        [IMAGE],
        lambda x: F.local_response_norm(x, 3, alpha=0.5, beta=0.6, k=2.0),
        {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 2.0},
    ),
    Case(
        "root_mean_square_normalization",
        [IMAGE, [6, 5]],
        lambda x, w: F.rms_norm(x, (6, 5), w, 1e-3),
        {"axes": 2, "epsilon": 1e-3},
        FLOATS,
    ),
]


_POOL = {"kernel": [3, 2], "stride": [2, 2], "padding": [1, 1]}


POOLING = [
    Case(
        "adaptive_average_pool",
        [IMAGE],
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
    Case("adaptive_max_pool", [IMAGE], lambda x: F.adaptive_max_pool2d(x, (3, 2)), {"size": [3, 2]}, FLOATS),
    Case("adaptive_max_pool", [[None, 4, 9]], lambda x: F.adaptive_max_pool1d(x, 4), {"size": [4]}),
    Case("adaptive_max_pool", [[None, 2, 4, 5, 6]], lambda x: F.adaptive_max_pool3d(x, 2), {"size": [2] * 3}),
    Case("average_pool", [IMAGE], lambda x: F.avg_pool2d(x, (3, 2), 2, 1), _POOL, FLOATS),
    Case(
        "average_pool",
        [IMAGE],
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
    Case("max_pool", [IMAGE], lambda x: F.max_pool2d(x, (3, 2), 2, 1), {**_POOL, "dilation": [1, 1]}, FLOATS),
    Case(
        "max_pool",
        [IMAGE],
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
    # A window that is larger than its input, as ceil mode allows; but torch for averages in three dimensions.
    Case(
        "max_pool",
        [[None, 2, 2]],
        lambda x: F.max_pool1d(x, 3, 2, ceil_mode=True),
        {"kernel": [3] * 1, "stride": [2] * 1, "padding": [0] * 1, "dilation": [1] * 1, "ceil": True},
    ),
    Case(
        "max_pool",
        [[None, 2, 2, 2]],
        lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
        {"kernel": [3] * 2, "stride": [2] * 2, "padding": [0] * 2, "dilation": [1] * 2, "ceil": True},
    ),
    Case(
        "max_pool",
        [[None, 2, 2, 2, 2]],
        lambda x: F.max_pool3d(x, 3, 2, ceil_mode=True),
        {"kernel": [3] * 3, "stride": [2] * 3, "padding": [0] * 3, "dilation": [1] * 3, "ceil": True},
    ),
    Case(
        "average_pool",
        [[None, 2, 2]],
        lambda x: F.avg_pool1d(x, 3, 2, ceil_mode=True),
        {"kernel": [3] * 1, "stride": [2] * 1, "padding": [0] * 1, "ceil": True},
    ),
    Case(
        "average_pool",
        [[None, 2, 2, 2]],
        lambda x: F.avg_pool2d(x, 3, 2, ceil_mode=True),
        {"kernel": [3] * 2, "stride": [2] * 2, "padding": [0] * 2, "ceil": True},
    ),
]
