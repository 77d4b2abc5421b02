"""A run from config to report: what it leaves behind, what it leaves alone, and how it goes on."""

from __future__ import annotations

import html
import json
import resource
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from idn import exits, experiment, report, store
from idn.cli import exit_codes, main
from idn.errors import DataError, Error, RunError
from idn.experiment import files, runner, summary

CONFIG = "branchynet_2016/lenet_smoke"
STAGES = "training.stages=[{train: trunk, epochs: 2, optimizer: {lr: 3e-3}}, {train: joint, epochs: 2}]"
QUICK = [
    STAGES,
    "training.threads=1",
    "measure.samples=5",
    "measure.repeats=2",
    "thresholds.candidates_per_exit=10",
]
PROCESS = [sys.executable, "-m", "idn", "run", CONFIG, *QUICK]


def quiet(_: str) -> None:
    """A reporter for runs nobody watches."""


def start(out: Path, *more: str, reporter: experiment.runner.Reporter = quiet, force: bool = False) -> Path:
    result = experiment.run(experiment.load(CONFIG, [*QUICK, *more]), out, reporter, force=force)
    assert result is not None
    return result.run_dir


def numbers(run_dir: Path) -> dict[str, Any]:
    """summary.json without what was timed."""
    found: dict[str, Any] = json.loads((run_dir / "summary.json").read_text())
    del found["engine"]["time"]
    return {key: value for key, value in found.items() if key not in ("time", "training_seconds")}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return start(tmp_path_factory.mktemp("runs"))


@pytest.fixture
def copy(run_dir: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, as `start(tmp_path)` would find it."""
    place = tmp_path / run_dir.parent.name / run_dir.name
    shutil.copytree(run_dir, place)
    return place


def test_a_run_leaves_every_file_behind_and_no_temporary_one(run_dir: Path) -> None:
    names = {path.name for path in run_dir.iterdir()}
    assert names == {*runner.RESULTS, "model.safetensors", "checkpoint.pt", "trunk.json", ".lock"}
    assert run_dir.parent.name == "branchynet_2016"
    assert run_dir.name == experiment.load(CONFIG, QUICK).run_id


def test_the_written_config_runs_the_same_again(run_dir: Path) -> None:
    again = experiment.load(run_dir / "config.yaml")
    assert again.run == experiment.load(CONFIG, QUICK).run
    assert json.loads((run_dir / "environment.json").read_text())["overrides"] == QUICK


def test_the_config_of_a_finished_run_shows_it_again_and_trains_nothing(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in run_dir.iterdir()}
    monkeypatch.setattr(sys, "argv", ["idn", "run", str(run_dir / "config.yaml")])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == exit_codes.OK
    said = capsys.readouterr().out
    assert "early exits" in said
    assert str(run_dir) in said.replace("\n", "")
    assert {path: path.stat().st_mtime_ns for path in run_dir.iterdir()} == before
    again = json.loads((run_dir / "environment.json").read_text())["command"]
    assert shlex.split(again) == ["idn", "run", CONFIG, *QUICK]
    assert again in html.unescape((run_dir / "report.html").read_text(encoding="utf-8"))


def test_the_config_of_an_unfinished_run_says_what_goes_on_with_it(copy: Path) -> None:
    (copy / "report.html").unlink()
    assert runner.run_of(copy / "config.yaml") == copy
    with pytest.raises(ValueError, match=rf"not finished; go on with: idn run {CONFIG} "):
        runner.show(copy)


def test_a_config_that_no_run_wrote_is_of_none(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("")
    assert runner.run_of(tmp_path / "config.yaml") is None


def test_the_summary_says_what_the_traces_say(run_dir: Path) -> None:
    found = numbers(run_dir)
    macs = [one["macs"] for one in found["exits"]]
    policy = exits.Entropy(found["thresholds"], normalized=False)
    for split, samples in (("validation", 297), ("test", 300)):
        trace = store.read_trace(run_dir / "traces.h5", split)
        assert trace.logits.shape == (samples, 2, 10)
        leaves = policy.should_exit([torch.from_numpy(trace.logits[:, 0].copy())]).numpy()
        labels = np.where(leaves, trace.logits[:, 0].argmax(1), trace.logits[:, 1].argmax(1))
        part = found[split]
        assert part["accuracy"] == pytest.approx(100 * (labels == trace.labels).mean())
        assert part["accuracy_interval"][0] < part["accuracy"] < part["accuracy_interval"][1]
        assert part["exit_rates"] == pytest.approx([100 * leaves.mean(), 100 * (1 - leaves.mean())])
        assert part["mean_macs"] == pytest.approx(leaves.mean() * macs[0] + (1 - leaves.mean()) * macs[1])
        assert part["mac_gain"] == pytest.approx(found["trunk_macs"] / part["mean_macs"])
        for index, one in enumerate(found["exits"]):
            accuracy = 100 * (trace.logits[:, index].argmax(1) == trace.labels).mean()
            assert one[f"{split}_accuracy"] == pytest.approx(accuracy)


def test_macs_are_given_with_and_without_heads(run_dir: Path) -> None:
    found = numbers(run_dir)
    early, last = found["exits"]
    assert early["macs_without_heads"] < early["macs"] < last["macs"] == found["full_macs"]
    assert last["macs_without_heads"] == found["trunk_macs"] < found["full_macs"]


def test_thresholds_follow_from_validation_alone(run_dir: Path) -> None:
    found = numbers(run_dir)
    trace = store.read_trace(run_dir / "traces.h5", "validation")
    front = exits.search(
        trace.logits,
        trace.labels,
        [one["macs"] for one in found["exits"]],
        exits.Entropy([None], normalized=False),
    )
    assert found["thresholds"] == front.at_least(front.full_accuracy).thresholds
    assert found["validation"]["accuracy"] >= front.full_accuracy
    on_curve = [point["thresholds"] for point in found["curve"]]
    on_front = [point.thresholds for point in front.points]
    assert on_curve[0] == on_front[0]
    assert on_curve[-1] == on_front[-1]
    assert len(on_curve) == min(len(on_front), 40)
    assert all(one in on_front for one in on_curve)


def test_the_trunk_alone_is_measured_before_its_exits_are_trained(run_dir: Path) -> None:
    found = numbers(run_dir)
    assert found["trunk"]["macs"] == found["trunk_macs"]
    assert 0 < found["trunk"]["accuracy_interval"][0] < found["trunk"]["test_accuracy"] < 100
    lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
    assert [(line["stage"], line["epoch"]) for line in lines] == [
        ("trunk", 1),
        ("trunk", 2),
        ("joint", 1),
        ("joint", 2),
    ]


def test_saved_weights_give_the_recorded_logits(run_dir: Path) -> None:
    from idn import data, models

    splits = data.load("digits")
    model = models.build("b_lenet", classes=10, in_channels=1, image_size=8)
    model.load_state_dict(torch.load(run_dir / "model.pt", weights_only=True))
    images = data.Normalizer.fit(splits.train.images)(torch.from_numpy(splits.test.images[:20].copy()))
    with torch.inference_mode():
        logits = torch.stack(model.eval()(images), dim=1).numpy()
    trace = store.read_trace(run_dir / "traces.h5", "test")
    # Another batch size may sum in another order: float32 rounding.
    np.testing.assert_allclose(logits, trace.logits[:20], rtol=1e-4, atol=1e-4)


def test_the_comparison_has_one_entry_of_the_agreed_shape_for_each_claim(run_dir: Path) -> None:
    entries = json.loads((run_dir / "comparison.json").read_text())
    assert entries
    for entry in entries:
        assert list(entry) == ["what", "published", "measured", "interval", "preset", "holds"]
        assert entry["preset"] == "smoke, changed"
        assert entry["holds"] in (True, False, None)


def test_an_experiment_of_the_users_own_has_nothing_to_compare_with(tmp_path: Path) -> None:
    run_dir = start(tmp_path, "experiment=my_idea")
    assert json.loads((run_dir / "comparison.json").read_text()) == []
    assert run_dir.parent.name == "my_idea"
    assert report.load(run_dir).summary.experiment == "my_idea"


def test_a_finished_run_is_shown_again_and_nothing_is_written(copy: Path, tmp_path: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in copy.iterdir() if path.name != ".lock"}
    told: list[str] = []
    assert start(tmp_path, reporter=told.append) == copy
    assert before == {path.name: path.stat().st_mtime_ns for path in copy.iterdir() if path.name != ".lock"}
    assert "--force" in told[0]


def test_force_runs_again_with_the_same_numbers(run_dir: Path, copy: Path, tmp_path: Path) -> None:
    told: list[str] = []
    assert start(tmp_path, reporter=told.append, force=True) == copy
    assert any(line.startswith("trunk 1/2") for line in told)
    assert numbers(copy) == numbers(run_dir)


@pytest.mark.parametrize(
    "moment", ["trunk 1/2", "trunk 2/2", "joint 1/2", "joint 2/2", "recording", "measuring"]
)
def test_an_interrupted_run_goes_on_to_the_same_numbers(run_dir: Path, tmp_path: Path, moment: str) -> None:
    def interrupt(line: str) -> None:
        if line.startswith(moment):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start(tmp_path, reporter=interrupt)
    resumed = start(tmp_path)
    assert numbers(resumed) == numbers(run_dir)
    first, second = (store.read_trace(one / "traces.h5", "test") for one in (run_dir, resumed))
    np.testing.assert_array_equal(first.logits, second.logits)


def test_a_run_directory_in_use_is_refused(copy: Path, tmp_path: Path) -> None:
    with files.exclusive(copy), pytest.raises(RunError, match="in use by another process"):
        start(tmp_path)


def test_an_out_that_cannot_be_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="choose another --out"):
        start(tmp_path / "file")


def test_weights_that_do_not_fit_the_exits_stop_before_training(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="exit_weights"):
        start(tmp_path, "training.exit_weights=[1.0, 1.0, 1.0]")


def test_temperatures_that_do_not_fit_the_exits_stop_before_training(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"criterion\.temperature has 6 numbers"):
        start(tmp_path, "criterion.temperature=[1, 2, 3, 4, 5, 6]")
    assert not list(tmp_path.rglob("metrics.jsonl"))


def test_thresholds_that_would_take_hours_to_search_stop_before_training() -> None:
    config = experiment.load(CONFIG, ["thresholds.candidates_per_exit=1000"]).run
    summary.check(config, exits=3, samples=100_000)  # every score is tried, whatever the number says
    summary.check(config, exits=4, samples=10_000)
    with pytest.raises(ValueError, match=r"4 early .* on 10000 .* with 1000 .* lower thresholds\.cand"):
        summary.check(config, exits=5, samples=10_000)
    unset = experiment.load(CONFIG, ["thresholds.candidates_per_exit=null"]).run
    assert unset.thresholds.candidates_per_exit is None
    summary.check(unset, exits=5, samples=10_000)
    with pytest.raises(ValueError, match=r"on 1000000 .* with all .* data\.validation"):
        summary.check(unset, exits=3, samples=1_000_000)


def test_patience_has_few_scores_so_many_exits_are_searched_whole() -> None:
    patience = ["criterion.name=patience", "criterion.normalized=true"]
    config = experiment.load(CONFIG, [*patience, "thresholds.candidates_per_exit=60"]).run
    summary.check(config, exits=8, samples=10_000)
    with pytest.raises(ValueError, match="13 early exits"):
        summary.check(config, exits=14, samples=10_000)


def test_the_other_processes_of_a_finished_run_do_not_wait_for_the_first(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    # It would hang in the rendezvous, which has no address here, if it took part.
    assert experiment.run(experiment.load(CONFIG, QUICK), run_dir.parents[1], quiet) is None


def test_json_ends_with_one_object_that_has_run_dir_and_metrics(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROCESS, "--out", str(tmp_path), "--json"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"run_dir", "metrics"}
    assert found["metrics"] == json.loads((Path(found["run_dir"]) / "summary.json").read_text())
    assert "report.html" in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_with_its_code_and_it_goes_on(
    run_dir: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = subprocess.Popen(
        [*PROCESS, "--out", str(tmp_path)],
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore Ctrl-C, these tests among it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("trunk 2/2"):
            process.send_signal(number)
            break
    _, rest = process.communicate(timeout=120)
    assert process.returncode == code
    assert "Traceback" not in rest
    assert numbers(start(tmp_path)) == numbers(run_dir)


@contextmanager
def files_up_to(limit: int) -> Iterator[None]:
    """Stands for a full disk: writing past so many bytes of a file fails the same way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("limit", [1_000, 10_000, 200_000])
def test_a_full_disk_is_a_clear_error_and_leaves_nothing_half_written(
    run_dir: Path, tmp_path: Path, limit: int
) -> None:
    with files_up_to(limit), pytest.raises(Error, match=r"cannot (be )?writ"):
        start(tmp_path)
    left = {path.name: path for path in tmp_path.rglob("*") if path.is_file()}
    assert set(left) <= {*runner.RESULTS, "model.safetensors", "checkpoint.pt", "trunk.json", ".lock"}
    assert "report.html" not in left
    assert all(path.stat().st_size <= limit for path in left.values())
    assert numbers(start(tmp_path)) == numbers(run_dir)


def test_two_processes_train_together_and_one_of_them_reports(tmp_path: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, *PROCESS[1:], "--out", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert runner.finished(Path(found["run_dir"]))


def test_a_finished_run_is_not_passed_off_as_one_with_other_threads(copy: Path, tmp_path: Path) -> None:
    del copy
    with pytest.raises(RunError, match=r"is finished with threads 1, not 2; --force runs it again"):
        start(tmp_path, "training.threads=2")


def test_a_finished_run_is_not_passed_off_as_one_of_other_data(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for label in ("cat", "dog"):
        (tmp_path / "own" / label).mkdir(parents=True)
        for number in range(20):
            image = rng.integers(0, 256, (1, 8, 8), dtype=np.uint8)
            np.save(tmp_path / "own" / label / f"{number}.npy", image)
    options = (f"data.name={tmp_path / 'own'}", "training.batch_size=8")
    run_dir = start(tmp_path, *options)
    assert start(tmp_path, *options) == run_dir
    (tmp_path / "own" / "cat" / "3.npy").unlink()
    with pytest.raises(RunError, match=r"is finished with data \w{16}, not \w{16}"):
        start(tmp_path, *options)


def test_a_refused_run_leaves_no_directory(tmp_path: Path) -> None:
    for name, refusal in (("cifar100", ValueError), ("./nowhere", DataError)):
        with pytest.raises(refusal, match="expected one"):
            start(tmp_path, f"data.name={name}")
    assert not list((tmp_path / "branchynet_2016").iterdir())


def test_a_refused_run_takes_nothing_from_results_that_were_there(copy: Path, tmp_path: Path) -> None:
    for name in ("checkpoint.pt", "model.pt"):  # as results are committed: not finished, and no way to go on
        (copy / name).unlink(missing_ok=True)
    before = (copy / "summary.json").read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("idn.data.load", lambda *_, **__: (_ for _ in ()).throw(DataError("no data")))
        with pytest.raises(DataError, match="no data"):
            start(tmp_path)
    assert (copy / "summary.json").read_bytes() == before
    assert (copy / "traces.h5").is_file()


def test_a_damaged_summary_is_a_clear_error(copy: Path, tmp_path: Path) -> None:
    (copy / "summary.json").write_text("")
    with pytest.raises(RunError, match=r"summary\.json cannot be read .* --force runs it again"):
        start(tmp_path)


def test_a_trunk_that_was_trained_with_its_exits_is_not_called_alone(tmp_path: Path) -> None:
    stages = (
        "training.stages=[{train: joint, epochs: 1}, {train: trunk, epochs: 1}, {train: joint, epochs: 1}]"
    )
    run_dir = start(tmp_path, stages)
    assert not (run_dir / "trunk.json").exists()
    assert numbers(run_dir)["trunk"] is None
