"""`idn bench`: every way answers alike, a row says why there is none, the command shows it all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

import idn
from idn import benching
from idn._native import extension
from idn.benching import plot, rivals
from idn.benching.early_exit import Chain
from idn.cli.app import app
from idn.exits import Confidence
from test_graph import two_exits

IMAGES = torch.rand(12, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_every_exit_and_the_whole_have_a_row_for_each_way() -> None:
    result = benching.bench(
        two_exits(), [IMAGES], Confidence([0.5]), batch=4, turns=3, ways=["eager", "TorchScript"]
    )
    assert result.jobs == ["early", "final", "overall"]
    assert [row.way for row in result.rows] == ["idn", "eager", "TorchScript"] * 3
    for row in result.rows:
        assert row.reason == ""
        assert row.agreement == 1.0
        assert row.p50_ms is not None
        assert row.p99_ms is not None
        assert 0 < row.p50_ms <= row.p99_ms
    assert sum(result.exit_rates) == pytest.approx(100)
    assert json.loads(result.as_json()) == result.as_dict()


def test_a_chain_of_segments_lets_samples_leave_as_the_engine_does() -> None:
    graph, policy = two_exits(), Confidence([0.45])
    labels, exits = Chain("eager", graph, policy, [IMAGES], 1)([IMAGES])
    answers = idn.Engine(graph, policy)(IMAGES)
    assert torch.equal(labels, answers.labels)
    assert torch.equal(exits, answers.exits)
    assert 0 < int(exits.sum()) < len(exits)  # some leave, some stay


def test_a_way_that_is_not_there_says_so_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any) -> Any:
        raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    monkeypatch.setitem(rivals._RIVALS, "ONNX Runtime", missing)
    result = benching.bench(two_exits(), [IMAGES], Confidence([None]), turns=2, ways=["ONNX Runtime"])
    rows = [row for row in result.rows if row.way == "ONNX Runtime"]
    assert all(row.p50_ms is None and "onnxruntime is not installed" in row.reason for row in rows)


def test_onnx_runtime_answers_alike() -> None:
    pytest.importorskip("onnxruntime")
    result = benching.bench(
        two_exits(), [IMAGES], Confidence([0.45]), batch=4, turns=2, ways=["ONNX Runtime"]
    )
    for row in result.rows:
        assert (row.reason, row.agreement) == ("", 1.0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ways": ["tensorflow"]}, "way 'tensorflow' is unknown"),
        ({"batch": 0}, "batch is 0"),
        ({"batch": 13}, "12 samples, fewer than a batch of 13"),
        ({"turns": 0}, "turns is 0"),
        ({"threads": 4097}, "threads is 4097, expected at most 4096"),
    ],
)
def test_what_can_not_be_measured_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        benching.bench(two_exits(), [IMAGES], Confidence([None]), **options)


def test_threads_of_the_caller_are_put_back() -> None:
    before = torch.get_num_threads()
    benching.bench(two_exits(), [IMAGES], Confidence([None]), threads=before + 1, turns=1, ways=["eager"])
    assert torch.get_num_threads() == before


def test_the_picture_has_a_bar_for_each_way_and_job(tmp_path: Path) -> None:
    result = benching.bench(two_exits(), [IMAGES], Confidence([0.5]), turns=2, ways=["eager"])
    (axes,) = plot.figure(result).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == result.jobs
    assert len(axes.patches) == 2 * len(result.jobs)
    plot.write(result, tmp_path / "times.png")
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_prints_a_table_or_json(tmp_path: Path) -> None:
    two_exits().save(tmp_path / "model.safetensors")
    arguments = ["bench", str(tmp_path / "model.safetensors"), "--turns", "2", "--way", "eager"]
    shown = CliRunner().invoke(app, arguments)
    assert "…" not in shown.stdout, "no number is cut"
    assert shown.exit_code == 0, shown.output
    assert "overall" in shown.output
    assert "exit rates mean nothing" in shown.output.replace("\n", " ")
    found = CliRunner().invoke(app, [*arguments, "--json"])
    assert json.loads(found.stdout)["package"] == "model.safetensors"


def test_a_place_for_the_picture_is_looked_at_before_anything_is_measured(tmp_path: Path) -> None:
    two_exits().save(tmp_path / "model.safetensors")
    arguments = ["bench", str(tmp_path / "model.safetensors"), "--plot"]
    for name, said in [("a.xyz", "ends in .png, .pdf or .svg"), ("none/a.png", "folder does not exist")]:
        result = CliRunner().invoke(app, [*arguments, str(tmp_path / name)])
        assert isinstance(result.exception, ValueError)
        assert said in str(result.exception)


def test_a_file_that_is_no_array_of_numbers_is_refused(tmp_path: Path) -> None:
    two_exits().save(tmp_path / "model.safetensors")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.savez(tmp_path / "several.npz", images=IMAGES.numpy())
    np.save(tmp_path / "words.npy", np.array(["a", "b"]))
    np.save(tmp_path / "big_endian.npy", IMAGES.numpy().astype(">f4"))
    for name in ("empty.npy", "several.npz", "words.npy", "big_endian.npy"):
        arguments = ["bench", str(tmp_path / "model.safetensors"), "--inputs", str(tmp_path / name)]
        error = CliRunner().invoke(app, arguments).exception
        assert isinstance(error, ValueError), name
        assert f"{name} is no .npy file that can be read" in str(error)
    np.save(tmp_path / "single.npy", np.float32(1))
    arguments = ["bench", str(tmp_path / "model.safetensors"), "--inputs", str(tmp_path / "single.npy")]
    assert "expected (samples, ...)" in str(CliRunner().invoke(app, arguments).exception)


def test_inputs_of_every_type_are_made_up_within_their_ranges(tmp_path: Path) -> None:
    builder = extension.graph.GraphBuilder()
    words = builder.add_input("words", "I64", [(1, 0)], (0, 4))
    table = builder.add_constant("table", torch.eye(5))
    (logits,) = builder.add_node("embedding", [words, table])
    builder.add_exit("output", logits)
    idn.Graph(builder.finish()).save(tmp_path / "model.safetensors")
    arguments = ["bench", str(tmp_path / "model.safetensors"), "--turns", "1", "--way", "eager", "--json"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    rows = json.loads(found.stdout)["rows"]
    assert [row["agreement"] for row in rows] == [1.0] * 4  # two ways, one exit and overall
