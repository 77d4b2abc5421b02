"""The count of operations (docs/operations.md) a second time, in Python: plain sums over sizes, no limits.

Written from the page and not from the C++ that it is compared with, so that a slip in one is seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idn._native import extension

Sizes = tuple[int, ...]


@dataclass(frozen=True)
class Applied:
    """An operator on values of these sizes; None is an input left out."""

    inputs: Sequence[Sizes | None]
    output: Sizes
    attributes: Mapping[str, Any]

    def input(self, index: int) -> Sizes:
        sizes = self.inputs[index]
        assert sizes is not None
        return sizes

    def has(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] is not None


Rule = Callable[[Applied], int]


def _nothing(_: Applied) -> int:
    return 0


def _for_each_output(times: int) -> Rule:
    return lambda one: times * math.prod(one.output)


def _for_each_input(times: int) -> Rule:
    return lambda one: times * math.prod(one.input(0))


def _convolution(one: Applied) -> int:
    """Every output is a sum of products over its group's channels and the kernel, and the bias is added."""
    batch, channels, *places = one.output
    in_group = one.input(0)[1] // one.attributes["groups"]
    products = batch * channels * in_group * math.prod(places) * math.prod(one.input(1)[2:])
    return 2 * products + (math.prod(one.output) if one.has(2) else 0)


def _transposed_convolution(one: Applied) -> int:
    """Every input is multiplied with the kernel of each channel of its group, and added up."""
    batch, channels, *places = one.input(0)
    out_group = one.output[1] // one.attributes["groups"]
    products = batch * channels * math.prod(places) * out_group * math.prod(one.input(1)[2:])
    return 2 * products + (math.prod(one.output) if one.has(2) else 0)


def _linear(one: Applied) -> int:
    *rows, columns = one.output
    return math.prod(rows) * columns * (2 * one.input(0)[-1] + (1 if one.has(2) else 0))


def _matrix_multiply(one: Applied) -> int:
    *before, rows, columns = one.output
    return 2 * math.prod(before) * rows * one.input(0)[-1] * columns


def _attention(one: Applied) -> int:
    """Two products of matrices; of every score the scale and a softmax, and the mask where there is one."""
    *before, queries, size = one.input(0)
    keys, width = one.input(1)[-2], one.input(2)[-1]
    of_score = 2 * size + 2 * width + 1 + 4 + (1 if one.has(3) else 0)
    return math.prod(before) * queries * keys * of_score


def _windows(one: Applied) -> int:
    return math.prod(one.output) * math.prod(one.attributes["kernel"])


def _interpolate(one: Applied) -> int:
    along = {"nearest": 0, "bilinear": 2, "bicubic": 4}[one.attributes["mode"]]
    return math.prod(one.output) * 2 * along**2


def _local_response(one: Applied) -> int:
    return math.prod(one.output) * (one.attributes["size"] + 5)


_EACH_INPUT = """
    adaptive_average_pool adaptive_max_pool argmax argmin reduce_max reduce_mean reduce_min reduce_sum
"""
_EACH_OUTPUT = """
    absolute add ceil clamp cos cumulative_sum divide elu equal erf exp floor gelu greater greater_equal
    hardsigmoid hardswish leaky_relu less less_equal log logical_and logical_not logical_or maximum minimum
    mish multiply negate not_equal power prelu reciprocal relu round rsqrt select sigmoid sign silu sin
    softplus sqrt subtract tanh
"""
_MOVES = """
    cast concatenate embedding expand flip gather pad permute pixel_shuffle reshape slice tile
"""
RULES: dict[str, Rule] = {
    "convolution": _convolution,
    "transposed_convolution": _transposed_convolution,
    "linear": _linear,
    "matrix_multiply": _matrix_multiply,
    "attention": _attention,
    "average_pool": _windows,
    "max_pool": _windows,
    "interpolate": _interpolate,
    "local_response_normalization": _local_response,
    "batch_normalization": _for_each_output(2),
    "root_mean_square_normalization": _for_each_output(4),
    "group_normalization": _for_each_output(8),
    "instance_normalization": _for_each_output(8),
    "layer_normalization": _for_each_output(8),
    "softmax": _for_each_output(4),
    "log_softmax": _for_each_output(4),
    "variance": _for_each_input(4),
    **dict.fromkeys(_EACH_INPUT.split(), _for_each_input(1)),
    **dict.fromkeys(_EACH_OUTPUT.split(), _for_each_output(1)),
    **dict.fromkeys(_MOVES.split(), _nothing),
}


def node_operations(package: extension.graph.Package, batch: int) -> list[int]:
    """What every node of a package does at a batch."""

    def sizes(value: int) -> Sizes:
        return tuple(per_batch * batch + fixed for per_batch, fixed in package.type(value)[1])

    counts = []
    for node in package.nodes:
        inputs = [None if value is None else sizes(value) for value in node["inputs"]]
        applied = Applied(inputs, sizes(node["outputs"][0]), node["attributes"])
        counts.append(RULES[node["operator"]](applied))
    return counts
