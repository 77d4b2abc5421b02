"""Runs end with their network as a package, which the engine runs with the same answers."""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import synthetic_run
from idn import Branchy, Engine, data, exits, experiment, inference, load, report, store, zoo
from idn.cli import app
from idn.errors import RunError
from idn.exits.policy_file import PolicyFile
from idn.experiment import on_engine, steps

CONFIG = "branchynet_2016/lenet_smoke"
QUICK = [
    "training.stages=[{train: joint, epochs: 2, optimizer: {name: adam, lr: 3e-3}}]",
    "training.threads=1",
    "measure.samples=6",
    "measure.repeats=2",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    done = experiment.run(experiment.load(CONFIG, QUICK), out, lambda _: None)
    assert done is not None
    return done.run_dir


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, where `idn run --out tmp_path` finds it."""
    return Path(shutil.copytree(finished, tmp_path / finished.parent.name / finished.name))


def test_the_package_of_a_run_answers_as_its_traces_and_takes_its_policy(finished: Path) -> None:
    run, trace = report.load(finished), store.read_trace(finished / "traces.h5", "test")
    splits = data.load("digits")
    images = data.Normalizer.fit(splits.train.images)(torch.from_numpy(splits.test.images[trace.index]))
    graph = load(finished / on_engine.PACKAGE)
    assert graph.exits == tuple(one.name for one in run.summary.exits)
    assert graph.classes == tuple(splits.test.classes)
    # Sums of hundreds of float32 terms in another order.
    np.testing.assert_allclose(np.stack(graph.run(images), axis=1), trace.logits, rtol=1e-4, atol=1e-4)
    answers = Engine(finished / on_engine.PACKAGE, finished / "policy.json")(images)
    expected = inference.from_traces(trace.logits, PolicyFile.load(finished / "policy.json").policy())
    assert torch.equal(answers.labels, expected.labels)
    assert torch.equal(answers.exits, expected.exits)


def test_the_summary_says_what_the_engine_answered(finished: Path) -> None:
    summary = json.loads((finished / "summary.json").read_text(encoding="utf-8"))
    found = summary["engine"]
    graph = load(finished / on_engine.PACKAGE)
    assert found["same_labels"] == found["same_exits"] == 100
    assert found["accuracy"] == summary["test"]["accuracy"]
    assert found["accuracy_interval"] == summary["test"]["accuracy_interval"]
    assert found["exit_rates"] == summary["test"]["exit_rates"]
    up_to = np.cumsum([segment.operations for segment in graph.segments])
    assert found["operations"] == pytest.approx(float(up_to @ np.array(found["exit_rates"])) / 100)
    # Twice the multiply-accumulates and a little more: biases, activations, pooling.
    assert 2 * summary["trunk_macs"] < found["trunk_operations"] < 2.2 * summary["trunk_macs"]
    assert found["operation_gain"] == found["trunk_operations"] / found["operations"]
    assert (found["time"]["samples"], found["time"]["repeats"], found["time"]["threads"]) == (6, 2, 1)
    assert found["time"]["trunk_ms"] > 0


def test_what_is_not_finished_is_not_trained_for_the_engine(tmp_path: Path) -> None:
    for force in (False, True):
        with pytest.raises(RunError, match="on_engine trains nothing; leave it out"):
            experiment.run(CONFIG, tmp_path, lambda _: None, on_engine=True, force=force)
    assert list(tmp_path.rglob("*.*")) == []
    result = CliRunner().invoke(app, ["run", CONFIG, "--on-engine", "--out", str(tmp_path)])
    assert isinstance(result.exception, RunError)
    assert "no finished run" in str(result.exception)


def test_other_answers_are_counted() -> None:
    card, test = zoo.card("b_lenet_digits"), data.load("digits").test
    images = card.normalizer(torch.from_numpy(test.images))
    graph = zoo.graph("b_lenet_digits")
    trunk = on_engine.trunk_of(zoo.load("b_lenet_digits"), card.input_shape)
    logits = np.stack([one.numpy() for one in graph.run(images)], axis=1)
    logits[:30] = -logits[:30]  # ten percent of the 300 samples answered otherwise
    trace = store.Trace(logits, test.labels, np.arange(len(test)))
    found = on_engine.evaluate(Engine(graph, card.policy), trunk, images.split(64), trace)
    assert found["samples"] == 300
    assert found["same_labels"] == 90
    assert found["accuracy"] == pytest.approx(card.test.accuracy)
    assert found["exit_rates"] == pytest.approx(card.test.exit_rates)


def test_times_are_of_both_engines_in_turns() -> None:
    card, graph = zoo.card("b_lenet_digits"), zoo.graph("b_lenet_digits")
    trunk = on_engine.trunk_of(zoo.load("b_lenet_digits"), card.input_shape)
    engine = Engine(graph, exits.Entropy([None]))
    images = torch.zeros(4, *card.input_shape)
    ticks = itertools.accumulate(itertools.cycle([1.0, 2.0]))  # each call takes two seconds by this clock
    found = on_engine.measure(engine, trunk, images, 3, clock=lambda: next(ticks))
    assert found["trunk_ms"] == found["branchy_ms"] == 2000
    assert found["gain"] == 1
    with pytest.raises(ValueError, match="needs samples and repeats"):
        on_engine.measure(engine, trunk, images[:0], 3)


class Sorted(nn.Module):
    """What a package has no operator for."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sort(x.flatten(1)).values[:, :10]


def test_a_network_that_cannot_be_exported_is_noted_with_the_reason(finished: Path, tmp_path: Path) -> None:
    run = report.load(finished)
    config = experiment.load(finished / "config.yaml").run
    model = Branchy(Sorted(), {}, example_input=torch.zeros(1, 1, 8, 8))
    trained = dataclasses.replace(steps.restore(config, finished), model=model.eval())
    (tmp_path / on_engine.PACKAGE).write_bytes(b"of an earlier run")
    found = on_engine.of_run(trained, config, exits.Confidence([]), run.trace("test"), tmp_path)
    assert set(found) == {"reason"}
    assert "sort" in found["reason"]
    assert not (tmp_path / on_engine.PACKAGE).exists()
    changed = report.load(synthetic_run.write(tmp_path / "run", engine=found))
    assert "was not exported" in report.render(changed)


def test_a_finished_run_is_evaluated_again_without_training(copy: Path, tmp_path: Path) -> None:
    before = json.loads((copy / "summary.json").read_text(encoding="utf-8"))
    package = (copy / on_engine.PACKAGE).read_bytes()
    (copy / on_engine.PACKAGE).unlink()
    (copy / "summary.json").write_text(json.dumps({**before, "engine": None}), encoding="utf-8")
    (copy / "checkpoint.pt").unlink()
    old = report.load(copy)  # as runs were before packages
    assert old.summary.engine is None
    ran = CliRunner().invoke(app, ["run", CONFIG, *QUICK, "--out", str(tmp_path), "--on-engine", "--json"])
    assert ran.exit_code == 0, ran.output
    after = json.loads((copy / "summary.json").read_text(encoding="utf-8"))
    measured_in = after["engine"].pop("environment")
    trained_in = json.loads((copy / "environment.json").read_text(encoding="utf-8"))
    assert {name: trained_in[name] for name in measured_in} == measured_in
    for summary in (before, after):
        del summary["engine"]["time"]
    assert after == before
    assert (copy / on_engine.PACKAGE).read_bytes() == package
    assert "On the engine" in (copy / "report.html").read_text(encoding="utf-8")


def test_without_its_weights_a_finished_run_stays_as_it_is(copy: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    del before["model.pt"]
    (copy / "model.pt").write_bytes(b"")
    with pytest.raises(RunError, match=r"model\.pt cannot be read"):
        experiment.run(experiment.load(CONFIG, QUICK), tmp_path, lambda _: None, on_engine=True)
    for name, content in before.items():
        assert (copy / name).read_bytes() == content


def test_other_weights_are_not_passed_off_as_the_run_s(copy: Path, tmp_path: Path) -> None:
    weights = torch.load(copy / "model.pt", weights_only=True)
    name = sorted(weights)[0]
    torch.save({**weights, name: weights[name] + 1}, copy / "model.pt")
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(RunError, match="holds other weights than the run had"):
        experiment.run(experiment.load(CONFIG, QUICK), tmp_path, lambda _: None, on_engine=True)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_the_page_and_the_terminal_say_what_the_engine_did(finished: Path) -> None:
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert "<h2>On the engine</h2>" in page
    assert "100.00 % of the samples have the label" in page
    caption = str(report.summary_table(finished).caption)
    assert "On the engine: " in caption
    assert "100.00 % of the labels as in PyTorch" in caption
