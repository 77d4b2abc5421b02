"""`idn drift` as a user and a script meet it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

import idn
from drifting import policy_on, traces
from idn import store
from idn._native import extension
from idn.cli import exit_codes, main
from idn.errors import DataError
from idn.exits import live_answers


@dataclass
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, as its own `main` would."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def once(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["idn", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return once


def files(folder: Path, blur: float, *, mixes: bool = False) -> tuple[str, str, Path]:
    """A package whose logits are its inputs, a policy on such inputs, and live inputs.

    :param mixes: whether the logits have a zero added that is computed from the whole batch.
    """
    torch.manual_seed(0)
    builder = extension.graph.GraphBuilder()
    x = builder.add_input("x", "F32", [(1, 0), 3, 5])
    answers, logits = [], x
    if mixes:
        (shares,) = builder.add_node("softmax", [x], {"axis": 0})
        (nothing,) = builder.add_node("subtract", [shares, shares])
        (logits,) = builder.add_node("add", [x, nothing])
    for k in range(3):
        (row,) = builder.add_node("slice", [logits], {"axis": 1, "start": k, "stop": k + 1, "step": 1})
        (flat,) = builder.add_node("reshape", [row], {"shape": [(1, 0), 5]})
        answers.append(flat)
    for k, answer in enumerate(answers):
        builder.add_exit(f"exit{k + 1}", answer)
    graph = idn.Graph(builder.finish(provenance={"weights_sha256": "0" * 64}))
    graph.save(folder / "model.safetensors")
    policy_on(2000, 1).save(folder / "policy.json")
    np.save(folder / "live.npy", traces(600, 2, blur)[0])
    return str(folder / "model.safetensors"), str(folder / "policy.json"), folder / "live.npy"


def test_the_command_ends_with_code_4_where_there_is_drift(tmp_path: Path, run: Run) -> None:
    model, policy, data = files(tmp_path, blur=2.0)
    result = run("drift", model, policy, str(data))
    assert result.code == exit_codes.DRIFT, result.stdout
    assert "drift" in result.stdout
    assert "samples leave at exit" in result.stdout
    found = json.loads(run("drift", model, policy, str(data), "--json").stdout)
    assert found["drift"]
    assert found["rates_moved"]
    assert sum(rate["found"] for rate in found["rates"]) == pytest.approx(100)


def test_the_command_ends_with_code_0_where_there_is_none(tmp_path: Path, run: Run) -> None:
    model, policy, data = files(tmp_path, blur=1.0)
    result = run("drift", model, policy, str(data))
    assert result.code == 0, result.stdout
    assert "none found" in result.stdout


def test_answers_that_were_noted_say_the_same_as_running_again(tmp_path: Path, run: Run) -> None:
    model, policy, data = files(tmp_path, blur=1.3)
    engine = idn.Engine(model, policy)
    log = tmp_path / "answers.jsonl"
    log.write_text(engine(torch.from_numpy(np.load(data))).as_lines())
    noted = run("drift", model, policy, "--answers", str(log), "--json")
    again = run("drift", model, policy, str(data), "--batch", "7", "--json")
    assert json.loads(noted.stdout) == json.loads(again.stdout)


def test_a_network_that_mixes_samples_is_not_run_in_parts(tmp_path: Path, run: Run) -> None:
    model, policy, data = files(tmp_path, blur=1.0)
    apart = json.loads(run("drift", model, policy, str(data), "--json").stdout)
    model, policy, data = files(tmp_path, blur=1.0, mixes=True)
    refused = run("drift", model, policy, str(data))
    assert refused.code == exit_codes.USAGE
    assert "mixes the samples of a batch, so cutting the 600 of" in refused.stderr
    assert "--answers FILE" in refused.stderr
    whole = run("drift", model, policy, str(data), "--batch", "600", "--json")
    assert json.loads(whole.stdout) == apart


def test_hdf5_holds_an_array_for_each_input(tmp_path: Path, run: Run) -> None:
    model, policy, data = files(tmp_path, blur=1.0)
    store.write(tmp_path / "live.h5", {"x": np.load(data)})
    first = run("drift", model, policy, str(tmp_path / "live.h5"), "--json")
    assert json.loads(first.stdout) == json.loads(run("drift", model, policy, str(data), "--json").stdout)
    store.write(tmp_path / "other.h5", {"y": np.load(data), "z": np.zeros(3)})
    other = run("drift", model, policy, str(tmp_path / "other.h5"))
    assert other.code == exit_codes.DATA
    assert "has no array x, which is an input of the network; it has y, z" in other.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "holds no answers"),
        ("{", "line 1"),
        ("[1]", "has no exit counted from 0"),
        ('{"exit": true}', "has no exit counted from 0"),
        ('{"exit": 0, "confidence": 2}', "has the confidence 2"),
        ('{"exit": 0, "confidence": 0.5}\n{"exit": 1}', "a confidence for 1 of 2 answers"),
    ],
)
def test_a_log_that_is_none_is_refused(tmp_path: Path, line: str, said: str) -> None:
    log = tmp_path / "answers.jsonl"
    log.write_text(line)
    with pytest.raises(DataError, match=said):
        live_answers.read(log)


def test_data_that_cannot_be_read_has_a_code_of_its_own(tmp_path: Path, run: Run) -> None:
    model, policy, _ = files(tmp_path, blur=1.0)
    missing = run("drift", model, policy, str(tmp_path / "none.npy"))
    assert missing.code == exit_codes.DATA
    assert "none.npy cannot be read" in missing.stderr
    both = run("drift", model, policy)
    assert both.code == exit_codes.USAGE
    assert "--answers FILE" in both.stderr
