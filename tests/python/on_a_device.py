"""A graph on an accelerator gives what it gives on the CPU; `test_devices.py` runs this in a new process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

import architectures
import idn
import idn.errors
from exact_network import inputs, network
from far_device import accelerator
from graph_of_tensors import as_exit, flattened, one_operator
from idn import exits, profiling
from idn._idn import graph as native
from operator_case import NO_PASSES, TOLERANCE, Case
from operator_cases import EACH_WITH_ITS_TYPES

# Else a GPU would round the inputs of convolutions to 10 bits, and nothing would be within the tolerances.
torch.backends.cudnn.allow_tf32 = False
torch.backends.cuda.matmul.allow_tf32 = False

DEVICE = accelerator()
POLICIES = [
    exits.Confidence([0.5, 0.6]),
    exits.Entropy([0.6, 0.4], normalized=True),
    exits.Entropy([0.6, None], [0.5, 2], normalized=False),
    exits.Margin([0.2, 0.2]),
    exits.make("patience", [1, 1]),
    exits.make("vote", [2, 2]),
    exits.Learned(
        [0.5, 0.5],
        exits.LearnedParameters(
            [[0.1] * 5] * 2, [[1.0] * 5] * 2, [[1.0, -1.0, 0.5, 0.25, 1.0]] * 2, [0.1, -0.1]
        ),
    ),
]


@pytest.mark.parametrize(("case", "dtype"), EACH_WITH_ITS_TYPES)
def test_an_operator_gives_what_torch_gives(case: Case, dtype: torch.dtype) -> None:
    package = one_operator(case.operator, case.tensors(2, dtype), case.attributes, constants=case.constants)
    tolerance = TOLERANCE.get(dtype, 0)
    for passes in ({}, NO_PASSES):
        executor = native.Executor(package, device=DEVICE, **passes)
        assert executor.device == DEVICE
        for batch in (3, 0):
            tensors = case.tensors(batch, dtype)
            (logits,) = executor.run([one.to(DEVICE) for one in case.inputs(tensors)])
            assert logits.device == DEVICE
            if batch:
                expected = as_exit(case.reference(*tensors), batch)
                torch.testing.assert_close(
                    logits.cpu(), expected, rtol=tolerance, atol=tolerance, equal_nan=True
                )


@pytest.mark.parametrize("compaction", ["auto", "always", "never"])
@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_an_engine_answers_as_on_the_cpu(policy: exits.Policy, compaction: idn.engine.Compaction) -> None:
    _, graph = network(3, 4, seed=1)
    x = inputs(40, 3)
    there = idn.Engine(graph, policy, compaction=compaction, device=DEVICE)
    found, expected = there(x.to(DEVICE)), idn.Engine(graph, policy, compaction=compaction)(x)
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.exits.tolist() == expected.exits.tolist()
    assert found.operations.tolist() == expected.operations.tolist()
    torch.testing.assert_close(found.confidences, expected.confidences, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", architectures.ARCHITECTURES)
def test_an_architecture_gives_what_torch_gives(name: str, tmp_path: Path) -> None:
    module, example = architectures.build(name)
    package = idn.load(idn.export(module, example, tmp_path / "model.safetensors")).package
    answers = module(*example)
    expected = [answers] if isinstance(answers, torch.Tensor) else answers
    for passes in ({}, NO_PASSES):
        found = native.Executor(package, device=DEVICE, **passes).run([one.to(DEVICE) for one in example])
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one.cpu(), other, rtol=1e-4, atol=1e-4)


def test_threads_that_ask_at_once_get_the_same_bits() -> None:
    _, graph = network(3, 4, seed=1)
    engine = idn.Engine(graph, exits.Entropy([0.6, 0.4]), device=DEVICE)
    x = inputs(40, 3).to(DEVICE)
    expected, found = engine(x), []

    def ask() -> None:
        found.extend(engine(x) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    for one in found:
        assert torch.equal(one.labels, expected.labels)
        assert torch.equal(one.exits, expected.exits)
        assert torch.equal(one.confidences, expected.confidences)


def test_a_profile_is_measured_there_and_used_there() -> None:
    _, graph = network(3, 4, seed=1)
    there = idn.Graph(graph.package, device=DEVICE)
    profile = profiling.profile(there, [1, 8], repeats=2)
    assert str(DEVICE) in profile.machine.device
    x = inputs(40, 3)
    answers = idn.Engine(there, exits.Entropy([0.6, 0.4]), profile=profile)(x.to(DEVICE))
    assert answers.labels.tolist() == idn.Engine(graph, exits.Entropy([0.6, 0.4]))(x).labels.tolist()
    with pytest.raises(idn.errors.ProfileError, match=str(DEVICE)):
        idn.Engine(graph, exits.Entropy([0.6, 0.4]), profile=profile)


def test_a_device_without_its_index_is_the_current_one() -> None:
    _, graph = network(2, 4, seed=1)
    there = idn.Graph(graph.package, device=DEVICE.type)
    assert there.device == DEVICE
    profile = profiling.profile(there, [1], repeats=2)
    assert idn.Engine(there, exits.Confidence([0.5]), profile=profile, device=DEVICE.type).graph is there


@pytest.mark.parametrize(("batch", "length"), [(3, 5), (1, 1)])
@pytest.mark.parametrize(("width", "start"), [(9, 0), (9, 1), (12, 1), (12, 4)])
@pytest.mark.parametrize("dtype", ["F32", "F16"])
def test_attention_takes_views_wherever_they_begin(
    dtype: str, width: int, start: int, batch: int, length: int
) -> None:
    """Kernels of CUDA read many bytes at once, which only some addresses and strides allow."""
    builder = native.GraphBuilder()
    x = builder.add_input("x", dtype, [(1, 0), length, width])
    (part,) = builder.add_node("slice", [x], {"axis": 2, "start": start, "stop": start + 8, "step": 1})
    (scores,) = builder.add_node("attention", [part, part, part], {"scale": 0.3})
    builder.add_exit("scores", flattened(builder, scores))
    package = builder.finish()
    tokens = torch.randn(batch, length, width, generator=torch.Generator().manual_seed(0))
    tokens = tokens.to(torch.float16 if dtype == "F16" else torch.float32)
    (expected,) = native.Executor(package).run([tokens])
    (found,) = native.Executor(package, device=DEVICE).run([tokens.to(DEVICE)])
    tolerance = TOLERANCE[tokens.dtype]
    torch.testing.assert_close(found.cpu(), expected, rtol=tolerance, atol=tolerance)


def test_sums_of_short_floats_are_not_short_on_the_way() -> None:
    """On CUDA alone they would be."""
    builder = native.GraphBuilder()
    x = builder.add_input("x", "BF16", [(1, 0), 1000])
    (sums,) = builder.add_node("cumulative_sum", [x], {"axis": 1})
    builder.add_exit("sums", flattened(builder, sums))
    ones = torch.ones(2, 1000, dtype=torch.bfloat16).to(DEVICE)
    (found,) = native.Executor(builder.finish(), device=DEVICE).run([ones])
    assert found[:, -1].tolist() == [1000, 1000]


def test_what_lies_elsewhere_is_refused() -> None:
    _, graph = network(2, 4, seed=1)
    there = idn.Graph(graph.package, device=DEVICE)
    with pytest.raises(ValueError, match=f"is on cpu, expected {DEVICE}"):
        there.run(inputs(2, 0))
    with pytest.raises(ValueError, match=f"is on {DEVICE}, expected cpu"):
        graph.run(inputs(2, 0).to(DEVICE))
    with pytest.raises(ValueError, match=f"device is {DEVICE.type}:100, expected cpu or {DEVICE}"):
        native.Executor(graph.package, device=torch.device(DEVICE.type, 100))
    assert native.Executor(graph.package, device=torch.device(DEVICE.type)).device == DEVICE
    with pytest.raises(ValueError, match=f"threads is 2 on {DEVICE}"):
        idn.Engine(there, exits.Confidence([0.5]), threads=2)


def test_wrong_values_are_refused_there_too() -> None:
    _, graph = network(2, 4, seed=1)
    there = idn.Graph(graph.package, device=DEVICE)
    with pytest.raises(ValueError, match="'x' holds NaN"):
        there.run(torch.full_like(inputs(2, 0), torch.nan).to(DEVICE))
    embedding = one_operator("embedding", [torch.tensor([[1], [2]]), torch.zeros(4, 3)], {}, constants=[1])
    with pytest.raises(idn.errors.ExecutionError, match="an index is 5"):
        native.Executor(embedding, device=DEVICE).run([torch.tensor([[5]]).to(DEVICE)])


def test_the_device_refuses_what_lies_on_the_cpu() -> None:
    """Else a constant that was left there would go unnoticed."""
    with pytest.raises(RuntimeError, match=r"device|CPU"):
        torch.ones(2).to(DEVICE) + torch.ones(2)
    with pytest.raises(RuntimeError, match=r"device|CPU|type"):
        torch.conv2d(torch.ones(1, 1, 3, 3).to(DEVICE), torch.ones(1, 1, 2, 2))
