"""Sweeps: every combination once, a failure that leaves the others alone, and two ways to run them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from idn.cli import exit_codes, main
from idn.cli.sweep_command import _table
from idn.errors import ConfigError
from idn.experiment import sweep

CONFIG = """
extends: branchynet_2016/lenet_smoke
experiment: custom
measure: {samples: 2, repeats: 1}
thresholds: {candidates_per_exit: 5}
training:
  stages:
    - {train: joint, epochs: 1}
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "tiny.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return str(path)


def ignore(_: sweep.Outcome) -> None:
    """Nobody watches."""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0", ["0"]),
        ("a,b", ["a", "b"]),
        ("[1,2],{a: 1, b: 2}", ["[1,2]", "{a: 1, b: 2}"]),
        ("'x,y',\"z,[\"", ["'x,y'", '"z,["']),
    ],
)
def test_values_are_split_at_commas_outside_brackets_and_quotes(text: str, values: list[str]) -> None:
    assert sweep.split_values(text) == values


@pytest.mark.parametrize("text", ["", "1,,2", "[1,2", "1]", "'a"])
def test_values_that_are_empty_or_open_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"empty|not closed"):
        sweep.split_values(text)


def test_every_combination_comes_once_the_last_axis_fastest() -> None:
    assert sweep.combinations(["a=1,2", "b=x,y"]) == [
        ["a=1", "b=x"],
        ["a=1", "b=y"],
        ["a=2", "b=x"],
        ["a=2", "b=y"],
    ]


def test_bad_axes_are_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        sweep.combinations(["a=1", "a=2"])
    with pytest.raises(ValueError, match="1000000 combinations"):
        sweep.combinations([f"{key}={','.join(map(str, range(100)))}" for key in "abc"])


def test_every_combination_is_checked_before_anything_runs(config: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"training\.bach is unknown"):
        sweep.plan(config, ["training.bach=1,2"], tmp_path)
    with pytest.raises(ValueError, match="are the same run"):
        sweep.plan(config, ["training.threads=1,2"], tmp_path)
    assert not (tmp_path / "custom").exists()


def test_a_failed_run_leaves_the_others_alone_and_finished_ones_are_not_run_again(
    config: str, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    jobs = sweep.plan(config, ["data.name=nothing,digits"], out)
    seen: list[int] = []
    outcomes = sweep.run_processes(jobs, out, 2, lambda outcome: seen.append(outcome.job.index))
    assert sorted(seen) == [0, 1]
    assert [outcome.job.index for outcome in outcomes] == [0, 1]
    bad, good = outcomes
    assert good.error is None
    assert good.metrics is not None
    assert good.metrics["test"]["accuracy"] > 0
    assert bad.metrics is None
    assert bad.error is not None
    assert "no data set is named 'nothing'" in bad.error
    report = Path(good.job.run_dir) / "report.html"
    written = report.stat().st_mtime_ns
    again = sweep.run_processes(jobs[1:], out, 1, ignore)
    assert again[0].metrics == good.metrics
    assert report.stat().st_mtime_ns == written


def test_the_command_prints_a_table_and_ends_with_one_if_any_failed(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    out = tmp_path / "runs"
    arguments = ["sweep", config, "data.name=digits,nothing", "--out", str(out), "--jobs", "2"]
    monkeypatch.setattr(sys, "argv", ["idn", *arguments, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == exit_codes.FAILED
    printed = capsys.readouterr()
    outcomes = json.loads(printed.out)
    assert outcomes == json.loads((out / "sweep.json").read_text())
    assert [outcome["error"] is None for outcome in outcomes] == [True, False]
    rows = [[cell.strip() for cell in line.split("│")] for line in printed.err.splitlines() if "│" in line]
    assert [row[1:3] for row in rows][-1] == ["name=nothing", "failed"]
    assert f"{outcomes[0]['metrics']['test']['accuracy']:.2f}" in printed.err


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_can_be_read_on_a_narrow_terminal(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    metrics = {"test": {"accuracy": 93.3, "mac_gain": 1.25}, "exits": [{"test_accuracy": 94.0}]}
    outcomes = []
    for seed in (0, 1):
        changes = [
            f"training.seed={seed}",
            "training.batch_size=64",
            f"training.stages[0].optimizer.lr=1e-{seed}",
        ]
        job = sweep.Job(seed, "branchynet_2016/smoke", changes, f"runs/branchynet_2016/smoke-1a2b3c4{seed}")
        outcomes.append(sweep.Outcome(job, metrics if seed else None, None if seed else "trouble", None))
    Console(width=width).print(_table("branchynet_2016/smoke", outcomes))
    text = capsys.readouterr().out
    assert "…" not in text
    assert "branchynet_2016/smoke training.batch_size=64, on test" in text
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert rows == [
        ["seed=0", "failed", "", "", "smoke-1a2b3c40"],
        ["lr=1e-0", "", "", "", ""],
        ["seed=1", "93.30", "1.25x", "94.00", "smoke-1a2b3c41"],
        ["lr=1e-1", "", "", "", ""],
    ]


def test_keys_that_end_alike_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = [sweep.Job(k, "x", [f"training.seed={k}", f"data.seed={k}"], f"runs/x-{k}") for k in (0, 1)]
    Console(width=100).print(_table("x", [sweep.Outcome(job, None, "trouble", None) for job in jobs]))
    text = capsys.readouterr().out
    assert "training.seed=0" in text
    assert "data.seed=1" in text


def test_submitit_runs_the_same_jobs_on_its_local_cluster(config: str, tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed")
    out = tmp_path / "runs"
    jobs = sweep.plan(config, ["data.name=digits,nothing"], out)
    outcomes = sweep.run_submitit(jobs, out, ignore, cluster="local", parameters={"timeout_min": 5})
    good, bad = outcomes
    assert good.error is None, good.error
    assert good.metrics is not None
    assert bad.error is not None
    assert "no data set is named 'nothing'" in bad.error
    assert (Path(good.job.run_dir) / "report.html").is_file()


def test_parameters_submitit_does_not_know_are_a_usage_error(config: str, tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="submitit is not installed")
    jobs = sweep.plan(config, ["training.seed=0"], tmp_path)
    with pytest.raises(ValueError, match="submitit refuses"):
        sweep.run_submitit(jobs, tmp_path, ignore, cluster="local", parameters={"nonsense": 1})
