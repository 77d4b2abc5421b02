"""The executor: every operator against PyTorch's function of it, threads, what a caller may get wrong."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import idn.errors
from graph_of_tensors import B, as_exit, flattened, one_operator
from idn._idn import graph as native
from operator_case import NO_PASSES, TOLERANCE
from operator_cases import ALL, CASES, EACH_WITH_ITS_TYPES, FLOATS, Case


@pytest.mark.parametrize(("case", "dtype"), EACH_WITH_ITS_TYPES)
def test_an_operator_gives_what_torch_gives_for_every_batch(case: Case, dtype: torch.dtype) -> None:
    package = one_operator(case.operator, case.tensors(2, dtype), case.attributes, constants=case.constants)
    tolerance = TOLERANCE.get(dtype, 0)
    classes = as_exit(case.reference(*case.tensors(1, dtype)), 1).shape[1]
    for passes in ({}, NO_PASSES):
        executor = native.Executor(package, **passes)
        for batch in (3, 1, 0):
            tensors = case.tensors(batch, dtype)
            (logits,) = executor.run(case.inputs(tensors))
            assert logits.dtype == torch.float32
            if batch == 0:
                assert logits.shape == (0, classes)
                continue
            expected = as_exit(case.reference(*tensors), batch)
            torch.testing.assert_close(logits, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def test_every_operator_of_the_table_has_a_case() -> None:
    assert {operator["name"] for operator in native.operators()} == {case.operator for case in CASES}


def _cast(values: list[float], dtype: torch.dtype, to: str) -> list[float]:
    x = torch.tensor([values], dtype=dtype)
    builder = native.GraphBuilder()
    value = builder.add_input("x", {torch.float32: "F32", torch.float16: "F16"}[dtype], [B, len(values)])
    # Made inside: an input may not be NaN.
    (zero,) = builder.add_node("subtract", [value, value], {})
    (value,) = builder.add_node("divide", [value, builder_one(builder, value, zero)], {})
    (value,) = builder.add_node("cast", [value], {"dtype": to})
    builder.add_exit("exit", flattened(builder, value))
    return native.Executor(builder.finish()).run([x])[0][0].tolist()


def builder_one(builder: native.GraphBuilder, value: int, zero: int) -> int:
    """1 where a value is not 0, else 0: a quotient by it is NaN for 0, and the value for others."""
    (differs,) = builder.add_node("not_equal", [value, zero], {})
    dtype, _ = builder.type(value)
    return builder.add_node("cast", [differs], {"dtype": dtype})[0]


@pytest.mark.parametrize(
    ("to", "least", "most"), [("I64", -(2**63), 2**63), ("I32", -(2**31), 2**31), ("U8", 0, 255)]
)
def test_a_cast_to_integers_saturates_and_makes_nan_zero(to: str, least: float, most: float) -> None:
    values = [-1.75, 1.75, 1e30, -1e30, 0.0, 3e9]
    expected = [max(-1.0, least), 1.0, most, least, 0.0, min(3e9, most)]
    assert _cast(values, torch.float32, to) == [torch.tensor(v, dtype=torch.float32).item() for v in expected]
    # 60000 is a number in half precision, and above what a byte holds.
    assert _cast([60000.0, -1.5], torch.float16, to) == [min(60000, most), max(-1, least)]


def test_integers_wrap() -> None:
    builder = native.GraphBuilder()
    x = builder.add_input("x", "I32", [B, 3])
    (total,) = builder.add_node("add", [x, x], {})
    (product,) = builder.add_node("multiply", [total, x], {})
    builder.add_exit("exit", flattened(builder, product))
    given = torch.tensor([[2**31 - 1, -(2**31), 3]], dtype=torch.int32)
    (logits,) = native.Executor(builder.finish()).run([given])
    assert logits.tolist() == [[2.0, 0.0, 18.0]]


@pytest.mark.parametrize("operator", ["embedding", "gather"])
@pytest.mark.parametrize("index", [-1, 4, 2**40])
def test_an_index_out_of_range_is_an_error_that_names_the_node(operator: str, index: int) -> None:
    table = torch.randn(4, 2)
    indices = torch.tensor([0, index, 3])
    inputs = [indices, table] if operator == "embedding" else [table, indices]
    attributes = {} if operator == "embedding" else {"axis": 0}
    constant = 1 if operator == "embedding" else 0
    package = one_operator(operator, inputs, attributes, constants=[constant])
    with pytest.raises(
        idn.errors.ExecutionError, match=rf"node 0 \({operator}\): an index is {index}, expected 0 to 3"
    ):
        native.Executor(package).run([indices])
    assert native.Executor(package).run([torch.tensor([3])])[0].tolist() == [table[3].tolist()]


def test_a_request_that_failed_does_not_go_on() -> None:
    builder = native.GraphBuilder()
    x = builder.add_input("x", "F32", [B, 2])
    indices = builder.add_input("indices", "I64", [B])
    table = builder.add_constant("table", torch.randn(4, 2))
    (read_once,) = builder.add_node("relu", [x])
    (row,) = builder.add_node("embedding", [indices, table])
    builder.add_exit("exit", builder.add_node("add", [read_once, row])[0])
    execution = native.Executor(builder.finish()).start([torch.zeros(1, 2), torch.tensor([9])])
    with pytest.raises(idn.errors.ExecutionError, match="an index is 9"):
        execution.next()
    for again in (execution.next, lambda: execution.keep([])):
        with pytest.raises(RuntimeError, match="an earlier segment failed; start the request anew"):
            again()


def test_an_index_out_of_range_among_constants_is_told_when_it_is_run() -> None:
    builder = native.GraphBuilder()
    x = builder.add_input("x", "F32", [B, 2])
    indices = builder.add_constant("indices", torch.tensor([5]))
    table = builder.add_constant("table", torch.randn(4, 2))
    (row,) = builder.add_node("embedding", [indices, table], {})
    builder.add_exit("exit", builder.add_node("add", [x, row], {})[0])
    executor = native.Executor(builder.finish())
    with pytest.raises(idn.errors.ExecutionError, match="an index is 5"):
        executor.run([torch.zeros(1, 2)])


def _small_network(value_range: tuple[float, float] | None = None) -> native.Package:
    generator = torch.Generator().manual_seed(0)
    builder = native.GraphBuilder()
    x = builder.add_input("image", "F32", [B, 3, 8, 8], value_range)
    weight = builder.add_constant("weight", torch.randn(4, 3, 3, 3, generator=generator))
    (y,) = builder.add_node(
        "convolution", [x, weight], {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}
    )
    (y,) = builder.add_node("relu", [y], {})
    (y,) = builder.add_node("reduce_mean", [y], {"axes": [2, 3]})
    builder.add_exit("exit", y)
    return builder.finish()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "the graph takes 1 input, 'image', not 0"),
        (
            [torch.zeros(1, 3, 8, 8, dtype=torch.float64)],
            r"'image' is of Double, expected F32 \(B, 3, 8, 8\); to\(\.\.\.\) converts it",
        ),
        ([torch.zeros(1, 3, 8, 8, dtype=torch.uint8)], r"'image' is of Byte, expected F32 \(B, 3, 8, 8\)\.$"),
        (
            [torch.zeros(3, 8, 8)],
            r"'image' has 3 dimensions, \(3, 8, 8\), expected 4 of F32 \(B, 3, 8, 8\); "
            r"unsqueeze\(0\) makes a batch of it\.$",
        ),
        ([torch.zeros(3, 8, 9)], r"has 3 dimensions, \(3, 8, 9\), expected 4 of F32 \(B, 3, 8, 8\)\.$"),
        ([torch.zeros(8, 8)], r"has 2 dimensions, \(8, 8\), expected 4 of F32 \(B, 3, 8, 8\)\.$"),
        ([torch.zeros(1, 3, 8, 9)], r"'image' has the shape \(1, 3, 8, 9\), expected F32 \(B, 3, 8, 8\)"),
        ([torch.full((1, 3, 8, 8), torch.nan)], "'image' holds NaN"),
        ([torch.full((1, 3, 8, 8), 2.0)], "'image' holds 2, expected values from 0 to 1"),
        ([torch.zeros(1, 3, 8, 8, device="meta")], "'image' is on meta, expected cpu"),
        ([torch.zeros(1, 3, 8, 8).to_sparse()], "'image' is no plain dense tensor"),
    ],
)
def test_inputs_that_are_not_the_graphs_are_refused(inputs: list[torch.Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        native.Executor(_small_network((0.0, 1.0))).run(inputs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            np.zeros((64, 3, 8, 8), np.float32),
            "input 'image' is a numpy.ndarray, expected a torch.Tensor, F32 (B, 3, 8, 8). "
            "torch.from_numpy(x) makes one of it.",
        ),
        (None, "input 'image' is None, expected a torch.Tensor, F32 (B, 3, 8, 8)."),
        (
            [[0.0] * 64] * 3,
            "input 'image' is a list, expected a torch.Tensor, F32 (B, 3, 8, 8). "
            "torch.tensor(x) makes one of numbers; several inputs are given one after the other.",
        ),
        ("image", "input 'image' is a str, expected a torch.Tensor, F32 (B, 3, 8, 8)."),
    ],
)
def test_what_is_no_tensor_is_one_line_that_says_what_is_expected(given: Any, message: str) -> None:
    graph = idn.Graph(_small_network())
    engine = idn.Engine(graph, idn.exits.Confidence([]))
    for ask in (graph.run, engine, lambda x: graph.executor.start([x])):
        with pytest.raises(TypeError) as caught:
            ask(given)
        assert str(caught.value) == message
    with pytest.raises(TypeError, match=r"inputs is a torch.Tensor, expected a list of torch.Tensor\."):
        graph.executor.run(torch.zeros(1, 3, 8, 8))  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [1, 2])
def test_a_bool_that_is_neither_0_nor_1_is_refused(step: int) -> None:
    """A view of bytes as bools can hold any byte; a vectorised loop and a strided one have to see it."""
    bools = torch.ones(40, 3, dtype=torch.bool)
    executor = native.Executor(one_operator("cast", [bools], {"dtype": "F32"}))
    wrong = np.ones((40, step, 3), np.uint8)
    wrong[39, 0, 2] = 7
    with pytest.raises(ValueError, match="'x0' holds a bool that is the byte 7, expected 0 or 1; the comp"):
        executor.run([torch.from_numpy(wrong.view(np.bool_))[:, 0]])
    wrong[39, 0, 2] = 0
    (found,) = executor.run([torch.from_numpy(wrong.view(np.bool_))[:, 0]])
    assert found.tolist() == wrong[:, 0].tolist()
    assert executor.run([bools[:0]])[0].shape == (0, 3)


def test_a_nan_is_refused_without_a_range_too_and_infinity_is_not() -> None:
    executor = native.Executor(_small_network())
    x = torch.zeros(2, 3, 8, 8)
    x[1, 2, 7, 7] = torch.nan
    with pytest.raises(ValueError, match="holds NaN"):
        executor.run([x])
    with pytest.raises(ValueError, match="holds NaN"):
        executor.run([x[:, :, 1:, 1:].new_full((2, 3, 8, 16), torch.nan)[..., ::2]])
    executor.run([torch.full((1, 3, 8, 8), torch.inf)])


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match=r"device is meta, expected cpu; torch sees no meta device here\."):
        native.Executor(_small_network(), device=torch.device("meta"))


def test_strides_of_inputs_do_not_matter() -> None:
    executor = native.Executor(_small_network())
    x = torch.randn(2, 3, 8, 8)
    (expected,) = executor.run([x])
    for strided in (
        x.to(memory_format=torch.channels_last),
        x.transpose(2, 3).contiguous().transpose(2, 3),
        torch.stack([x, x], -1)[..., 0],
    ):
        torch.testing.assert_close(executor.run([strided])[0], expected)
    one = x[:1].expand(2, -1, -1, -1)
    torch.testing.assert_close(executor.run([one])[0], expected[:1].expand(2, -1))


def test_settings_of_the_caller_have_no_say_and_stay() -> None:
    executor = native.Executor(_small_network())
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    (expected,) = executor.run([x])
    assert not expected.requires_grad
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(executor.run([x])[0], expected)
        with torch.inference_mode():
            assert torch.equal(executor.run([x])[0], expected)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert torch.is_grad_enabled()


def test_many_threads_get_the_same_bits() -> None:
    executor = native.Executor(_small_network())
    inputs = [torch.randn(batch, 3, 8, 8) for batch in (1, 2, 3, 4)]
    alone = [executor.run([x])[0] for x in inputs]
    wrong: list[int] = []

    def ask(index: int) -> None:
        for _ in range(50):
            if not torch.equal(executor.run([inputs[index]])[0], alone[index]):
                wrong.append(index)

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_request_runs_exit_by_exit_on_the_rows_that_are_kept() -> None:
    builder = native.GraphBuilder()
    x = builder.add_input("x", "F32", [B, 4])
    weight = builder.add_constant("weight", torch.randn(4, 4))
    (first,) = builder.add_node("linear", [x, weight], {})
    (second,) = builder.add_node("tanh", [first], {})
    builder.add_exit("early", first)
    builder.add_exit("late", second)
    executor = native.Executor(builder.finish())
    given = torch.randn(5, 4)
    first_logits, second_logits = executor.run([given])
    execution = executor.start([given])
    assert torch.equal(execution.next(), first_logits)
    assert execution.can_keep
    execution.keep([0, 3])
    assert (execution.done, execution.rows) == (1, 2)
    assert torch.equal(execution.next(), second_logits[[0, 3]])
    with pytest.raises(RuntimeError, match="all 2 exits are done"):
        execution.next()
    with pytest.raises(ValueError, match="ascending order"):
        executor.start([given]).keep([1, 1])


def test_what_is_not_read_any_more_is_freed() -> None:
    builder = native.GraphBuilder()
    x = builder.add_input("x", "F32", [B, 2])
    value = builder.add_node("tile", [x], {"times": [1, 1 << 12]})[0]
    for _ in range(64):
        (value,) = builder.add_node("tanh", [value], {})
    (value,) = builder.add_node("slice", [value], {"axis": 1, "start": 0, "stop": 2})
    builder.add_exit("exit", value)
    executor = native.Executor(builder.finish())
    x = torch.randn(64, 2)
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True, acc_events=True
    ) as profile:
        (logits,) = executor.run([x])
    held = peak = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    # 64 rows of 8192 numbers are 2 MiB: two of them live at once, not 64.
    assert 0 < peak <= 5 << 20
    assert logits.untyped_storage().nbytes() == 64 * 2 * 4


def test_casting_and_padding_keep_to_the_type() -> None:
    for dtype in ALL:
        package = one_operator("pad", [torch.ones(2, 1).to(dtype)], {"amounts": [0, 0, 1, 1], "value": 1e300})
        (logits,) = native.Executor(package).run([torch.ones(1, 1).to(dtype)])
        most = torch.inf if dtype in FLOATS else 1 if dtype == torch.bool else torch.iinfo(dtype).max
        assert logits.tolist() == [[torch.tensor(float(most)).item(), 1.0, torch.tensor(float(most)).item()]]


def test_a_convolution_of_nothing_but_padding_is_its_bias() -> None:
    weight, bias = torch.randn(2, 1, 3, 3), torch.randn(2)
    package = one_operator(
        "convolution",
        [torch.randn(2, 1, 0, 4), weight, bias],
        {"stride": [1, 1], "padding": [2, 1], "dilation": [1, 1]},
        constants=[1, 2],
    )
    (logits,) = native.Executor(package).run([torch.randn(3, 1, 0, 4)])
    expected = F.conv2d(torch.zeros(3, 1, 2, 4), weight, bias, padding=1).reshape(3, -1)
    assert torch.equal(logits, expected)
