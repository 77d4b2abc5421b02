"""`idn-run`: the program answers what the engine in Python does, and says what is wrong, without Python."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

import idn
from idn import exits
from idn._native import extension
from idn.exits import policy_file
from idn.graph import Graph
from packages import B, two_exits

PROGRAM = Path(sys.executable).with_name("idn-run")
WEIGHTS = "cd" * 32
CLASSES = ["cat", 'a "dog"', "\x1b[31mred, \u202ered"]
FLAT = 12


def network(*, provenance: dict[str, str] | None = None, classes: list[str] | None = None) -> Graph:
    """Two exits on (B, 12) inputs within 0 and 1: scores of a linear layer, and sharper ones of a second."""
    generator = torch.Generator().manual_seed(1)
    builder = extension.graph.GraphBuilder()
    x = builder.add_input("features", "F32", [B, FLAT], (0.0, 1.0))
    first = builder.add_constant("first", torch.randn((3, FLAT), generator=generator))
    second = builder.add_constant("second", 3 * torch.randn((3, FLAT), generator=generator))
    (early,) = builder.add_node("linear", [x, first])
    (late,) = builder.add_node("linear", [x, second])
    (final,) = builder.add_node("add", [early, late])
    builder.add_exit("early", early)
    builder.add_exit("final", final)
    if provenance is None:
        provenance = {"weights_sha256": WEIGHTS}
    return Graph(builder.finish(classes=CLASSES if classes is None else classes, provenance=provenance))


def features(samples: int = 150) -> torch.Tensor:
    return torch.rand((samples, FLAT), generator=torch.Generator().manual_seed(2))


def policy(graph: Graph, path: Path, weights: str = WEIGHTS) -> exits.Policy:
    """A policy by which about half of the features leave early; its file at `path`."""
    x = features()
    logits = torch.stack(graph.run(x), dim=1).numpy()
    chosen = exits.Confidence([float(np.median(torch.softmax(graph.run(x)[0], dim=1).amax(dim=1)))])
    policy_file.PolicyFile.of(
        chosen,
        logits,
        logits[:, -1].argmax(axis=1).astype(np.int64),
        [10.0, 20.0],
        asked=policy_file.MaxDrop(points=1.0),
        weights_sha256=weights,
    ).save(path)
    return chosen


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(PROGRAM), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def refused(folder: Path, code: int, *words: str) -> str:
    """The one line that a refusal is."""
    result = ran(folder, *words)
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("idn-run: ")
    assert line.isprintable()
    return line.removeprefix("idn-run: ")


def files(folder: Path) -> Graph:
    """A package, its inputs and its policy."""
    graph = network()
    graph.save(folder / "model.safetensors")
    np.save(folder / "x.npy", features().numpy())
    policy(graph, folder / "policy.json")
    return graph


def of_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def expect_the_same(lines: list[dict[str, Any]], answers: Any) -> None:
    assert [line["label"] for line in lines] == answers.labels.tolist()
    assert [line["exit"] for line in lines] == answers.exits.tolist()
    assert [line["operations"] for line in lines] == answers.operations.tolist()
    found = torch.tensor([line["confidence"] for line in lines], dtype=torch.float64)
    # Another batch may add the products of a linear layer in another order.
    torch.testing.assert_close(found, answers.confidences, rtol=1e-5, atol=0)


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


def two_inputs(folder: Path) -> None:
    """A package of two inputs, of which one grows twice as fast as the batch, and one that does not grow."""
    builder = extension.graph.GraphBuilder()
    image = builder.add_input("image", "F32", [B, 4])
    pair = builder.add_input("pair", "F32", [(2, 0), 4])
    bias = builder.add_input("bias", "F32", [4])
    (parts,) = builder.add_node("reshape", [pair], {"shape": [B, 2, 4]})
    (mean,) = builder.add_node("reduce_mean", [parts], {"axes": [1]})
    (both,) = builder.add_node("add", [image, mean])
    (final,) = builder.add_node("add", [both, bias])
    builder.add_exit("final", final)
    Graph(builder.finish()).save(folder / "m")


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


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (
            np.zeros((4, 12), np.uint8),
            "images in bytes are not scaled here: save them as the model was trained",
        ),
        (np.zeros((4, 12), np.float16), "convert it with array.astype('float32')"),
        (np.zeros((4, 12), np.int64), "x.npy holds int64 (4, 12); convert it"),
        (
            np.zeros((4, 11), np.float32),
            "input 'features' takes F32 (B, 12), and x.npy holds float32 (4, 11).",
        ),
        (np.zeros((4, 3, 4), np.float32), "x.npy holds float32 (4, 3, 4): another number of sizes."),
        (np.zeros(12, np.float32), "x.npy holds float32 (12): another number of sizes."),
        (np.full((4, 12), np.nan, np.float32), "in the batch of samples 0 to 3: input 'features' holds NaN"),
        (np.full((4, 12), 2, np.float32), "expected values from 0 to 1 as the model was made for"),
    ],
)
def test_an_array_that_the_model_does_not_take_is_refused(tmp_path: Path, array: Any, said: str) -> None:
    network().save(tmp_path / "m")
    np.save(tmp_path / "x.npy", array)
    assert said in refused(tmp_path, 2, "m", "x.npy", "--out", "a.npy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "x.npy"]


def test_what_is_wrong_in_a_later_batch_is_found_there(tmp_path: Path) -> None:
    network().save(tmp_path / "m")
    x = features(100).numpy()
    x[70, 3] = np.nan
    np.save(tmp_path / "x.npy", x)
    result = ran(tmp_path, "m", "x.npy", "--batch", "32")
    assert result.returncode == 2
    assert len(result.stdout.splitlines()) == 64
    assert "in the batch of samples 64 to 95: input 'features' holds NaN" in result.stderr


def test_an_input_that_is_missing_or_damaged_has_a_code_of_its_own(tmp_path: Path) -> None:
    files(tmp_path)
    assert "No such file" in refused(tmp_path, 3, "model.safetensors", "none.npy")
    assert "expected a .npy or HDF5 file" in refused(tmp_path, 3, "model.safetensors", "policy.json")
    assert "directory" in refused(tmp_path, 3, "model.safetensors", ".")
    whole = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-1])
    message = refused(tmp_path, 3, "model.safetensors", "cut.npy")
    assert "at byte 128: the array takes 7200 bytes, and 7199 follow the header." in message
    np.save(tmp_path / "double.npy", features().double().numpy())
    assert "'<f8', expected one of float32" in refused(tmp_path, 3, "model.safetensors", "double.npy")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("features", data=features().numpy(), chunks=(150, FLAT), fletcher32=True)
    damaged = bytearray((tmp_path / "x.h5").read_bytes())
    at = damaged.find(features().numpy()[3].tobytes())
    damaged[at] ^= 1
    (tmp_path / "x.h5").write_bytes(damaged)
    assert "x.h5" in refused(tmp_path, 3, "model.safetensors", "x.h5")
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    assert refused(tmp_path, 3, "model.safetensors", "empty.h5") == "empty.h5 holds no array."


def test_a_package_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    files(tmp_path)
    assert "No such file" in refused(tmp_path, 1, "none", "x.npy")
    (tmp_path / "cut").write_bytes((tmp_path / "model.safetensors").read_bytes()[:-8])
    assert "cut is no package that can be run: at byte " in refused(tmp_path, 1, "cut", "x.npy")


def test_a_policy_of_another_network_is_refused(tmp_path: Path) -> None:
    graph = files(tmp_path)
    words = ["model.safetensors", "x.npy", "--policy"]
    policy(graph, tmp_path / "other.json", "ef" * 32)
    message = refused(tmp_path, 1, *words, "other.json")
    assert f"its weights_sha256 is {'ef' * 32}, the network's is {WEIGHTS}" in message
    assert "No such file" in refused(tmp_path, 1, *words, "none.json")
    assert "no regular file" in refused(tmp_path, 1, *words, ".")
    (tmp_path / "damaged.json").write_text((tmp_path / "policy.json").read_text()[:-9])
    assert "can't be used: at byte " in refused(tmp_path, 1, *words, "damaged.json")
    network(provenance={}).save(tmp_path / "nameless")
    message = refused(tmp_path, 1, "nameless", "x.npy", "--policy", "policy.json")
    assert "the package does not say which weights it was exported from" in message


def test_names_of_a_package_do_not_reach_the_terminal(tmp_path: Path) -> None:
    two_exits("\u202eexit\u0085", size=2).save(tmp_path / "m")
    np.save(tmp_path / "x.npy", np.ones((1, 3, 2, 2), np.float32))
    result = ran(tmp_path, "m", "x.npy")
    assert result.returncode == 0
    assert "?exit?" in result.stderr
    for text in (result.stdout, result.stderr, ran(tmp_path, "m", "x.npy", "--json").stdout):
        assert text.replace("\n", "").replace("\t", "").isprintable()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "PACKAGE and INPUT are missing. `idn-run --help` says more."),
        (["--bacth", "3"], "there is no option '--bacth'. `idn-run --help` says more."),
        (["m", "x.npy", "--batch", "0"], "--batch is '0', expected a whole number from 1 to 1048576."),
        (["m", "x.npy", "--device", "tpu"], "--device is 'tpu', expected cpu, cuda or cuda:N."),
        (["m", "x.npy", "--device", "cuda:x"], "--device is 'cuda:x', expected cpu, cuda or cuda:N."),
    ],
)
def test_wrong_usage_is_one_line(tmp_path: Path, words: list[str], said: str) -> None:
    assert refused(tmp_path, 2, *words).startswith(said)


@pytest.mark.skipif(torch.version.cuda is not None, reason="this torch has CUDA")
def test_cuda_is_refused_where_torch_has_none(tmp_path: Path) -> None:
    files(tmp_path)
    message = refused(tmp_path, 1, "model.safetensors", "x.npy", "--device", "cuda")
    assert message.startswith("torch can't compute on CUDA here: libtorch_cuda.so")


def test_a_batch_above_the_limits_is_refused_before_anything_is_allocated(tmp_path: Path) -> None:
    """A value of a megabyte for each sample: the 16 GiB of the limits end below 2^14 of them."""
    builder = extension.graph.GraphBuilder()
    x = builder.add_input("x", "F32", [B, 2])
    wide = builder.add_constant("wide", torch.zeros(1, 1 << 18))
    (column,) = builder.add_node("slice", [x], {"axis": 1, "start": 0, "stop": 1, "step": 1})
    (large,) = builder.add_node("add", [column, wide])
    (small,) = builder.add_node("reduce_mean", [large], {"axes": [1], "keep": True})
    (final,) = builder.add_node("add", [x, small])
    builder.add_exit("final", final)
    Graph(builder.finish()).save(tmp_path / "m")
    np.save(tmp_path / "x.npy", np.zeros((1 << 14, 2), np.float32))
    message = refused(tmp_path, 2, "m", "x.npy", "--batch", str(1 << 14))
    assert message.startswith("a batch of 16384 is above the limits on memory and operations")
    assert message.endswith("--batch has to be at most that.")


def test_a_place_that_cannot_be_written_is_known_before_anything_is_computed(tmp_path: Path) -> None:
    files(tmp_path)
    for option in ("--out", "--logits"):
        message = refused(tmp_path, 1, "model.safetensors", "x.npy", option, "none/a.npy")
        assert "its folder" in message
    with Path("/dev/full").open("w") as full:
        command = [str(PROGRAM), "model.safetensors", "x.npy"]
        result = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert "cannot write to stdout: No space left on device." in result.stderr


@pytest.mark.parametrize(
    ("words", "option", "other"),
    [
        (["x.npy", "--out", "new.npy", "--logits", "./new.npy"], "--logits", "--out"),
        (["x.npy", "--out", "to/a.npy", "--logits", "a.npy"], "--logits", "--out"),
        (["x.npy", "--out", "x.npy"], "--out", "INPUT"),
        (["x.npy", "--logits", "hard.npy"], "--logits", "INPUT"),
        (["x.npy", "--logits", "soft.npy"], "--logits", "INPUT"),
        (["--input", "features=x.npy", "--out", "to/x.npy"], "--out", "--input features"),
        (["x.npy", "--out", "model.npy"], "--out", "PACKAGE"),
        (["x.npy", "--policy", "policy.json", "--out", "policy.json"], "--out", "--policy"),
    ],
)
def test_no_file_is_written_over_another_that_is_given(
    tmp_path: Path, words: list[str], option: str, other: str
) -> None:
    files(tmp_path)
    (tmp_path / "model.npy").symlink_to("model.safetensors")
    (tmp_path / "soft.npy").symlink_to("x.npy")
    (tmp_path / "hard.npy").hardlink_to(tmp_path / "x.npy")
    (tmp_path / "to").symlink_to(".")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    message = refused(tmp_path, 2, "model.safetensors", *words)
    path = words[words.index(option) + 1]
    assert message == f"{option} is '{path}', the file that is given as {other}, expected another."
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


def test_a_bool_that_is_neither_0_nor_1_is_an_input_that_is_refused(tmp_path: Path) -> None:
    builder = extension.graph.GraphBuilder()
    mask = builder.add_input("mask", "BOOL", [B, 2])
    (floats,) = builder.add_node("cast", [mask], {"dtype": "F32"})
    builder.add_exit("exit", floats)
    Graph(builder.finish()).save(tmp_path / "m")
    np.save(tmp_path / "x.npy", np.array([[0, 1], [3, 1]], np.uint8).view(np.bool_))
    assert "a bool is 3, neither 0 nor 1" in refused(tmp_path, 3, "m", "x.npy")


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
    assert "cuda" not in re.sub(r"=> \S*", "", linked).lower()


def test_the_pages_name_no_option_that_is_not_there(tmp_path: Path) -> None:
    pages = Path(__file__).resolve().parents[2] / "docs"
    lines = re.findall(r"^idn-run .*$", (pages / "idn-run.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(lines) > 3
    known = set(re.findall(r"--\w+", ran(tmp_path, "--help").stdout))
    for line in lines:
        assert set(re.findall(r"--\w+", line)) <= known, line
