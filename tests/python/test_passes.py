"""Passes: each changes how a graph is run, and no answer by more than rounding."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from graph_of_tensors import B, as_exit, flattened
from idn._idn import graph as native
from operator_case import NO_PASSES

PASSES = tuple(NO_PASSES)
# Of logits near 1 after a few layers: batch normalisation in the weights rounds each of them once more.
TOLERANCE = 1e-4


class _Network:
    """A graph in the making, beside PyTorch's own computation of it on an example."""

    def __init__(self, example: torch.Tensor, weights: list[torch.Tensor]) -> None:
        self.builder = native.GraphBuilder()
        sizes: list[int | tuple[int, int]] = [B, *example.shape[1:]]
        self.input = self.builder.add_input("x", "F32", sizes)
        self.constants = [self.builder.add_constant(f"{i:03}", w) for i, w in enumerate(weights)]

    def node(self, operator: str, *inputs: int | None, **attributes: object) -> int:
        return self.builder.add_node(operator, list(inputs), attributes)[0]

    def convolution(self, x: int, weight: int, bias: int | None = None, *, groups: int = 1) -> int:
        inputs = (x, weight) if bias is None else (x, weight, bias)
        ones = {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}
        return self.node("convolution", *inputs, **ones, groups=groups)

    def finish(self, *exits: int) -> native.Package:
        for index, value in enumerate(exits):
            self.builder.add_exit(f"exit{index}", value)
        return self.builder.finish()


def _weights(channels: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*sizes: int) -> torch.Tensor:
        return torch.randn(sizes, generator=generator)

    scale = (9 * channels) ** -0.5
    return [
        normal(channels, 3, 3, 3) * 0.2,
        normal(channels, channels, 3, 3) * scale,
        normal(channels),
        normal(channels),
        normal(channels).abs() + 0.5,
        normal(channels),
        normal(channels),
        normal(5, channels),
    ]


def _residual(channels: int, *, seed: int = 0) -> tuple[native.Package, list[torch.Tensor]]:
    """Convolution, batch norm, relu; convolution, batch norm, sum with what was before, relu; two exits."""
    weights = _weights(channels, seed)
    net = _Network(torch.empty(1, 3, 9, 7), weights)
    first, second, bias, mean, variance, factor, summand, head = net.constants
    norm = {"epsilon": 1e-5}
    y = net.convolution(net.input, first, bias)
    y = net.node("relu", net.node("batch_normalization", y, mean, variance, factor, summand, **norm))
    early = net.node("linear", net.node("reduce_mean", y, axes=[2, 3]), head)
    z = net.node("batch_normalization", net.convolution(y, second), mean, variance, None, summand, **norm)
    z = net.node("relu", net.node("add", y, z))
    late = net.node("linear", net.node("reduce_mean", z, axes=[2, 3]), head)
    return net.finish(early, late), weights


def _expected(x: torch.Tensor, weights: list[torch.Tensor]) -> list[torch.Tensor]:
    first, second, bias, mean, variance, factor, summand, head = weights
    y = F.relu(F.batch_norm(F.conv2d(x, first, bias, padding=1), mean, variance, factor, summand))
    z = F.batch_norm(F.conv2d(y, second, padding=1), mean, variance, None, summand)
    return [F.linear(v.mean((2, 3)), head) for v in (y, F.relu(y + z))]


@pytest.mark.parametrize("channels", [5, 16, 64, 288])
@pytest.mark.parametrize("on", [c for n in range(5) for c in itertools.combinations(PASSES, n)])
def test_no_combination_of_passes_changes_an_answer(on: tuple[str, ...], channels: int) -> None:
    package, weights = _residual(channels)
    executor = native.Executor(package, **{**NO_PASSES, **dict.fromkeys(on, True)})
    for batch in (0, 1, 3):
        x = torch.randn(batch, 3, 9, 7, generator=torch.Generator().manual_seed(batch))
        for logits, expected in zip(executor.run([x]), _expected(x, weights), strict=True):
            torch.testing.assert_close(logits, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [1, 3, 5, 8, 13, 16, 24, 32, 64])
def test_a_row_of_any_width_is_computed_whole(channels: int, stride: int) -> None:
    """The convolution divides rows into tiles of pixels; no width may fall between them, with all that goes
    into a tile: bias, what is added, relu.
    """
    generator = torch.Generator().manual_seed(channels)
    weight = torch.randn(channels, 3, 3, 3, generator=generator) * 0.2
    bias = torch.randn(channels, generator=generator)
    same = {"stride": [stride, stride], "padding": [1, 1], "dilation": [1, 1], "groups": 1}
    for width in range(1, 66):
        x = torch.randn(2, 3, 2, width, generator=generator)
        net = _Network(x, [weight, bias, weight])
        first, summand, second = net.constants
        other = net.node("convolution", net.input, second, **same)
        y = net.node("add", net.node("convolution", net.input, first, summand, **same), other)
        package = net.finish(flattened(net.builder, net.node("relu", y)))
        executor = native.Executor(package, **NO_PASSES | {"prepack": True, "fuse_convolutions": True})
        (found,) = executor.run([x])
        plain = F.conv2d(x, weight, stride=stride, padding=1)
        expected = as_exit(F.relu(plain + bias[:, None, None] + plain), batch=2)
        torch.testing.assert_close(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_batch_norms_and_what_follows_a_convolution_go_into_it() -> None:
    package, _ = _residual(16)
    nodes = len(package.nodes)
    assert native.Executor(package, **NO_PASSES).steps == nodes
    assert native.Executor(package, **{**NO_PASSES, "fold_batch_norms": True}).steps == nodes - 2
    assert native.Executor(package).steps == nodes - 2 - 3


def test_an_activation_after_a_pooling_goes_into_it_and_keeps_nan() -> None:
    net = _Network(torch.empty(1, 2, 6, 6), [])
    root = net.node("sqrt", net.input)
    settings = {"kernel": [2, 2], "stride": [2, 2], "padding": [0, 0], "dilation": [1, 1]}
    pooled = net.node("max_pool", net.node("subtract", root, net.input), **settings)
    package = net.finish(net.node("reshape", net.node("relu", pooled), shape=[B, 18]))
    x = torch.rand(3, 2, 6, 6, generator=torch.Generator().manual_seed(0)) * 2
    x[1, 1, 2, 2] = -1.0
    expected = F.max_pool2d(x.sqrt() - x, 2).relu().flatten(1)
    assert (expected.isnan().sum(), (expected == 0).any()) == (1, True)
    for order in (torch.contiguous_format, torch.channels_last):
        executor = native.Executor(package)
        [found] = executor.run([x.contiguous(memory_format=order)])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-7, equal_nan=True)
        assert native.Executor(package, **NO_PASSES).steps - executor.steps == 1


def test_a_batch_norm_is_left_where_another_reads_what_it_normalises() -> None:
    weights = _weights(4, 1)
    net = _Network(torch.empty(1, 3, 5, 5), weights[:1] + weights[3:5])
    weight, mean, variance = net.constants
    y = net.convolution(net.input, weight)
    z = net.node("batch_normalization", y, mean, variance, epsilon=1e-5)
    both = net.node("reduce_mean", net.node("add", y, z), axes=[2, 3])
    package = net.finish(both)
    x = torch.randn(2, 3, 5, 5)
    (logits,) = native.Executor(package).run([x])
    y_expected = F.conv2d(x, weights[0], padding=1)
    expected = (y_expected + F.batch_norm(y_expected, *weights[3:5])).mean((2, 3))
    torch.testing.assert_close(logits, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_a_sum_of_a_convolution_with_itself_or_a_broadcast_stays_right() -> None:
    weights = [_weights(4, 2)[0], torch.randn(1, 4, 1, 1)]
    net = _Network(torch.empty(1, 3, 5, 5), weights)
    weight, shift = net.constants
    y = net.convolution(net.input, weight)
    twice = net.node("add", y, y)
    moved = net.node("relu", net.node("add", net.convolution(net.input, weight), shift))
    package = net.finish(
        net.node("reduce_mean", twice, axes=[2, 3]), net.node("reduce_mean", moved, axes=[2, 3])
    )
    x = torch.randn(2, 3, 5, 5)
    expected = F.conv2d(x, weights[0], padding=1)
    for logits, wanted in zip(
        native.Executor(package).run([x]), (expected * 2, F.relu(expected + weights[1])), strict=True
    ):
        torch.testing.assert_close(logits, wanted.mean((2, 3)), rtol=TOLERANCE, atol=TOLERANCE)


def test_what_an_earlier_exit_needs_is_not_fused_away() -> None:
    weights = _weights(4, 3)[:1]
    net = _Network(torch.empty(1, 3, 5, 5), weights)
    y = net.convolution(net.input, net.constants[0])
    early = net.node("reduce_mean", y, axes=[2, 3])
    late = net.node("reduce_mean", net.node("relu", y), axes=[2, 3])
    package = net.finish(early, late)
    x = torch.randn(2, 3, 5, 5)
    expected = F.conv2d(x, weights[0], padding=1)
    for logits, wanted in zip(native.Executor(package).run([x]), (expected, F.relu(expected)), strict=True):
        torch.testing.assert_close(logits, wanted.mean((2, 3)), rtol=TOLERANCE, atol=TOLERANCE)


def test_what_constants_decide_is_computed_once() -> None:
    table = torch.randn(6, 4)
    net = _Network(torch.empty(1, 4), [table])
    mean = net.node("reduce_mean", net.node("tanh", net.constants[0]), axes=[0])
    package = net.finish(net.node("add", net.input, mean))
    assert native.Executor(package, **NO_PASSES).steps == 3
    executor = native.Executor(package)
    assert executor.steps == 1
    x = torch.randn(3, 4)
    assert torch.equal(executor.run([x])[0], native.Executor(package, **NO_PASSES).run([x])[0])


def test_a_batch_norm_with_no_variance_is_left_as_it_is() -> None:
    net = _Network(torch.empty(1, 3, 5, 5), [torch.zeros(4, 3, 3, 3), torch.zeros(4), torch.zeros(4)])
    weight, mean, variance = net.constants
    y = net.node("batch_normalization", net.convolution(net.input, weight), mean, variance, epsilon=0.0)
    package = net.finish(net.node("reduce_mean", y, axes=[2, 3]))
    x = torch.randn(2, 3, 5, 5)
    assert native.Executor(package).run([x])[0].isnan().all()
    assert native.Executor(package, **NO_PASSES).run([x])[0].isnan().all()


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_transposed_and_grouped_convolutions_fold_their_batch_norm(groups: int) -> None:
    weights = [
        torch.randn(6, 6 // groups, 3, 3),
        torch.randn(6, 6 // groups, 2, 2),
        torch.randn(6),
        torch.rand(6) + 0.5,
    ]
    net = _Network(torch.empty(1, 6, 5, 5), weights)
    weight, transposed, mean, variance = net.constants
    y = net.convolution(net.input, weight, groups=groups)
    y = net.node("relu", net.node("batch_normalization", y, mean, variance, epsilon=1e-5))
    up = {"stride": [2, 2], "padding": [0, 0], "output_padding": [0, 0], "dilation": [1, 1]}
    y = net.node("transposed_convolution", y, transposed, **up, groups=groups)
    y = net.node("batch_normalization", y, mean, variance, epsilon=1e-5)
    package = net.finish(net.node("reduce_mean", y, axes=[2, 3]))
    x = torch.randn(2, 6, 5, 5)
    z = F.relu(F.batch_norm(F.conv2d(x, weights[0], padding=1, groups=groups), *weights[2:]))
    z = F.batch_norm(F.conv_transpose2d(z, weights[1], stride=2, groups=groups), *weights[2:])
    (logits,) = native.Executor(package).run([x])
    torch.testing.assert_close(logits, z.mean((2, 3)), rtol=TOLERANCE, atol=TOLERANCE)
