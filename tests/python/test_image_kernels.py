"""Our kernels for images, convolution and max pooling, over shapes on which they divide work differently."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from idn._native import extension
from own_process import run, run_tests

native = extension.graph


def image(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def in_both_orders(executor: native.Executor, x: Tensor) -> list[Tensor]:
    """What a graph gives for an image plane by plane, and for the same pixel by pixel."""
    return [executor.run([x])[0], executor.run([x.contiguous(memory_format=torch.channels_last)])[0]]


@pytest.mark.parametrize("channels_out", [1, 2, 3, 5, 7, 8, 9, 16, 17, 33, 64])
@pytest.mark.parametrize("channels_in", [1, 3, 4, 17])
def test_a_convolution_gives_what_torch_gives_for_every_division_of_its_channels(
    channels_in: int, channels_out: int
) -> None:
    settings = itertools.product(((5, 5), (3, 1)), ((1, 1), (2, 3)), ((1, 1), (2, 2)), (0, 2))
    for seed, (kernel, stride, dilation, padding) in enumerate(settings):
        for width in (6, 31) if padding else (16,):
            x = image(3, channels_in, 9, width, seed=seed)
            weight = image(channels_out, channels_in, *kernel, seed=seed + 1)
            bias = image(channels_out, seed=seed + 2)
            if dilation[1] * (kernel[1] - 1) >= width + 2 * padding or dilation[0] * (kernel[0] - 1) >= 9:
                continue
            builder = native.GraphBuilder()
            value = builder.add_input("x", "F32", [(1, 0), channels_in, 9, width])
            constants = [builder.add_constant("bias", bias), builder.add_constant("weight", weight)]
            attributes = {"stride": list(stride), "padding": [padding, padding], "dilation": list(dilation)}
            [sums] = builder.add_node("convolution", [value, constants[1], constants[0]], attributes)
            [shifted] = builder.add_node("add", [sums, sums])
            [most] = builder.add_node("relu", [sums])
            [both] = builder.add_node("add", [shifted, most])
            size = [int(dimension[1]) for dimension in builder.type(both)[1][1:]]
            flat = builder.add_node("reshape", [both], {"shape": [(1, 0), size[0] * size[1] * size[2]]})
            builder.add_exit("sums", flat[0])
            expected = F.conv2d(x.double(), weight.double(), bias.double(), stride, padding, dilation)
            expected = (2 * expected + expected.relu()).flatten(1)
            for found in in_both_orders(native.Executor(builder.finish()), x):
                # Sums of at most 425 float32 products of about 1.
                torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("channels_out", [3, 5, 24])
def test_a_residual_and_an_activation_are_taken_in_by_every_division(channels_out: int) -> None:
    x = image(2, 1, 8, 11, seed=3)
    weight, bias = image(channels_out, 1, 3, 3, seed=4), image(channels_out, seed=5)
    other = image(channels_out, 1, 3, 3, seed=6)
    builder = native.GraphBuilder()
    value = builder.add_input("x", "F32", [(1, 0), 1, 8, 11])
    constants = {"bias": bias, "other": other, "weight": weight}
    at = {name: builder.add_constant(name, tensor) for name, tensor in constants.items()}
    same = {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}
    [residual] = builder.add_node("convolution", [value, at["other"]], same)
    [sums] = builder.add_node("convolution", [value, at["weight"], at["bias"]], same)
    [total] = builder.add_node("add", [sums, residual])
    [answer] = builder.add_node("relu", [total])
    flat = builder.add_node("reshape", [answer], {"shape": [(1, 0), channels_out * 88]})
    builder.add_exit("sums", flat[0])
    expected = (F.conv2d(x, weight, bias, padding=1) + F.conv2d(x, other, padding=1)).relu().flatten(1)
    for found in in_both_orders(native.Executor(builder.finish()), x):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 5, 15, 16, 33])
@pytest.mark.parametrize("ceil", [False, True])
def test_the_greatest_of_windows_is_what_torch_gives(channels: int, ceil: bool) -> None:
    kernels = [(1, 1), (2, 2), (3, 3), (2, 4), (5, 1)]
    for kernel, stride, dilation in itertools.product(kernels, ((1, 1), (2, 2), (3, 1), (1, 3)), (1, 2)):
        for padding in ((0, 0), (kernel[0] // 2, kernel[1] // 2)):
            x = image(2, channels, 11, 13, seed=sum(kernel)).contiguous(memory_format=torch.channels_last)
            x[0, 0, 3, 4], x[1, -1, 10, 12] = float("inf"), float("-inf")
            builder = native.GraphBuilder()
            value = builder.add_input("x", "F32", [(1, 0), channels, 11, 13])
            attributes = {
                "kernel": list(kernel),
                "stride": list(stride),
                "padding": list(padding),
                "dilation": [dilation, dilation],
                "ceil": ceil,
            }
            [greatest] = builder.add_node("max_pool", [value], attributes)
            size = [int(dimension[1]) for dimension in builder.type(greatest)[1][1:]]
            flat = builder.add_node("reshape", [greatest], {"shape": [(1, 0), size[0] * size[1] * size[2]]})
            builder.add_exit("greatest", flat[0])
            expected = F.max_pool2d(x, kernel, stride, padding, dilation, ceil_mode=ceil).flatten(1)
            [found] = native.Executor(builder.finish()).run([x])
            assert torch.equal(found, expected)


def test_a_nan_among_values_is_the_greatest() -> None:
    builder = native.GraphBuilder()
    value = builder.add_input("x", "F32", [(1, 0), 2, 4, 4])
    [root] = builder.add_node("sqrt", [value])
    [sum_] = builder.add_node("add", [root, value])
    settings = {"kernel": [2, 2], "stride": [2, 2], "padding": [0, 0], "dilation": [1, 1], "ceil": False}
    [greatest] = builder.add_node("max_pool", [sum_], settings)
    flat = builder.add_node("reshape", [greatest], {"shape": [(1, 0), 8]})
    builder.add_exit("greatest", flat[0])
    x = torch.ones(1, 2, 4, 4)
    x[0, 0, 1, 1], x[0, 1, 2, 3] = -1.0, -1.0
    expected = F.max_pool2d(x.sqrt() + x, 2).flatten(1)
    assert expected.isnan().sum() == 2
    for found in in_both_orders(native.Executor(builder.finish()), x):
        torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


@pytest.mark.skipif("ATEN_CPU_CAPABILITY" in os.environ, reason="torch is kept from instructions here")
@pytest.mark.parametrize(("capability", "most_lanes"), [("avx2", 8), ("default", 0)])
def test_all_of_this_holds_where_torch_is_kept_from_instructions(capability: str, most_lanes: int) -> None:
    """In a process of its own: which inner loops there are is decided once, as which of torch's."""
    run_tests(Path(__file__), "-k", "not is_kept_from", ATEN_CPU_CAPABILITY=capability)
    script = "from idn._native import extension; print(extension.graph.convolution_lanes())"
    lanes = int(run("-c", script, ATEN_CPU_CAPABILITY=capability))
    assert lanes == min(most_lanes, native.convolution_lanes())
