"""The graph's Python face: what a builder refuses and a package tells, and reading what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

import idn
from idn._native import extension
from idn.errors import PackageError, StoreError
from idn.graph import Graph, Limits

BATCH = (1, 0)


def builder_with_input() -> Any:
    builder = extension.graph.GraphBuilder()
    assert builder.add_input("images", "F32", [BATCH, 1, 4, 4], range=(-1.0, 1.0)) == 0
    return builder


def two_exits(**known: Any) -> Graph:
    """flatten -> linear (exit "early") -> relu -> linear (exit "final")."""
    generator = torch.Generator().manual_seed(0)
    builder = builder_with_input()
    first = builder.add_constant("first", torch.randn(3, 16, generator=generator))
    second = builder.add_constant("second", torch.randn(3, 3, generator=generator))
    (flat,) = builder.add_node("reshape", [0], {"shape": [BATCH, 16]}, tier="device")
    (early,) = builder.add_node("linear", [flat, first, None], tier="device")
    (active,) = builder.add_node("relu", [early])
    (final,) = builder.add_node("linear", [active, second, None])
    builder.add_exit("early", early)
    builder.add_exit("final", final)
    return Graph(builder.finish(**known))


def test_a_saved_graph_is_read_as_it_was(tmp_path: Path) -> None:
    made = two_exits(classes=["cat", "dog", "é"], licence="MIT", provenance={"by": "a test"})
    made.save(tmp_path / "model.safetensors")
    read = idn.load(tmp_path / "model.safetensors")
    assert read.bytes() == made.bytes()
    assert read.exits == ("early", "final")
    assert read.classes == ("cat", "dog", "é")
    assert read.class_count == 3
    assert (read.licence, read.provenance) == ("MIT", {"by": "a test"})
    assert read.inputs == made.inputs
    assert read.inputs[0].range == (-1.0, 1.0)
    assert [node.operator for node in read.nodes] == ["reshape", "linear", "relu", "linear"]
    assert [node.tier for node in read.nodes] == ["device", "device", "", ""]


def test_the_ordinary_safetensors_library_reads_the_weights(tmp_path: Path) -> None:
    made = two_exits()
    made.save(tmp_path / "model.safetensors")
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert sorted(file.keys()) == ["first", "second"]
        assert torch.equal(file.get_tensor("first"), made.package.tensor("first"))


def test_segments_hold_each_operator_once_and_what_crosses_their_end() -> None:
    first, second = two_exits().segments
    assert (first.exit, second.exit) == ("early", "final")
    assert (first.nodes, second.nodes) == ((0, 1), (2, 3))
    assert first.live_bytes == 3 * 4  # the early exit's logits, which the rest reads
    assert second.live == ()
    assert (first.parameter_bytes, second.parameter_bytes) == (3 * 16 * 4, 3 * 3 * 4)


def test_operations_count_a_multiply_add_as_two_and_grow_with_the_batch() -> None:
    graph = two_exits()
    assert graph.operations() == 2 * 3 * 16 + 3 + 2 * 3 * 3
    assert graph.operations(batch=5) == 5 * graph.operations(1)
    assert sum(segment.operations for segment in graph.segments) == graph.operations()
    with pytest.raises(ValueError, match="batch is -1"):
        graph.operations(-1)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "said"),
    [
        ("linaer", [0], {}, "there is no operator 'linaer'"),
        ("relu", [0], {"slope": 1.0}, "takes no attribute 'slope'"),
        ("leaky_relu", [0], {"slope": "steep"}, "'slope' of 'leaky_relu' is 'steep'"),
        ("relu", [7], {}, "7"),
        ("reshape", [0], {"shape": [BATCH, 15]}, "has not as many elements"),
    ],
)
def test_a_refused_operator_says_why_and_leaves_the_builder_as_it_was(
    operator: str, inputs: list[int], attributes: dict[str, Any], said: str
) -> None:
    builder = builder_with_input()
    with pytest.raises(ValueError, match=said):
        builder.add_node(operator, inputs, attributes)
    assert builder.add_node("relu", [0]) == [1]


def test_what_no_package_holds_is_refused() -> None:
    builder = builder_with_input()
    with pytest.raises(ValueError, match="convert it to float32"):
        builder.add_constant("weight", torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="type 'F64' is none of"):
        builder.add_input("more", "F64", [BATCH])
    with pytest.raises(ValueError, match="value 9 is none of the 1"):
        builder.add_exit("final", 9)


def test_a_file_that_is_no_package_and_one_that_is_missing_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no package at all")
    with pytest.raises(PackageError, match=r"text is refused at byte"):
        idn.load(tmp_path / "text")
    with pytest.raises(StoreError, match="cannot be opened"):
        idn.load(tmp_path / "nothing")


def test_a_package_above_a_limit_is_refused_before_it_is_used(tmp_path: Path) -> None:
    two_exits().save(tmp_path / "model.safetensors")
    limits = Limits()
    limits.operations = 10
    with pytest.raises(PackageError, match="above the limit of 10"):
        idn.load(tmp_path / "model.safetensors", limits=limits)


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="missing/model.safetensors cannot be written"):
        two_exits().save(tmp_path / "missing" / "model.safetensors")
