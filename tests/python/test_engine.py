"""The engine answers what the plain reference does, whatever the criterion, batch, threads or compaction."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import idn
from exact_network import inputs, network
from idn import exits, inference, profiling
from idn.errors import PolicyError, ProfileError
from idn.exits import policy_file


def expect_the_same(found: idn.engine.Answers, expected: inference.Prediction, graph: idn.Graph) -> None:
    """Labels and exits exactly; confidences but for the last bits, where sums of exponentials round."""
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.exits.tolist() == expected.exits.tolist()
    torch.testing.assert_close(found.confidences, expected.confidences, rtol=1e-12, atol=0)
    until = np.cumsum([segment.operations for segment in graph.segments])
    assert found.operations.tolist() == until[expected.exits.numpy()].tolist()


def rules(draw: st.DrawFn, count: int) -> Any:
    """A criterion with its options, that takes `count` thresholds."""
    name = draw(st.sampled_from(["confidence", "entropy", "nats", "margin", "patience", "vote", "learned"]))
    warm = st.floats(0.25, 4)
    temperature = draw(st.one_of(warm, st.lists(warm, min_size=count, max_size=count)))
    if name == "confidence":
        return exits.Confidence([None] * count, temperature)
    if name in ("entropy", "nats"):
        return exits.Entropy([None] * count, temperature, normalized=name == "entropy")
    if name == "margin":
        return exits.Margin([None] * count, temperature)
    if name in ("patience", "vote"):
        return exits.make(name, [None] * count)
    numbers = st.lists(st.floats(-2, 2), min_size=5, max_size=5)
    rows = [[draw(numbers), draw(numbers), draw(st.floats(-2, 2))] for _ in range(count)]
    deviations = [[1.0, 0.5, 2.0, 4.0, 0.25]] * count
    means, weights, intercepts = ([row[i] for row in rows] for i in range(3))
    return exits.Learned([None] * count, exits.LearnedParameters(means, deviations, weights, intercepts))


@st.composite
def cases(draw: st.DrawFn) -> Any:
    """A network, a batch and a policy whose thresholds are anywhere: never, an edge, or right at a score."""
    count, classes = draw(st.integers(1, 4)), draw(st.integers(2, 5))
    model, graph = network(count, classes, draw(st.integers(0, 2**16)))
    x = inputs(draw(st.integers(0, 40)), draw(st.integers(0, 2**16)))
    policy = rules(draw, count - 1)
    thresholds: list[float | None] = []
    outputs = list(model(x))
    for k in range(count - 1):
        low = 1.0 if policy.name == "vote" else 0.0
        scores = [float(s) for s in policy.scores([z.detach() for z in outputs[: k + 1]])] if len(x) else []
        whole = policy.name in ("patience", "vote")
        anywhere = st.integers(int(low), 4).map(float) if whole else st.floats(0, 1)
        choices = [st.none(), st.just(low), anywhere]
        # Learned features pass through log and exp; at a score itself the two could part by a rounding.
        if scores and policy.name != "learned":
            choices.append(st.sampled_from(scores))
        thresholds.append(draw(st.one_of(choices)))
    return model, graph, x, policy.with_thresholds(thresholds)


@settings(max_examples=150, deadline=None)
@given(cases(), st.sampled_from(["auto", "always", "never"]), st.integers(1, 3))
def test_an_engine_answers_what_the_reference_does(case: Any, compaction: Any, threads: int) -> None:
    model, graph, x, policy = case
    engine = idn.Engine(graph, policy, threads=threads, compaction=compaction)
    expect_the_same(engine(x), inference.infer(model, x, policy), graph)


DIGEST = "5" * 64


def engine_of_three(provenance: dict[str, str] | None = None, **options: Any) -> tuple[Any, idn.Engine]:
    model, graph = network(3, 4, seed=1, provenance=provenance)
    return model, idn.Engine(graph, exits.Confidence([0.5, 0.5]), **options)


def a_policy_file(count: int = 3, classes: int = 4, digest: str = DIGEST) -> exits.PolicyFile:
    random = np.random.default_rng(0)
    logits = random.normal(size=(50, count, classes)).astype(np.float32)
    return exits.PolicyFile.of(
        exits.Entropy([0.5] * (count - 1)),
        logits,
        random.integers(0, classes, 50),
        [1.0] * count,
        asked=policy_file.MaxDrop(points=1),
        weights_sha256=digest,
    )


def test_a_package_by_its_path_is_answered_like_the_graph(tmp_path: Path) -> None:
    model, graph = network(3, 4, seed=2)
    graph.save(tmp_path / "model.safetensors")
    policy, x = exits.Entropy([0.6, 0.4]), inputs(30, 1)
    found = idn.Engine(str(tmp_path / "model.safetensors"), policy)(x)
    expect_the_same(found, inference.infer(model, x, policy), graph)
    assert len(found) == 30
    assert found.class_names == [f"class {label}" for label in found.labels.tolist()]


def test_the_answers_are_in_the_order_of_the_batch() -> None:
    _, engine = engine_of_three(compaction="always")
    x = inputs(40, 3)
    assert set(engine(x).exits.tolist()) == {0, 1, 2}
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    assert engine(x[order]).exits.tolist() == engine(x).exits[order].tolist()
    assert engine(x[order]).labels.tolist() == engine(x).labels[order].tolist()


def test_many_python_threads_ask_at_once() -> None:
    _, engine = engine_of_three(threads=2)
    x = inputs(64, 4)
    expected = engine(x).exits.tolist()
    found: list[list[int]] = []

    def ask() -> None:
        for _ in range(20):
            found.append(engine(x).exits.tolist())

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 120


def test_other_threads_of_python_run_meanwhile() -> None:
    """A counter of pure Python goes on while one long request is answered: the interpreter is not held."""
    _, engine = engine_of_three()
    x = inputs(200_000, 4)
    counted, done = 0, threading.Event()
    thread = threading.Thread(target=lambda: (engine(x), done.set()))
    thread.start()
    while not done.is_set():
        counted += 1
    thread.join()
    assert counted > 100


def test_a_profile_of_the_package_weighs_and_changes_no_answer(tmp_path: Path) -> None:
    model, graph = network(3, 4, seed=1)
    policy, x = exits.Confidence([0.5, 0.5]), inputs(40, 3)
    measured = profiling.profile(graph, (1, 40), repeats=2)
    measured.save(tmp_path / "model.profile.json")
    for profile in (measured, tmp_path / "model.profile.json"):
        expect_the_same(
            idn.Engine(graph, policy, profile=profile)(x), inference.infer(model, x, policy), graph
        )


def test_a_profile_of_another_package_is_refused() -> None:
    _, graph = network(3, 4, seed=1)
    _, other = network(3, 4, seed=2)
    with pytest.raises(ProfileError, match="this profile is of the package"):
        idn.Engine(graph, exits.Confidence([0.5, 0.5]), profile=profiling.profile(other, (1,), repeats=2))


def test_a_policy_file_of_the_network_is_taken(tmp_path: Path) -> None:
    _, graph = network(3, 4, seed=1, provenance={"weights_sha256": DIGEST})
    policy = a_policy_file()
    policy.save(tmp_path / "policy.json")
    for one in (policy, tmp_path / "policy.json", str(tmp_path / "policy.json")):
        assert repr(idn.Engine(graph, one).policy) == repr(policy.policy())


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (a_policy_file(digest="6" * 64), "its weights_sha256 is 666"),
        (a_policy_file(count=2), "it is for 2 exits, the network has 3"),
        (a_policy_file(classes=5), "it is for 5 classes, the network has 4"),
    ],
    ids=["weights", "exits", "classes"],
)
def test_a_policy_file_of_another_network_is_refused(policy: exits.PolicyFile, said: str) -> None:
    _, graph = network(3, 4, seed=1, provenance={"weights_sha256": DIGEST})
    with pytest.raises(PolicyError, match=said):
        idn.Engine(graph, policy)


def test_a_package_of_unknown_weights_takes_no_policy_file_but_its_policy() -> None:
    _, graph = network(3, 4, seed=1)
    with pytest.raises(PolicyError, match="does not say which weights"):
        idn.Engine(graph, a_policy_file())
    idn.Engine(graph, a_policy_file().policy())


def test_what_does_not_fit_is_refused_when_the_engine_is_made() -> None:
    model, graph = network(3, 4, seed=1)
    policy = exits.Confidence([0.5, 0.5])
    with pytest.raises(ValueError, match=r"has 1 threshold, the package 2 early exits;"):
        idn.Engine(graph, exits.Confidence([0.5]))
    with pytest.raises(ValueError, match="threads is 0, expected 1"):
        idn.Engine(graph, policy, threads=0)
    with pytest.raises(ValueError, match="compaction is 'sometimes', expected one of auto, always, never"):
        idn.Engine(graph, policy, compaction="sometimes")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"policy is Branchy.* \(Branchy\), expected one"):
        idn.Engine(graph, model)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a Branchy was given, expected the path of a package"):
        idn.Engine(model, policy)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"profile is a Branchy, expected what `idn profile` wrote"):
        idn.Engine(graph, policy, profile=model)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"policy is \[0.5\] \(list\), expected one of"):
        idn.Engine(graph, [0.5])  # type: ignore[arg-type]


def test_a_policy_of_ones_own_is_refused_since_cpp_does_not_know_it() -> None:
    class Mine(exits.Confidence):
        def scores(self, outputs: Any) -> torch.Tensor:
            return 1 - super().scores(outputs)

    _, graph = network(3, 4, seed=1)
    with pytest.raises(ValueError, match=r"Mine, which C\+\+ does not know.*idn\.inference\.infer"):
        idn.Engine(graph, Mine([0.5, 0.5]))


@pytest.mark.parametrize("threads", [1, 3])
def test_inputs_that_the_package_does_not_take_are_refused(threads: int) -> None:
    _, engine = engine_of_three(threads=threads)
    x = inputs(8, 1)
    with pytest.raises(ValueError, match="'x' has the shape"):
        engine(x[:, :3])
    with pytest.raises(ValueError, match="input 'x' is of Double"):
        engine(x.double())
    with pytest.raises(ValueError, match="input 'x' holds NaN"):
        engine(x.index_fill(0, torch.tensor([5]), float("nan")))
    with pytest.raises(ValueError, match="takes 1 input"):
        engine(x, x)


@pytest.mark.parametrize("threads", [1, 3])
def test_logits_that_are_no_numbers_name_the_exit_and_the_sample(threads: int) -> None:
    """Inputs so large that the second block's sums pass float32 for one sample."""
    _, engine = engine_of_three(threads=threads)
    x = inputs(30, 1)
    x[17] = torch.sign(x[17]) * 3e38
    with pytest.raises(ValueError, match="^exit 'exit1': logits are NaN or infinite at sample 17;"):
        engine(x)


def test_a_line_for_each_sample_says_where_it_left() -> None:
    _, engine = engine_of_three()
    answers = engine(inputs(5, 1))
    lines = [json.loads(line) for line in answers.as_lines().splitlines()]
    assert [line["exit"] for line in lines] == answers.exits.tolist()
    assert [line["confidence"] for line in lines] == answers.confidences.tolist()
    assert [line["label"] for line in lines] == answers.labels.tolist()
