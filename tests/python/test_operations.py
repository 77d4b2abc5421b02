"""The count of operations: C++ against a second in Python, and against torch's where they mean the same."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from idn._native import extension
from operation_count import RULES, node_operations
from operator_calls import CALLS, B, Call, build

BATCHES = (0, 1, 3, 128)


def test_the_calls_and_the_second_count_know_every_operator() -> None:
    names = {operator["name"] for operator in extension.graph.operators()}
    assert {call.operator for call in CALLS} == names
    assert set(RULES) == names


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_both_counts_agree_on_every_operator(call: Call) -> None:
    package = build(call)
    for batch in BATCHES:
        counts = package.node_operations(batch)
        assert counts == node_operations(package, batch)
        assert package.operations(batch) == sum(counts)
    assert len(package.nodes) >= 3


def test_the_calls_are_no_empty_ones() -> None:
    """An agreement on zero says little: what only moves elements counts nothing, all others something."""
    still = {call.operator for call in CALLS if build(call).node_operations(1)[0] == 0}
    assert still == {
        "cast", "concatenate", "embedding", "expand", "flip", "gather", "interpolate", "pad", "permute",
        "pixel_shuffle", "reshape", "slice", "tile",
    }  # fmt: skip
    assert [build(call).node_operations(1)[0] > 0 for call in CALLS if call.operator == "interpolate"] == [
        False,
        True,
        True,
    ]


@st.composite
def convolutions(draw: st.DrawFn) -> Call:
    axes, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    few = st.integers(1, 3)
    kernel, stride, dilation = ([draw(few) for _ in range(axes)] for _ in range(3))
    padding = [draw(st.integers(0, 2)) for _ in range(axes)]
    size = [draw(st.integers(7, 9)) for _ in range(axes)]
    within, out = draw(few), draw(few) * groups
    inputs = [("F32", (B, within * groups, *size)), ("F32", (out, within, *kernel))]
    if draw(st.booleans()):
        inputs.append(("F32", (out,)))
    attributes = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return Call("convolution", tuple(inputs), attributes)


@given(convolutions(), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_both_counts_agree_on_any_convolution(call: Call, batch: int) -> None:
    package = build(call)
    assert package.node_operations(batch) == node_operations(package, batch)


@given(convolutions(), st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_multiply_adds_of_convolutions_are_those_that_torch_counts(call: Call, batch: int) -> None:
    weight = call.inputs[1]
    assert call.inputs[0] is not None
    assert weight is not None
    package = build(Call(call.operator, call.inputs[:2], call.attributes))
    image = torch.zeros(batch, *call.inputs[0][1][1:])  # type: ignore[arg-type]
    counter = FlopCounterMode(display=False)
    apply = getattr(torch.nn.functional, f"conv{image.ndim - 2}d")
    with counter, torch.no_grad():
        apply(image, torch.zeros(weight[1]), **call.attributes)  # type: ignore[arg-type]
    assert package.node_operations(batch)[0] == counter.get_total_flops()


def test_multiply_adds_of_matrices_are_those_that_torch_counts() -> None:
    counter = FlopCounterMode(display=False)
    package = build(Call("matrix_multiply", (("F32", (B, 5, 8)), ("F32", (B, 8, 3)))))
    with counter:
        torch.bmm(torch.zeros(4, 5, 8), torch.zeros(4, 8, 3))
    assert package.node_operations(4)[0] == counter.get_total_flops() == 2 * math.prod((4, 5, 8, 3))


def test_a_count_beyond_all_limits_stops_instead_of_turning_negative() -> None:
    builder = extension.graph.GraphBuilder()
    value = builder.add_input("rows", "F32", [B, 2**30])
    for _ in range(2):
        (value,) = builder.add_node("exp", [value])
    builder.add_exit("final", value)
    package = builder.finish()
    exact = [2**61, 2**61]  # each still exact, and where counting stops
    assert node_operations(package, 2**31) == exact
    assert package.node_operations(2**31) == exact
    assert package.operations(2**31) == 2**61
