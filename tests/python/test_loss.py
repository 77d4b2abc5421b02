from __future__ import annotations

import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

import idn


def reference(
    logits: list[torch.Tensor],
    targets: list[torch.Tensor],
    weights: list[float],
    ignore_index: int = -1,
    divide_by_classes: bool = False,
) -> torch.Tensor:
    """Section 3.2, exit by exit and sample by sample."""
    total = torch.zeros((), dtype=torch.float64)
    for z, y, weight in zip(logits, targets, weights, strict=True):
        kept = [i for i in range(len(y)) if y[i] != ignore_index]
        if not kept:
            continue
        terms = [-torch.log_softmax(z[i].double(), 0)[y[i]] for i in kept]
        mean = torch.stack(terms).mean()
        total = total + weight * (mean / z.shape[1] if divide_by_classes else mean)
    return total


def outputs(
    exits: int, batch: int, classes: int, dtype: torch.dtype = torch.float64, seed: int = 0
) -> tuple[list[torch.Tensor], torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = [
        (torch.randn(batch, classes, generator=generator, dtype=torch.float64) * 4).to(dtype).requires_grad_()
        for _ in range(exits)
    ]
    return logits, torch.randint(0, classes, (batch,), generator=generator)


@settings(max_examples=60, deadline=None)
@given(
    exits=st.integers(1, 5),
    batch=st.integers(1, 40),
    classes=st.integers(1, 12),
    seed=st.integers(0, 1000),
    divide=st.booleans(),
    one_each=st.booleans(),
)
def test_it_is_the_weighted_sum_of_the_exits_cross_entropies(
    exits: int, batch: int, classes: int, seed: int, divide: bool, one_each: bool
) -> None:
    logits, target = outputs(exits, batch, classes, seed=seed)
    weights = [0.25 * (n + 1) for n in range(exits)]
    targets = [target.roll(n) for n in range(exits)] if one_each else [target] * exits
    targets = [torch.where(torch.arange(batch) % 3 == 1, -1, y) for y in targets]
    loss = idn.joint_loss(logits, targets if one_each else targets[0], weights, divide_by_classes=divide)
    expected = reference(logits, targets, weights, divide_by_classes=divide)
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=1e-12)  # float64, another order of summing


def test_equal_weights_are_one_over_the_number_of_exits() -> None:
    logits, target = outputs(4, 8, 3)
    expected = sum(cross_entropy(z, target) for z in logits) / 4
    torch.testing.assert_close(idn.joint_loss(logits, target), expected)


def test_its_gradient_passes_gradcheck_in_float64() -> None:
    logits, target = outputs(3, 5, 4)
    target[1] = -1
    targets = [target, target.flip(0), torch.full_like(target, -1)]

    def loss(*z: torch.Tensor) -> torch.Tensor:
        return idn.joint_loss(list(z), targets, [0.2, 1.0, 3.0], divide_by_classes=True) * 2.5

    assert torch.autograd.gradcheck(loss, logits)


def test_its_gradient_agrees_with_autograd_through_cross_entropy() -> None:
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-14)):  # a few units in the last place
        logits, target = outputs(3, 64, 10, dtype)
        idn.joint_loss(logits, target, [1.0, 0.5, 2.0]).backward()
        ours = [z.grad for z in logits]
        for z in logits:
            z.grad = None
        sum(w * cross_entropy(z, target) for w, z in zip([1.0, 0.5, 2.0], logits, strict=True)).backward()
        for mine, z in zip(ours, logits, strict=True):
            torch.testing.assert_close(mine, z.grad, rtol=tolerance, atol=tolerance)


def test_an_exit_whose_targets_are_all_ignored_contributes_nothing() -> None:
    logits, target = outputs(2, 6, 3)
    absent = torch.full_like(target, -1)
    loss = idn.joint_loss(logits, [absent, target], [1.0, 1.0])
    torch.testing.assert_close(loss, cross_entropy(logits[1], target))
    loss.backward()
    assert torch.equal(logits[0].grad, torch.zeros_like(logits[0]))
    nothing = idn.joint_loss(logits, absent)
    assert nothing.item() == 0.0


def test_another_ignored_label_can_be_chosen() -> None:
    logits, target = outputs(1, 6, 5)
    target[:3] = 4
    expected = cross_entropy(logits[0], target, ignore_index=4)
    torch.testing.assert_close(idn.joint_loss(logits, target, ignore_index=4), expected)


def test_exits_may_have_different_numbers_of_classes() -> None:
    a = torch.randn(4, 3, requires_grad=True)
    b = torch.randn(4, 7, requires_grad=True)
    targets = [torch.tensor([0, 1, 2, 0]), torch.tensor([6, 5, 4, 3])]
    loss = idn.joint_loss([a, b], targets)
    expected = (cross_entropy(a, targets[0]) + cross_entropy(b, targets[1])) / 2
    torch.testing.assert_close(loss, expected)


def test_half_precision_logits_give_a_single_precision_loss() -> None:
    for dtype in (torch.bfloat16, torch.float16):
        logits, target = outputs(2, 16, 10, dtype)
        loss = idn.joint_loss(logits, target)
        assert loss.dtype == torch.float32
        expected = sum(cross_entropy(z.float(), target) for z in logits) / 2
        torch.testing.assert_close(loss, expected, rtol=1e-6, atol=1e-6)
        loss.backward()
        assert logits[0].grad is not None
        assert logits[0].grad.dtype == dtype


def test_strided_logits_and_targets_are_read_as_they_are() -> None:
    base = torch.randn(10, 6, requires_grad=True)
    target = torch.arange(12) % 10
    loss = idn.joint_loss([base.t()], target[::2])
    torch.testing.assert_close(loss, cross_entropy(base.t(), target[::2]))
    (gradient,) = torch.autograd.grad(loss, base)
    (expected,) = torch.autograd.grad(cross_entropy(base.t(), target[::2]), base)
    torch.testing.assert_close(gradient, expected)


def test_large_logits_do_not_overflow() -> None:
    logits = torch.tensor([[1e4, 0.0, -1e4], [3e38, -3e38, 0.0]], requires_grad=True)
    loss = idn.joint_loss([logits], torch.tensor([0, 0]))
    assert loss.item() == 0.0
    loss.backward()
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_an_offset_common_to_a_row_loses_no_digits() -> None:
    logits, target = outputs(1, 64, 10, torch.float32)
    # At 2^20 neighbouring numbers are 1/8 apart, so multiples of 1/8 are exact with and without the offset.
    z = (logits[0].detach() * 8).round() / 8
    plain, shifted = z.clone().requires_grad_(), (z + 2.0**20).requires_grad_()
    loss, moved = idn.joint_loss([plain], target), idn.joint_loss([shifted], target)
    assert torch.equal(loss, moved)
    loss.backward()
    moved.backward()
    assert torch.equal(plain.grad, shifted.grad)


def test_a_second_derivative_is_refused_rather_than_taken_for_zero() -> None:
    logits, target = outputs(2, 4, 3)
    (gradient, _) = torch.autograd.grad(idn.joint_loss(logits, target), logits, create_graph=True)
    with pytest.raises(NotImplementedError, match="differentiable once only"):
        gradient.square().sum().backward()


def test_nan_logits_give_nan_and_not_a_wrong_number() -> None:
    logits = torch.tensor([[0.0, math.nan, 1.0]])
    assert idn.joint_loss([logits], torch.tensor([0])).isnan()


def test_an_empty_batch_costs_nothing() -> None:
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = idn.joint_loss([logits], torch.zeros(0, dtype=torch.int64))
    assert loss.item() == 0.0
    loss.backward()
    assert logits.grad.shape == (0, 3)


def test_the_operator_passes_the_checks_of_torch_library() -> None:
    logits, target = outputs(2, 4, 3, torch.float32)
    torch.library.opcheck(torch.ops.idn.joint_loss.default, (logits, [target], [0.5, 0.5], -1, False))


class Loss(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(6, 3)
        self.second = torch.nn.Linear(6, 3)

    def forward(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return idn.joint_loss([self.first(x), self.second(x)], target, [1.0, 0.25])


def test_it_can_be_traced_whole_by_compile_forward_and_backward() -> None:
    torch.manual_seed(0)
    module = Loss()
    x, target = torch.randn(8, 6), torch.randint(0, 3, (8,))
    eager = module(x, target)
    eager.backward()
    expected = [p.grad.clone() for p in module.parameters()]
    module.zero_grad()
    # "aot_eager" traces forward and backward as inductor does, without needing a compiler at test time.
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    loss = compiled(x, target)
    loss.backward()
    torch.testing.assert_close(loss, eager)
    for parameter, gradient in zip(module.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_it_is_one_operator_in_an_exported_program_with_a_dynamic_batch() -> None:
    module = Loss()
    x, target = torch.randn(8, 6), torch.randint(0, 3, (8,))
    batch = torch.export.Dim("batch", min=2, max=1024)
    program = torch.export.export(module, (x, target), dynamic_shapes=({0: batch}, {0: batch}))
    called = [node.target for node in program.graph.nodes if node.op == "call_function"]
    assert torch.ops.idn.joint_loss.default in called
    x, target = torch.randn(31, 6), torch.randint(0, 3, (31,))
    torch.testing.assert_close(program.module()(x, target), module(x, target))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], torch.tensor([0])), "logits is empty"),
        (([torch.zeros(2, 3)], torch.tensor([0, 1]), [1.0, 2.0]), "2 weights for 1 exits"),
        (([torch.zeros(2, 3)], torch.tensor([0, 1]), [-1.0]), "weight of exit 1 is -1"),
        (([torch.zeros(2, 3)], torch.tensor([0, 1]), [math.nan]), "weight of exit 1 is nan"),
        (([torch.zeros(2, 3)], torch.tensor([0, 1]), "equals"), "'equals', expected 'equal'"),
        (([torch.zeros(2, 3, 1)], torch.tensor([0, 1])), r"exit 1 have shape \[2, 3, 1\]"),
        (([torch.zeros(2, 3), torch.zeros(3, 3)], torch.tensor([0, 1])), "exit 2"),
        (([torch.zeros(2, 3)], torch.tensor([0])), r"target has shape \[1\]"),
        (([torch.zeros(2, 3)], torch.tensor([0.0, 1.0])), "expected int64"),
        (([torch.zeros(2, 3, dtype=torch.int64)], torch.tensor([0, 1])), "floating-point"),
        (
            ([torch.zeros(2, 3)], torch.tensor([0, 3])),
            r"target\[1\] of exit 1 is 3, expected a class in \[0, 3\)",
        ),
        (([torch.zeros(2, 3)], torch.tensor([0, -2])), "is -2"),
        (([torch.zeros(2, 3)], [torch.tensor([0, 1])] * 2), "2 targets for 1 exits"),
    ],
)
def test_what_does_not_fit_is_named(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        idn.joint_loss(*arguments)


def test_exponential_weights_give_the_printed_numbers() -> None:
    assert idn.exponential_weights(3, 0.9) == pytest.approx([0.01, 0.09, 0.90])
    assert idn.exponential_weights(3, 0.1) == pytest.approx([0.81, 0.09, 0.10])
    assert idn.exponential_weights(1, 0.3) == [1.0]


@given(exits=st.integers(1, 12), alpha=st.floats(0, 1))
def test_exponential_weights_follow_their_recurrence_and_sum_to_one(exits: int, alpha: float) -> None:
    weights = idn.exponential_weights(exits, alpha)
    recurrence = [1.0]
    for _ in range(exits - 1):
        recurrence = [(1 - alpha) * weight for weight in recurrence] + [alpha]
    assert weights == pytest.approx(recurrence, abs=1e-15)
    assert sum(weights) == pytest.approx(1.0)


@pytest.mark.parametrize(("exits", "alpha"), [(0, 0.5), (-1, 0.5), (2, -0.1), (2, 1.1), (2, math.nan)])
def test_exponential_weights_out_of_range_are_refused(exits: int, alpha: float) -> None:
    with pytest.raises(ValueError, match=r"expected (at least 1|a number in \[0, 1\])"):
        idn.exponential_weights(exits, alpha)


def test_errors_survive_pickling_as_worker_processes_send_them() -> None:
    error = pickle.loads(pickle.dumps(idn.errors.StoreError("what and where")))
    assert isinstance(error, idn.errors.Error)
    assert str(error) == "what and where"
