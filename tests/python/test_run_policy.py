"""Policies of a finished run, from Python and from the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from idn import cli, exits, experiment, inference, report, store
from idn.errors import PolicyError, RunError
from idn.exits import policy_file
from idn.exits.policy_file import PolicyFile
from idn.experiment import run_policy, summary
from idn.experiment.comparison import wilson

STAGES = "training.stages=[{train: trunk, epochs: 2, optimizer: {lr: 3e-3}}, {train: joint, epochs: 1}]"
QUICK = [STAGES, "training.threads=1", "measure.samples=5", "measure.repeats=2"]
CONFIG = "branchynet_2016/lenet_smoke"


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run that fits one temperature per exit."""
    settings = [*QUICK, "criterion.calibrate=true", "thresholds.max_accuracy_drop=1.5"]
    result = experiment.run(
        experiment.load(CONFIG, settings), tmp_path_factory.mktemp("runs"), lambda _: None
    )
    assert result is not None
    return result.run_dir


@pytest.fixture
def run(run_dir: Path) -> report.RunData:
    return report.load(run_dir)


def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: Sequence[object]
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["idn", "policy", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        cli.main()
    done = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return end.value.code, done.out, done.err


def test_a_run_that_calibrates_keeps_the_temperatures_it_fitted(run: report.RunData) -> None:
    trace = run.trace("validation")
    temperatures = exits.calibrate(trace.logits, trace.labels).temperatures
    assert run.summary.criterion == {"name": "entropy", "temperature": temperatures, "normalized": False}
    policy = exits.policy_of(run.summary.criterion, run.summary.thresholds)
    answers = inference.from_traces(run.trace("test").logits, policy)
    right = answers.labels.numpy() == run.trace("test").labels
    assert 100 * float(right.mean()) == pytest.approx(run.summary.test.accuracy)


def test_the_policy_of_a_run_is_the_one_it_chose(run: report.RunData) -> None:
    chosen = run_policy.of_run(run)
    assert chosen.thresholds == run.summary.thresholds
    assert chosen.policy().rule == run.summary.criterion
    assert chosen.asked == policy_file.MaxDrop(points=1.5)
    assert chosen.validation.accuracy == pytest.approx(run.summary.validation.accuracy)
    assert chosen.validation.exit_rates == pytest.approx(run.summary.validation.exit_rates)
    assert chosen.validation.mean_cost == pytest.approx(run.summary.validation.mean_macs)
    assert chosen.weights_sha256 == run_policy.weights_of(run)
    assert run_policy.make(run) == chosen


def test_the_weights_are_known_by_the_summary_or_by_the_file(run_dir: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    found = json.loads((copy / "summary.json").read_text())
    from_file = run_policy.weights_of(report.load(copy))
    (copy / "summary.json").write_text(json.dumps({**found, "weights_sha256": "ab" * 32}))
    assert run_policy.weights_of(report.load(copy)) == "ab" * 32 != from_file
    found.pop("weights_sha256", None)
    (copy / "summary.json").write_text(json.dumps(found))
    assert run_policy.weights_of(report.load(copy)) == from_file
    (copy / "model.pt").write_bytes(b"not a model")
    with pytest.raises(RunError, match=r"no weights_sha256 in summary\.json, and .*model\.pt cannot be read"):
        run_policy.weights_of(report.load(copy))


@pytest.mark.parametrize("name", exits.names())
def test_every_criterion_can_be_chosen_afterwards(name: str, run: report.RunData) -> None:
    made = run_policy.make(run, criterion=name)
    assert made.criterion.name == name
    assert made.validation.accuracy >= made.validation.full_accuracy - 1.5 - 1e-9
    assert run_policy.apply(made, run).samples == len(run.trace("test").labels)


def test_a_promise_is_fitted_and_proposed_on_one_half_alone(run: report.RunData) -> None:
    asked = policy_file.Risk(epsilon=0.1, delta=0.1, bound="clopper_pearson", seed=0)
    made = run_policy.make(run, asked)
    trace = run.trace("validation")
    half = np.random.default_rng(0).permutation(len(trace.labels))[: len(trace.labels) // 2]
    rule = made.policy().rule
    assert rule["temperature"] == exits.calibrate(trace.logits[half], trace.labels[half]).temperatures
    assert rule["normalized"] is False


def test_making_keeps_what_was_asked_for(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "policy.json"

    def made(*words: object) -> dict[str, Any]:
        code, text, _ = call(
            capsys, monkeypatch, ["make", run_dir, "--out", out, "--force", "--json", *words]
        )
        assert code == 0
        assert json.loads(text) == json.loads(out.read_text())
        found: dict[str, Any] = json.loads(text)
        return found

    assert made()["asked"] == {"for": "max_drop", "points": 1.5}
    strict = made("--max-drop", 0)
    assert strict["validation"]["accuracy"] >= strict["validation"]["full_accuracy"]
    budget = made("--budget-macs", 150_000)
    assert budget["validation"]["mean_cost"] <= 150_000
    assert budget["asked"] == {"for": "budget", "at_most": 150_000.0}
    timed = made("--budget-ms", 1e6)
    assert timed["cost_unit"] == "ms"
    assert timed["costs"] == json.loads((run_dir / "summary.json").read_text())["time"]["exit_ms"]
    light = made("--budget-bytes", 1e6)
    exits = json.loads((run_dir / "summary.json").read_text())["exits"]
    assert light["cost_unit"] == "bytes"
    assert light["costs"] == [4 * one["parameters"] for one in exits]
    accurate = made("--min-accuracy", 50, "--criterion", "learned")
    assert accurate["validation"]["accuracy"] >= 50
    assert accurate["criterion"]["name"] == "learned"
    assert made("--criterion", "margin")["criterion"]["temperature"] == 1.0
    assert len(made("--criterion", "margin", "--calibrate")["criterion"]["temperature"]) == 2
    assert made("--no-calibrate")["criterion"]["temperature"] == 1.0
    risk = made("--epsilon", 0.2, "--delta", 0.1, "--bound", "hoeffding_bentkus")["asked"]
    assert risk == {"for": "risk", "epsilon": 0.2, "delta": 0.1, "bound": "hoeffding_bentkus", "seed": 0}


def test_a_budget_of_time_warns_where_the_times_are_unsteady(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    found = json.loads((copy / "summary.json").read_text())
    for spread, warned in (([0.5, 2.0], True), ([1.0, 1.0], False)):
        found["time"] |= {"gain": 1.0, "spread": found["time"]["spread"] | {"gain": spread}}
        (copy / "summary.json").write_text(json.dumps(found))
        for option in ("--budget-ms", "--budget-macs"):
            words = ["make", copy, "--out", tmp_path / "policy.json", "--force", option, 1e9]
            code, _, said = call(capsys, monkeypatch, words)
            assert code == 0
            assert ("the machine was busy" in said) == (warned and option == "--budget-ms")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--budget-macs", 1],
            "no thresholds meet a budget of 1 MACs per sample; the cheapest cost 24650 MACs",
        ),
        (["--budget-bytes", 1], "no thresholds meet a budget of 1 bytes per sample; the cheapest cost"),
        (["--budget-ms", 1e-6], "no thresholds meet a budget of 1e-06 ms per sample; the cheapest cost"),
        (["--min-accuracy", 0.98], "--min-accuracy is in percent, so 0.98 is 0.98 %: write 98"),
        (["--min-accuracy", 1], "so 1 is 1 %: write 100"),
        (["--min-accuracy", 101], "no thresholds reach an accuracy of 101 %; the best reach"),
        (["--epsilon", 1e-4], "can show no less than"),
        (["--epsilon", 2], "--epsilon is 2.0: Input should be less than 1; 2 % is 0.02"),
        (["--epsilon", 0.1, "--bound", "luck"], "--bound is luck"),
        (["--max-drop", -1], "--max-drop is -1.0"),
        (["--budget-ms", "nan"], "--budget-ms is nan"),
        (["--delta", 0.1], "belong to --epsilon"),
        (["--max-drop", 1, "--budget-ms", 2], "--max-drop and --budget-ms exclude each other"),
        (["--criterion", "guess"], "'guess' is unknown"),
        (["--criterion", "vote", "--calibrate"], "but vote has none"),
    ],
)
def test_what_cannot_be_had_is_refused_with_what_can(
    words: list[object],
    message: str,
    run_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code, _, error = call(capsys, monkeypatch, ["make", run_dir, "--out", tmp_path / "policy.json", *words])
    assert code == cli.exit_codes.USAGE
    assert message in error
    assert not (tmp_path / "policy.json").exists()


def test_show_and_apply_say_what_the_policy_is_and_does(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, out = report.load(run_dir), tmp_path / "policy.json"
    run_policy.of_run(run).save(out)
    _, text, _ = call(capsys, monkeypatch, ["show", out])
    for part in (
        "entropy",
        "the cheapest that lose at most 1.5 points against the last exit",
        "2 exits, 10 classes",
        f"{run.summary.thresholds[0]:.6g}",
    ):
        assert part in text
    code, text, _ = call(capsys, monkeypatch, ["show", out, "--json"])
    assert (code, json.loads(text)) == (0, json.loads(out.read_text()))

    code, text, _ = call(capsys, monkeypatch, ["apply", out, run_dir, "--json"])
    found = json.loads(text)
    test = run.summary.test
    assert (code, found["split"], found["samples"]) == (0, "test", len(run.trace("test").labels))
    assert found["accuracy"] == pytest.approx(test.accuracy)
    correct = round(test.accuracy * found["samples"] / 100)
    assert found["accuracy_interval"] == pytest.approx(list(wilson(correct, found["samples"])))
    assert found["exit_rates"] == pytest.approx(test.exit_rates)
    assert found["mean_macs"] == pytest.approx(test.mean_macs)
    _, text, _ = call(capsys, monkeypatch, ["apply", out, run_dir, "--split", "validation"])
    assert f"{run.summary.validation.accuracy:.2f} %" in text
    code, _, error = call(capsys, monkeypatch, ["apply", out, run_dir, "--split", "train"])
    assert (code, "expected test or validation" in error) == (cli.exit_codes.USAGE, True)


def test_what_was_asked_is_said_in_words_with_its_unit(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "policy.json"
    for words, said in (
        (["--budget-macs", 150_000], "the most accurate within 150,000 MACs a sample"),
        (["--budget-ms", 1000], "the most accurate within 1,000 ms a sample"),
        (["--budget-bytes", 95_336], "the most accurate within 95,336 bytes a sample"),
        (["--min-accuracy", 50], "the cheapest with an accuracy of at least 50 %"),
        (
            ["--epsilon", 0.2],
            "the cheapest shown to lose at most 20 points against the last exit (epsilon 0.2)",
        ),
    ):
        code, text, _ = call(capsys, monkeypatch, ["make", run_dir, "--out", out, "--force", *words])
        assert code == 0
        assert said in text
        assert said in call(capsys, monkeypatch, ["show", out])[1]


def test_a_promise_shows_on_which_samples_it_was_tested_and_what_was_lost_there(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "policy.json"
    run_policy.make(
        report.load(run_dir), policy_file.Risk(epsilon=0.2, delta=0.1, bound="clopper_pearson", seed=0)
    ).save(out)
    kept = PolicyFile.load(out).risk
    assert kept is not None
    samples = len(report.load(run_dir).trace("validation").labels)
    assert kept.samples == samples - samples // 2
    _, text, _ = call(capsys, monkeypatch, ["show", out])
    assert f"on the half of the validation data that tests, {kept.samples} samples" in text
    assert f"measured loss {100 * kept.measured_loss:.2f} points" in text


def test_thresholds_that_save_nothing_say_so_and_what_would(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a copy of the run whose first exit is always wrong."""
    out, copy = tmp_path / "policy.json", Path(shutil.copytree(run_dir, tmp_path / "copy"))
    with store.TraceWriter(copy / "traces.h5") as writer:
        for split in ("validation", "test"):
            trace = store.read_trace(run_dir / "traces.h5", split)
            wrong = np.eye(10, dtype=np.float32)[(trace.labels + 1) % 10]
            sure = np.abs(trace.logits[:, 0]).max(axis=1, keepdims=True)
            logits = np.stack([wrong * sure, trace.logits[:, 1]], axis=1)
            writer.append(split, logits=logits, labels=trace.labels, index=trace.index)
    run_dir = copy
    _, text, _ = call(capsys, monkeypatch, ["make", run_dir, "--out", out, "--epsilon", 0.02])
    assert PolicyFile.load(out).thresholds == [None]
    assert "nothing: every sample takes the last exit" in text
    named = float(text.split("the smallest epsilon with a saving is ")[1].split()[0])
    made = ["make", run_dir, "--out", out, "--force", "--json", "--epsilon"]
    _, text, error = call(capsys, monkeypatch, [*made, 0.02])
    assert json.loads(text)["risk"]["saving_epsilon"] <= named
    assert "the smallest epsilon with a saving is" in error
    _, text, error = call(capsys, monkeypatch, [*made, named])
    assert json.loads(text)["risk"]["mean_cost"] < json.loads(text)["costs"][-1]
    assert "saves" not in error


def test_a_policy_that_is_there_is_replaced_by_force_alone(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "policy.json"
    out.write_text("mine")
    code, _, error = call(capsys, monkeypatch, ["make", run_dir, "--out", out])
    assert (code, out.read_text()) == (cli.exit_codes.USAGE, "mine")
    assert "policy.json is there already; --force replaces it" in error
    assert call(capsys, monkeypatch, ["make", run_dir, "--out", out, "--force"])[0] == 0
    PolicyFile.load(out)


@pytest.mark.parametrize("unit", ["ms", "bytes"])
def test_applying_tells_the_cost_in_the_unit_of_the_policy(
    unit: run_policy.Unit,
    run_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, out = report.load(run_dir), tmp_path / "policy.json"
    costs = run_policy.costs_of(run, unit)
    made = run_policy.make(run, policy_file.Budget(at_most=sum(costs) / 2), unit=unit)
    made.save(out)
    _, text, _ = call(capsys, monkeypatch, ["apply", out, run_dir, "--json"])
    found = json.loads(text)
    assert found["cost_unit"] == unit
    assert found["mean_cost"] == pytest.approx(np.dot(found["exit_rates"], costs) / 100)
    _, text, _ = call(capsys, monkeypatch, ["apply", out, run_dir, "--split", "validation"])
    (line,) = [line for line in text.splitlines() if line.startswith("cost")]
    assert f" {unit} a sample (last exit" in line
    assert line.endswith(" MACs")
    (line,) = [line for line in text.splitlines() if line.startswith("leave at")]
    assert "exit 1 (conv1)" in line


def test_traces_of_another_model_are_refused(
    run_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = run_policy.of_run(report.load(run_dir))
    PolicyFile.model_validate({**kept.model_dump(by_alias=True), "weights_sha256": "ab" * 32}).save(
        tmp_path / "other.json"
    )
    code, _, error = call(capsys, monkeypatch, ["apply", tmp_path / "other.json", run_dir])
    assert code == cli.exit_codes.FAILED
    assert "of another network: its weights_sha256 is abab" in error


def test_test_data_that_is_the_validation_data_is_refused(run_dir: Path, tmp_path: Path) -> None:
    kept = run_policy.of_run(report.load(run_dir))
    copy = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    trace = store.read_trace(run_dir / "traces.h5", "validation")
    with store.TraceWriter(copy / "traces.h5") as writer:
        for split in ("validation", "test"):
            writer.append(split, logits=trace.logits, labels=trace.labels, index=trace.index)
    run = report.load(copy)
    with pytest.raises(ValueError, match=f"{len(trace.labels)} validation and test samples are the same"):
        run_policy.make(run)
    with pytest.raises(PolicyError, match="is the validation data this policy was chosen on"):
        run_policy.apply(kept, run)
    assert run_policy.apply(kept, run, "validation").samples == len(trace.labels)


def test_a_run_without_times_of_its_exits_has_no_budget_in_ms(run_dir: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    found = json.loads((copy / "summary.json").read_text())
    (copy / "summary.json").write_text(json.dumps({**found, "time": None}))
    with pytest.raises(RunError, match="no time of each exit"):
        run_policy.make(report.load(copy), policy_file.Budget(at_most=1.0), unit="ms")


def test_a_run_without_parameters_of_its_exits_has_no_budget_in_bytes(run_dir: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    found = json.loads((copy / "summary.json").read_text())
    found["exits"][0]["parameters"] = None
    (copy / "summary.json").write_text(json.dumps(found))
    with pytest.raises(RunError, match="no parameters of each exit"):
        run_policy.costs_of(report.load(copy), "bytes")


@pytest.mark.parametrize("name", exits.names())
def test_a_run_may_ask_for_every_criterion(name: str, run: report.RunData) -> None:
    settings = [f"criterion.name={name}", *([] if name == "entropy" else ["criterion.normalized=true"])]
    config = experiment.load(CONFIG, settings).run
    policy, front = summary.choose(config, run.trace("validation"), [1, 3])
    again = exits.policy_of(json.loads(json.dumps(policy.rule)), policy.thresholds)
    labels = inference.from_traces(run.trace("validation").logits, again).labels.numpy()
    assert 100 * float((labels == run.trace("validation").labels).mean()) >= front.full_accuracy - 1e-9


def test_settings_of_a_criterion_that_do_not_go_together_are_refused() -> None:
    from idn.errors import ConfigError

    for settings, message in (
        (["criterion.name=vote", "criterion.normalized=true", "criterion.calibrate=true"], "vote has none"),
        (["criterion.calibrate=true", "criterion.temperature=2.0"], "leave out the one given, 2"),
        (["criterion.name=guess"], "criterion.name"),
    ):
        with pytest.raises(ConfigError, match=message):
            experiment.load(CONFIG, settings)
