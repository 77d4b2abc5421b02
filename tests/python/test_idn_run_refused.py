"""`idn-run` refuses in one line what it cannot do, with a code."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from idn._native import extension
from idn.graph import Graph
from idn_runs import FLAT, PROGRAM, WEIGHTS, features, files, network, policy, ran, refused
from packages import B


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


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch computes on CUDA here")
def test_cuda_is_refused_where_there_is_none(tmp_path: Path) -> None:
    files(tmp_path)
    words = ["model.safetensors", "x.npy", "--device", "cuda"]
    if torch.version.cuda is None:
        message = refused(tmp_path, 1, *words)
        assert message.startswith("torch can't compute on CUDA here: libtorch_cuda.so")
    else:
        message = refused(tmp_path, 2, *words)
        assert message.startswith("device is cuda, expected cpu; torch sees no cuda device here.")


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
    assert result.stderr == "idn-run: cannot write to stdout: No space left on device.\n"
    with Path("/dev/full").open("w") as full:
        asked = subprocess.run([str(PROGRAM), "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (asked.returncode, asked.stderr) == (1, "idn-run: cannot write to stdout.\n")


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
