"""What is wrong with a package, each with its own error: damaged, of the future, over a limit, hostile."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import idn
from idn._native import extension
from idn.errors import PackageError, StoreError
from idn.graph import Graph, Limits

BATCH = (1, 0)
Package = extension.graph.Package


def made() -> Graph:
    """A linear layer with an exit, and a slope after it with another."""
    builder = extension.graph.GraphBuilder()
    image = builder.add_input("image", "F32", [BATCH, 4], range=(-1.0, 1.0))
    weight = builder.add_constant("weight", torch.arange(12, dtype=torch.float32).reshape(3, 4))
    (early,) = builder.add_node("linear", [image, weight])
    (final,) = builder.add_node("leaky_relu", [early], {"slope": 0.25})
    builder.add_exit("early", early)
    builder.add_exit("final", final)
    return Graph(builder.finish(classes=["cat", "dog", "eel"], licence="MIT"))


WHOLE = made().bytes()
LENGTH = int.from_bytes(WHOLE[:8], "little")
HEADER, TENSORS = WHOLE[8 : 8 + LENGTH], WHOLE[8 + LENGTH :]


def file(header: bytes, tensors: bytes = TENSORS) -> bytes:
    """A file of a header, however wrong that is, with its length right."""
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + tensors


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def with_graph(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The package with something in its graph changed."""
    header = json.loads(HEADER)
    graph = json.loads(header["__metadata__"]["idn.graph"])
    change(graph)
    header["__metadata__"]["idn.graph"] = canonical(graph)
    return file(canonical(header).encode())


def with_header(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The package with something beside its graph changed."""
    header = json.loads(HEADER)
    change(header)
    return file(canonical(header).encode())


def test_the_helpers_of_these_tests_write_as_the_package_is_written() -> None:
    assert with_graph(lambda _: None) == with_header(lambda _: None) == WHOLE


GRAPHS = {
    "of the future": (lambda g: g.update(format=2), "of format 2, newer than the 1 that is read here"),
    "of no format": (lambda g: g.update(format=0), "no format 0"),
    "without a format": (lambda g: g.pop("format"), "has no 'format'"),
    "without exits": (lambda g: g.update(exits=[]), "no exit"),
    "with a part nobody knows": (lambda g: g.update(extra=1), "says more than is known here"),
    "with an unknown operator": (
        lambda g: g["nodes"][0].update(operator="system"),
        "node 0 is the operator 'system' of version 1, which is not known here",
    ),
    "with an operator of the future": (
        lambda g: g["nodes"][1].update(version=2),
        "node 1 is the operator 'leaky_relu' of version 2, which is not known here",
    ),
    "with an unknown attribute": (
        lambda g: g["nodes"][1]["attributes"].update(trap=1),
        r"attribute 'trap' of node 1 \(leaky_relu\) is none that it takes",
    ),
    "with an attribute of another kind": (
        lambda g: g["nodes"][1]["attributes"].update(slope="steep"),
        "attribute 'slope' of node 1 is not a number with a point",
    ),
    "with a value that comes later": (
        lambda g: g["nodes"][0].update(inputs=[3, 1]),
        "node 0: value 3 is not there yet",
    ),
    "with a negative value": (lambda g: g["nodes"][0].update(inputs=[-1, 1]), "node 0 is no value"),
    "with a negative size": (
        lambda g: g["inputs"][0].update(shape=[[1, 0], -4]),
        "input 0 holds a size out of range",
    ),
    "with a size beyond 64 bits": (
        lambda g: g["inputs"][0].update(shape=[[1, 0], 2**64]),
        "not an integer|out of range",
    ),
    "with an unknown type": (lambda g: g["inputs"][0].update(dtype="F64"), "'F64', which is not spoken here"),
    "with a range the wrong way round": (
        lambda g: g["inputs"][0].update(range=[1.0, -1.0]),
        "range of input 0 is empty",
    ),
    "with shapes that do not fit": (
        lambda g: g["inputs"][0].update(shape=[[1, 0], 5]),
        r"node 0: linear: input 1 \(weight\) has the shape \(3, 4\)",
    ),
    "with too few labels": (lambda g: g["classes"].pop(), "not a list of 3 labels"),
    "with a default that is said": (
        lambda g: g["nodes"][1].update(attributes={"slope": 0.01}),
        "not in its canonical form",
    ),
}


@pytest.mark.parametrize("what", GRAPHS)
def test_a_graph_is_refused(what: str) -> None:
    change, reason = GRAPHS[what]
    with pytest.raises(PackageError, match=reason):
        Package.from_bytes(with_graph(change))


HEADERS = {
    "of another shape than its tensor": (
        lambda h: h["weight"].update(shape=[4, 4]),
        "tensor 'weight' lies from 0 to 48, expected from 0 to 64",
    ),
    "of another type": (lambda h: h["weight"].update(dtype="F64"), "of a type that is not spoken here"),
    "with offsets beyond the file": (
        lambda h: h["weight"].update(data_offsets=[0, 2**63]),
        "tensor 'weight' lies from 0 to 9223372036854775808",
    ),
    "with offsets the wrong way round": (
        lambda h: h["weight"].update(data_offsets=[48, 0]),
        "tensor 'weight' lies from 48 to 0",
    ),
    "with a negative offset": (
        lambda h: h["weight"].update(data_offsets=[-1, 47]),
        "an offset that is no number",
    ),
    "with a negative size": (lambda h: h["weight"].update(shape=[-3, -4]), "a size out of range"),
    "with sizes whose product overflows": (
        lambda h: h["weight"].update(shape=[2**31 - 1] * 3),
        "too many elements",
    ),
    "without its tensor": (lambda h: h.pop("weight"), "the tensors take 0 bytes, and 48 follow"),
    "with other metadata": (lambda h: h["__metadata__"].update(format="pt"), "no package of idn"),
    "without metadata": (lambda h: h.pop("__metadata__"), "no package of idn"),
}


@pytest.mark.parametrize("what", HEADERS)
def test_a_header_is_refused(what: str) -> None:
    change, reason = HEADERS[what]
    with pytest.raises(PackageError, match=reason):
        Package.from_bytes(with_header(change))


FILES = {
    "is empty": (b"", "cut off in the length of its header"),
    "ends in the length of its header": (WHOLE[:7], "cut off in the length of its header"),
    "ends in its header": (WHOLE[: 8 + LENGTH // 2], "cut off in its header"),
    "ends in its tensors": (WHOLE[:-1], "the tensors take 48 bytes, and 47 follow the header"),
    "goes on after its tensors": (WHOLE + b"\0", "the tensors take 48 bytes, and 49 follow the header"),
    "claims the longest header": (b"\xff" * 8 + WHOLE[8:], "header is above the limit"),
    "has a header that is no JSON": (file(HEADER[:-1] + b"]"), "the header is no JSON"),
    "has a header that is no object": (file(b"[]"), "the header is no object"),
    "has a header that is not UTF-8": (file(HEADER.replace(b"eel", b"e\xc3l")), "no JSON|not UTF-8"),
    "has a key twice": (file(HEADER.rstrip()[:-1] + b"," + HEADER.lstrip()[1:]), "not in its canonical form"),
    "has its header in another order": (
        file(json.dumps(dict(reversed(json.loads(HEADER).items())), separators=(",", ":")).encode()),
        "not in its canonical form",
    ),
    "has spaces in its header": (
        file(json.dumps(json.loads(HEADER), sort_keys=True).encode()),
        "canonical form",
    ),
    "is padded for longer than needed": (file(HEADER + b" " * 8), "canonical form"),
    "is a pickle": (pickle.dumps({"weight": [0.0] * 8}), "cut off in its header|header is above the limit"),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_is_refused_which(what: str, tmp_path: Path) -> None:
    data, reason = FILES[what]
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(PackageError, match=f"{re.escape(str(path))} is refused at byte \\d+: .*({reason})"):
        idn.load(path)
    with pytest.raises(PackageError, match=reason):
        Package.from_bytes(data)


def taken(data: bytes) -> Any:
    """The package, or nothing where it is refused, which then says where and why."""
    try:
        return Package.from_bytes(data)
    except PackageError as refused:
        message = str(refused)
    assert re.search(r"refused at byte \d+: \S", message)
    return None


def test_no_byte_of_a_header_changes_unseen() -> None:
    before = json.loads(made().package.json)
    for at in range(8 + LENGTH):
        for change in (1, 0x20, 0x80):
            data = bytearray(WHOLE)
            data[at] ^= change
            read = taken(bytes(data))
            if read is None:
                continue
            # Another package, as a name with another letter, and written as it came.
            assert read.bytes() == data
            assert (json.loads(read.json), [one["name"] for one in read.constants]) != (before, ["weight"])


def test_a_changed_byte_of_a_tensor_is_that_of_another_model() -> None:
    data = bytearray(WHOLE)
    data[-1] ^= 0x80
    read = Package.from_bytes(bytes(data))
    assert not torch.equal(read.tensor("weight"), made().package.tensor("weight"))


def test_a_file_is_refused_wherever_it_ends() -> None:
    for size in range(len(WHOLE)):
        with pytest.raises(PackageError, match="refused at byte"):
            Package.from_bytes(WHOLE[:size])


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("file_bytes", len(WHOLE) - 1, f"the file is above the limit of {len(WHOLE) - 1} bytes"),
        ("header_bytes", LENGTH - 1, f"the header is above the limit of {LENGTH - 1} bytes"),
        ("operations", 26, "27 operations at a batch of 1, above the limit of 26"),
        ("peak_bytes", 20, "bytes at once at a batch of 1, above the limit of 20"),
    ],
)
def test_a_limit_is_kept(name: str, value: int, reason: str, tmp_path: Path) -> None:
    made().save(tmp_path / "model.safetensors")
    limits = Limits()
    setattr(limits, name, value)
    with pytest.raises(PackageError, match=reason):
        idn.load(tmp_path / "model.safetensors", limits=limits)
    setattr(limits, name, 10 * value)
    assert idn.load(tmp_path / "model.safetensors", limits=limits).exits == ("early", "final")


def test_a_file_that_cannot_be_read_is_another_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        idn.load(tmp_path / "absent.safetensors")
    with pytest.raises(StoreError, match="no regular file"):
        idn.load(tmp_path)


INPUTS = {
    "is missing": ([], "1 input, '.*', not 0"),
    "is one too many": ([torch.zeros(1, 4)] * 2, "1 input, '.*', not 2"),
    "has another number of axes": ([torch.zeros(4)], "'image' has 1 dimensions"),
    "has another size": ([torch.zeros(2, 5)], r"'image' has the shape \(2, 5\), expected F32 \(B, 4\)"),
    "is of another type": (
        [torch.zeros(2, 4, dtype=torch.float64)],
        r"'image' is of .*expected F32 \(B, 4\)",
    ),
    "is on another device": ([torch.zeros(2, 4, device="meta")], "'image' is on meta, expected cpu"),
    "holds NaN": ([torch.tensor([[0.0, float("nan"), 0.0, 0.0]])], "'image' holds NaN"),
    "is out of its range": (
        [torch.tensor([[0.0, 1.5, 0.0, 0.0]])],
        "'image' holds 1.5, expected values from -1",
    ),
    "is sparse": ([torch.zeros(2, 4).to_sparse()], "'image' is no plain dense tensor"),
}


@pytest.mark.parametrize("what", INPUTS)
def test_an_input_is_refused_which(what: str) -> None:
    tensors, reason = INPUTS[what]
    with pytest.raises(ValueError, match=reason):
        made().run(*tensors)


def test_a_bool_that_is_neither_true_nor_false_is_refused() -> None:
    builder = extension.graph.GraphBuilder()
    image = builder.add_input("image", "F32", [BATCH, 2])
    mask = builder.add_constant("mask", torch.tensor([True, False]))
    (masked,) = builder.add_node("select", [mask, image, image])
    builder.add_exit("masked", masked)
    whole = builder.finish().bytes()
    assert whole[-2:] == b"\x01\x00"
    Package.from_bytes(whole)
    with pytest.raises(PackageError, match="tensor 'mask' holds a bool that is 247, neither 0 nor 1"):
        Package.from_bytes(whole[:-1] + b"\xf7")
