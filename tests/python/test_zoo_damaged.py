"""Packages and cards of the zoo that are damaged, or of another network, are refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from idn import zoo
from idn._native import extension
from idn.errors import StoreError
from idn.zoo import cards, loading, packages
from zoo_script import DIGITS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo with a copy of the network on digits alone."""
    for suffix in ("json", "safetensors"):
        shutil.copy(cards.FOLDER / f"{DIGITS}.{suffix}", tmp_path)
    monkeypatch.setattr(cards, "FOLDER", tmp_path)
    return tmp_path


def rewrite_card(folder: Path, **changes: Any) -> None:
    path = folder / f"{DIGITS}.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


def forge(folder: Path, content: bytes) -> None:
    """Puts in a package whose digest the card confirms."""
    (folder / f"{DIGITS}.safetensors").write_bytes(content)
    rewrite_card(folder, sha256=hashlib.sha256(content).hexdigest())


def test_a_damaged_package_is_refused(folder: Path) -> None:
    path = folder / f"{DIGITS}.safetensors"
    content = path.read_bytes()
    assert zoo.load(DIGITS).exit_count == 2
    for damaged in (content[:-1], content + b"\0", content[:-1] + bytes([content[-1] ^ 1]), b""):
        path.write_bytes(damaged)
        with pytest.raises(
            StoreError, match=r"b_lenet_digits\.safetensors is damaged or another file: its SHA"
        ):
            zoo.load(DIGITS)
    path.write_bytes(bytes(packages.MAX_BYTES + 1))
    with pytest.raises(StoreError, match="is larger than 8388608 bytes"):
        zoo.load(DIGITS)
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read: No such file"):
        zoo.load(DIGITS)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08" + bytes(7),
        b"\xff" * 64,
        (2**40).to_bytes(8, "little") + b"{}",
        b"\x02" + bytes(7) + b"[]",
    ],
    ids=["empty", "cut short", "ones", "a header of a terabyte", "a list for a header"],
)
def test_what_is_no_package_is_refused(folder: Path, content: bytes) -> None:
    forge(folder, content)
    with pytest.raises(StoreError, match="is no package: "):
        zoo.load(DIGITS)


def test_the_package_of_another_network_is_refused(folder: Path) -> None:
    other = dataclasses.replace(zoo.card(DIGITS), name="another")
    forge(folder, packages.to_bytes(zoo.load(DIGITS), other))
    for ask in (zoo.load, zoo.graph):
        with pytest.raises(StoreError, match="says it is 'another', expected 'b_lenet_digits'"):
            ask(DIGITS)


def holding(tensors: dict[str, torch.Tensor]) -> bytes:
    """A package that says it is the network on digits, and holds these."""
    builder = extension.graph.GraphBuilder()
    scores = builder.add_input("input", "F32", [(1, 0), 10])
    held = [builder.add_constant(name, tensors[name].detach()) for name in sorted(tensors)]
    for value, name in zip(held, sorted(tensors), strict=True):  # what no exit needs is not kept
        (single,) = builder.add_node("cast", [value], {"dtype": "F32"})
        axes = list(range(tensors[name].dim()))
        (total,) = builder.add_node("reduce_sum", [single], {"axes": axes, "keep": False})
        (scores,) = builder.add_node("add", [scores, total])
    builder.add_exit("output", scores)
    return bytes(builder.finish(provenance={"zoo": DIGITS}).bytes())


def test_a_package_that_does_not_fit_the_network_is_refused(folder: Path) -> None:
    tensors = zoo.load(DIGITS).state_dict()
    bias = tensors["trunk.linear2.bias"]
    without = {name: value for name, value in tensors.items() if name != "trunk.linear2.bias"}
    for other, message in (
        (without, r"trunk\.linear2\.bias is missing, .* has torch\.float32 \(10,\)"),
        (tensors | {"more": bias.clone()}, r"more is torch\.float32 \(10,\), .* has missing"),
        (tensors | {"trunk.linear2.bias": bias[:9]}, r"bias is torch\.float32 \(9,\), .* \(10,\)"),
        (tensors | {"trunk.linear2.bias": bias.half()}, r"bias is torch\.float16 \(10,\)"),
    ):
        forge(folder, holding(other))
        with pytest.raises(StoreError, match=message):
            zoo.load(DIGITS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"more": 1}, "is damaged: more: "),
        ({"model": 3}, "is damaged: model: "),
        ({"trunk_macs": "many"}, "is damaged: trunk_macs: "),
        ({"std": [0.0]}, r"is damaged: std\.0: "),
        ({"mean": [float("nan")]}, r"is damaged: mean\.0: "),
        ({"mean": [1.0, 2.0]}, "mean: found 2, expected 1"),
        ({"thresholds": []}, "thresholds: found 0, expected 1"),
        ({"input_shape": [1, 8, 100_000]}, r"is damaged: input_shape\.2: "),
        ({"input_shape": [1, 8, 9]}, r"input_shape\[2\]: found 9, expected 8"),
        ({"options": {"classes": 10}}, r"options\.in_channels: found None, expected 1"),
        ({"classes": ["0", "1"]}, r"options\.classes: found 10, expected 2"),
        ({"sha256": "0"}, "is damaged: sha256: "),
        ({"name": "another"}, "is the card of 'another', not of 'b_lenet_digits'"),
        ({"note": "x" * cards.MAX_BYTES}, "is larger than 65536 bytes, so it is no card"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_damaged_card_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    rewrite_card(folder, **changes)
    with pytest.raises(StoreError, match=message):
        zoo.card(DIGITS)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 60_000])
def test_what_is_no_card_is_refused(folder: Path, content: bytes) -> None:
    (folder / f"{DIGITS}.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"b_lenet_digits\.json is damaged"):
        zoo.card(DIGITS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "b_lanet"}, "cannot be built: model 'b_lanet' is unknown"),
        ({"model": "lenet"}, r"names the exits \['conv1', 'output'\], which lenet has not"),
        ({"model": "b_alexnet"}, r"names the exits \['conv1', 'output'\], which b_alexnet has not"),
    ],
    ids=["unknown", "without exits", "other exits"],
)
def test_a_card_of_a_network_that_is_not_there_is_refused(
    folder: Path, changes: dict[str, Any], message: str
) -> None:
    rewrite_card(folder, **changes)
    with pytest.raises(StoreError, match=message):
        loading.load(DIGITS)
