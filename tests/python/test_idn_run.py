"""`idn-run`: the program answers what the engine in Python does, without Python."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

import idn
from idn import exits
from idn._native import extension
from idn.graph import Graph
from idn_runs import (
    CLASSES,
    FLAT,
    PROGRAM,
    expect_the_same,
    features,
    files,
    network,
    of_lines,
    ran,
    refused,
    two_inputs,
)
from packages import B, two_exits


def test_without_a_policy_every_sample_is_computed_to_the_end(tmp_path: Path) -> None:
    graph = files(tmp_path)
    lines = of_lines(ran(tmp_path, "model.safetensors", "x.npy", "--json").stdout)
    expect_the_same(lines, idn.Engine(graph, exits.Confidence([None]))(features()))
    assert [line["sample"] for line in lines] == list(range(150))
    assert {line["exit_name"] for line in lines} == {"final"}
    assert [line["class"] for line in lines] == [CLASSES[line["label"]] for line in lines]


@pytest.mark.parametrize("batch", ["1", "7", "64", "1000"])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_with_a_policy_it_answers_what_the_engine_in_python_does(
    tmp_path: Path, batch: str, threads: str
) -> None:
    graph = files(tmp_path)
    words = ["model.safetensors", "x.npy", "--policy", "policy.json", "--json"]
    lines = of_lines(ran(tmp_path, *words, "--batch", batch, "--threads", threads).stdout)
    expect_the_same(lines, idn.Engine(graph, tmp_path / "policy.json")(features()))
    assert {line["exit_name"] for line in lines} == {"early", "final"}


def test_people_get_a_line_for_each_sample_and_a_summary(tmp_path: Path) -> None:
    graph = files(tmp_path)
    result = ran(tmp_path, "model.safetensors", "x.npy", "--policy", "policy.json")
    answers = idn.Engine(graph, tmp_path / "policy.json")(features())
    shown = ["cat", 'a "dog"', "?[31mred, ?red"]
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[0] for row in rows] == [shown[label] for label in answers.labels]
    assert [float(row[1]) for row in rows] == pytest.approx(
        answers.confidences.tolist(), abs=6e-5
    )  # 4 digits
    assert [row[2] for row in rows] == [graph.exits[index] for index in answers.exits]
    summary = result.stderr
    assert "150 samples in " in summary
    share = 100 * answers.exits.eq(0).double().mean().item()
    assert re.search(rf"early +{share:.2f} % left, {graph.segments[0].operations} operations", summary)
    assert f"operations per sample: {answers.operations.double().mean().item():.6g}, " in summary


def test_a_package_without_class_names_gives_numbers(tmp_path: Path) -> None:
    network(classes=[]).save(tmp_path / "m")
    np.save(tmp_path / "x.npy", features(5).numpy())
    rows = ran(tmp_path, "m", "x.npy").stdout.splitlines()
    assert [row.split("\t")[0] for row in rows] == [
        str(k) for k in network().run(features(5))[1].argmax(1).tolist()
    ]
    assert "class" not in of_lines(ran(tmp_path, "m", "x.npy", "--json").stdout)[0]


@pytest.mark.parametrize("chunks", [None, (16, FLAT)])
def test_hdf5_is_read_as_npy_is(tmp_path: Path, chunks: tuple[int, int] | None) -> None:
    files(tmp_path)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        options = {} if chunks is None else {"chunks": chunks, "compression": "gzip", "shuffle": True}
        file.create_dataset("test/images", data=features().numpy(), **options)
    expected = ran(tmp_path, "model.safetensors", "x.npy", "--json").stdout
    assert ran(tmp_path, "model.safetensors", "x.h5", "--json").stdout == expected
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["test/labels"] = np.zeros(150, dtype=np.int64)
    named = ["model.safetensors", "x.h5", "--json", "--dataset", "test/images"]
    assert ran(tmp_path, *named).stdout == expected
    message = refused(tmp_path, 2, "model.safetensors", "x.h5")
    assert message == (
        "x.h5 has no array 'features'; name one of those that are there with --dataset: "
        "'test/images', 'test/labels'."
    )
    with h5py.File(tmp_path / "x.h5", "a") as file:
        file["features"] = features().numpy()
    assert ran(tmp_path, "model.safetensors", "x.h5", "--json").stdout == expected


def test_files_hold_what_is_printed(tmp_path: Path) -> None:
    graph = files(tmp_path)
    words = ["model.safetensors", "x.npy", "--policy", "policy.json"]
    printed = ran(tmp_path, *words, "--json").stdout
    lines = of_lines(printed)
    for name in ("a.npy", "a.json", "a.jsonl", "a.csv"):
        assert ran(tmp_path, *words, "--out", name).stdout == ""
    labels = np.load(tmp_path / "a.npy")
    assert labels.dtype == np.int64
    assert labels.tolist() == [line["label"] for line in lines]
    columns = json.loads((tmp_path / "a.json").read_text())
    assert (columns["classes"], columns["exit_names"], columns["first"]) == (CLASSES, ["early", "final"], 0)
    for column, key in [("labels", "label"), ("confidences", "confidence"), ("exits", "exit")]:
        assert columns[column] == [line[key] for line in lines]
    assert (tmp_path / "a.jsonl").read_text() == printed
    rows = list(csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text())))
    assert [row["class"] for row in rows] == [line["class"] for line in lines]
    assert [float(row["confidence"]) for row in rows] == [line["confidence"] for line in lines]
    assert [row["exit_name"] for row in rows] == [graph.exits[line["exit"]] for line in lines]


def test_logits_are_those_of_all_exits(tmp_path: Path) -> None:
    graph = files(tmp_path)
    words = ["model.safetensors", "x.npy", "--policy", "policy.json", "--batch", "150", "--logits", "z.npy"]
    assert ran(tmp_path, *words).returncode == 0
    found = torch.from_numpy(np.load(tmp_path / "z.npy"))
    torch.testing.assert_close(found, torch.stack(graph.run(features()), dim=1), rtol=0, atol=0)


@pytest.mark.parametrize(("samples", "chosen"), [("10:40", (10, 40)), (":9", (0, 9)), ("149:", (149, 150))])
def test_some_samples_keep_their_numbers(tmp_path: Path, samples: str, chosen: tuple[int, int]) -> None:
    files(tmp_path)
    words = ["model.safetensors", "x.npy", "--json", "--batch", "1"]
    every = of_lines(ran(tmp_path, *words).stdout)
    assert of_lines(ran(tmp_path, *words, "--samples", samples).stdout) == every[slice(*chosen)]


def test_no_samples_are_no_answers(tmp_path: Path) -> None:
    files(tmp_path)
    result = ran(
        tmp_path, "model.safetensors", "x.npy", "--samples", "5:5", "--out", "a.npy", "--logits", "z.npy"
    )
    assert (result.returncode, result.stderr) == (0, "0 samples\n")
    assert np.load(tmp_path / "a.npy").shape == (0,)
    assert np.load(tmp_path / "z.npy").shape == (0, 2, 3)
    message = refused(tmp_path, 2, "model.safetensors", "x.npy", "--samples", "5:151")
    assert message == "--samples is 5:151, and there are 150 samples."


def test_several_inputs_are_named_or_lie_in_one_hdf5_file(tmp_path: Path) -> None:
    two_inputs(tmp_path)
    graph = idn.load(tmp_path / "m")
    generator = torch.Generator().manual_seed(3)
    shapes = {"image": (9, 4), "pair": (18, 4), "bias": (4,)}
    arrays = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    expected = graph.run(*arrays.values())[0].argmax(dim=1).tolist()
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array.numpy())
    with h5py.File(tmp_path / "all.h5", "w") as file:
        for name, array in arrays.items():
            file[name] = array.numpy()
    words = [word for name in arrays for word in ("--input", f"{name}={name}.npy")]
    for batch in ("1", "4", "9"):
        for inputs in (words, ["all.h5"]):
            lines = of_lines(ran(tmp_path, "m", *inputs, "--json", "--batch", batch).stdout)
            assert [line["label"] for line in lines] == expected
    assert refused(tmp_path, 2, "m", *words[:4]) == "--input is missing for 'bias'."
    message = refused(tmp_path, 2, "m", *words, "--input", "mask=image.npy")
    assert message == "the package has no input 'mask', only 'image', 'pair', 'bias'."
    assert "give each as --input NAME=FILE." in refused(tmp_path, 2, "m", "image.npy")
    assert "--dataset is given, but the package has several inputs" in refused(
        tmp_path, 2, "m", "all.h5", "--dataset", "image"
    )
    np.save(tmp_path / "pair.npy", np.zeros((16, 4), dtype=np.float32))
    message = refused(tmp_path, 2, "m", *words)
    assert message == (
        "pair.npy holds float32 (16, 4), 8 samples of input 'pair', but there are 9 of input 'image'."
    )
    np.save(tmp_path / "pair.npy", np.zeros((17, 4), dtype=np.float32))
    assert "input 'pair' takes F32 (2B, 4), and pair.npy holds float32 (17, 4)." in refused(
        tmp_path, 2, "m", *words
    )


def test_a_model_that_mixes_samples_gets_all_of_them_at_once(tmp_path: Path) -> None:
    """Scores summed up over the samples: in parts, the answers would be other ones."""
    builder = extension.graph.GraphBuilder()
    x = builder.add_input("x", "F32", [B, 3])
    (final,) = builder.add_node("cumulative_sum", [x], {"axis": 0})
    builder.add_exit("final", final)
    Graph(builder.finish()).save(tmp_path / "m")
    x = torch.randn((50, 3), generator=torch.Generator().manual_seed(4))
    np.save(tmp_path / "x.npy", x.numpy())
    lines = of_lines(ran(tmp_path, "m", "x.npy", "--json", "--batch", "2").stdout)
    assert [line["label"] for line in lines] == x.cumsum(dim=0).argmax(dim=1).tolist()


def test_bytes_are_taken_where_the_model_takes_them(tmp_path: Path) -> None:
    builder = extension.graph.GraphBuilder()
    image = builder.add_input("image", "U8", [B, 3])
    (scores,) = builder.add_node("cast", [image], {"dtype": "F32"})
    builder.add_exit("final", scores)
    Graph(builder.finish()).save(tmp_path / "m")
    x = np.random.default_rng(0).permutation(60).reshape(20, 3).astype(np.uint8)
    np.save(tmp_path / "x.npy", x)
    lines = of_lines(ran(tmp_path, "m", "x.npy", "--json").stdout)
    assert [line["label"] for line in lines] == x.argmax(axis=1).tolist()


def test_names_of_a_package_do_not_reach_the_terminal(tmp_path: Path) -> None:
    two_exits("\u202eexit\u0085", size=2).save(tmp_path / "m")
    np.save(tmp_path / "x.npy", np.ones((1, 3, 2, 2), np.float32))
    result = ran(tmp_path, "m", "x.npy")
    assert result.returncode == 0
    assert "?exit?" in result.stderr
    for text in (result.stdout, result.stderr, ran(tmp_path, "m", "x.npy", "--json").stdout):
        assert text.replace("\n", "").replace("\t", "").isprintable()


def test_help_and_version_need_nothing_else(tmp_path: Path) -> None:
    shown = ran(tmp_path, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("Usage: idn-run PACKAGE INPUT")
    version = ran(tmp_path, "--version").stdout
    assert re.fullmatch(r"idn-run \d+\.\d+\.\d+, torch \d+\.\d+\.\d+\n", version)


@pytest.mark.skipif(shutil.which("ldd") is None, reason="ldd is not there")
def test_no_python_is_linked() -> None:
    linked = subprocess.run(["ldd", str(PROGRAM)], capture_output=True, text=True, check=True).stdout
    assert "libtorch_cpu.so => " in linked
    assert "libidn_torch.so => " in linked
    assert "not found" not in linked
    assert "python" not in re.sub(r"=> \S*", "", linked).lower()
    assert "libtorch_cuda" not in linked  # gigabytes, for those who ask for them
    if torch.version.cuda is None:  # else torch's part for the CPU links some of CUDA itself
        assert "cuda" not in re.sub(r"=> \S*", "", linked).lower()


def test_the_pages_name_no_option_that_is_not_there(tmp_path: Path) -> None:
    pages = Path(__file__).resolve().parents[2] / "docs"
    lines = re.findall(r"^idn-run .*$", (pages / "idn-run.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) > 3
    known = set(re.findall(r"--\w+", ran(tmp_path, "--help").stdout))
    for line in lines:
        assert set(re.findall(r"--\w+", line)) <= known, line
