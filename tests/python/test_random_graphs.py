"""Whatever a builder takes runs: random graphs over all operators, at batches of 0, 1 and 3."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import pytest
import torch

import idn.errors
from idn._idn import graph as core
from random_graphs import OPERATORS, Drawer, Plan, finished, tensor

BATCHES = (0, 1, 3)
# What a graph may meet only when it is run: an index that comes with the values, a machine that is too small.
AT_RUN_TIME = re.compile(r"an index is -?\d+, expected 0 to \d+|not enough memory")
# Where a number that is hardly another one gives quite another one.
DISCONTINUOUS = {
    "argmax",
    "argmin",
    "sign",
    "round",
    "floor",
    "ceil",
    "cast",
    "gather",
    "embedding",
    "select",
} | {name for name in OPERATORS if "equal" in name or name.startswith(("greater", "less", "logical"))}


def inputs_at(source: random.Random, package: core.Package, batch: int) -> list[torch.Tensor]:
    return [
        tensor(source, one["dtype"], [each * batch + fixed for each, fixed in one["shape"]], odd=False)
        for one in package.inputs
    ]


def run(executor: core.Executor, inputs: Sequence[torch.Tensor]) -> torch.Tensor | None:
    """The one exit's logits; nothing where a documented error came."""
    try:
        (logits,) = executor.run(inputs)
    except idn.errors.ExecutionError as failed:
        message = str(failed)
    else:
        return logits
    assert AT_RUN_TIME.search(message), message
    return None


def check_runs(package: core.Package, source: random.Random) -> None:
    plain = core.Executor(
        package, fold_constants=False, fold_batch_norms=False, fuse_convolutions=False, prepack=False
    )
    passed = core.Executor(package)
    grows = any(each > 0 for one in package.inputs for each, _ in one["shape"])
    for batch in BATCHES if grows else (1,):  # without an input that grows a request is one of one sample
        inputs = inputs_at(source, package, batch)
        without, with_passes = run(plain, inputs), run(passed, inputs)
        assert (without is None) == (with_passes is None)
        if without is None or with_passes is None:
            continue
        for logits in (without, with_passes):
            assert logits.dtype == torch.float32
            assert logits.shape == (batch, 2)
        names = {node["operator"] for node in package.nodes}
        floats = {package.type(value)[0] for value in range(package.values)} <= {"F32"}
        if names & DISCONTINUOUS or not floats:
            continue
        finite = without.isfinite() & with_passes.isfinite()
        # The last sum may cancel, so the error is one of what is summed: some thousand terms near 1.
        torch.testing.assert_close(without[finite], with_passes[finite], rtol=1e-3, atol=1e-2)


def is_small(package: core.Package) -> bool:
    return package.operations(3) < 10**8 and package.peak_bytes(3) < 1 << 26


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_call_of_an_operator_that_is_taken_runs(operator: str) -> None:
    drawer = Drawer(seed=sum(operator.encode()))
    taken = 0
    for _ in range(400):
        floats = Plan([("F32", drawer.shape(grows=True))])
        plan = drawer.call(operator, floats if drawer.source.random() < 0.5 else Plan())  # or of any type
        if plan is None:
            continue
        package = finished(plan)
        if is_small(package):
            check_runs(package, drawer.source)
            taken += 1
        if taken == 30:
            break
    assert taken >= 5


@pytest.mark.parametrize("seed", range(40))
def test_every_graph_that_is_taken_runs(seed: int) -> None:
    drawer = Drawer(seed)
    plan = Plan([("F32", drawer.shape(grows=True)), ("F32", drawer.shape(grows=True))])
    for _ in range(16):
        longer = drawer.call(drawer.source.choice(list(OPERATORS)), plan)
        if longer is not None and is_small(finished(longer)):
            plan = longer
    if plan.nodes:
        check_runs(finished(plan), drawer.source)


@pytest.mark.parametrize("wrong", ["mean", "variance", "weight", "bias"])
@pytest.mark.parametrize("length", [1, 2, 4, 1000])
def test_batch_norm_statistics_of_a_wrong_length_are_refused(wrong: str, length: int) -> None:
    builder = core.GraphBuilder()
    values: list[int | None] = [builder.add_input("x", "F32", [(1, 0), 3, 2])]
    for name in ("mean", "variance", "weight", "bias"):
        values.append(builder.add_constant(f"{len(values)}", torch.ones(length if name == wrong else 3)))
    with pytest.raises(ValueError, match=rf"\({wrong}\) has the shape \({length}\), expected \(3\)"):
        builder.add_node("batch_normalization", values, {"epsilon": 1e-5})
