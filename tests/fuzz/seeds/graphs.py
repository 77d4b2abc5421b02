"""Inputs for the targets of graph: packages, the texts of graphs, and decisions of which a graph is made."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence

from .common import BYTES, TEXT

Json = Mapping[str, object]
BATCH = [1, 0]
FILLED = {"F32": b"\0\0\x80\x3f", "I64": b"\x01" + b"\0" * 7, "BOOL": b"\x01", "U8": b"\x07"}


def canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def node(operator: str, inputs: Sequence[int | None], **attributes: object) -> dict[str, object]:
    made: dict[str, object] = {"operator": operator, "version": 1, "inputs": list(inputs)}
    return {**made, "attributes": attributes} if attributes else made


def graph(
    shape: Sequence[object],
    nodes: Sequence[Json],
    exits: Mapping[str, int],
    *,
    dtype: str = "F32",
    **more: object,
) -> dict[str, object]:
    return {
        "format": 1,
        "inputs": [{"name": "x", "dtype": dtype, "shape": shape}],
        "nodes": nodes,
        "exits": [{"name": name, "value": value} for name, value in exits.items()],
        **more,
    }


def header_and_tensors(text: str, constants: Mapping[str, tuple[str, Sequence[int]]]) -> tuple[bytes, bytes]:
    """The header of a package and the bytes that follow it, with every element one."""
    header: dict[str, object] = {"__metadata__": {"idn.graph": text}}
    tensors = b""
    for name, (dtype, shape) in sorted(
        constants.items(), key=lambda item: (-len(FILLED[item[1][0]]), item[0])
    ):
        count = 1
        for size in shape:
            count *= size
        end = len(tensors) + count * len(FILLED[dtype])
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(tensors), end]}
        tensors += count * FILLED[dtype]
    return canonical(header).encode(), tensors


def file(text: str, constants: Mapping[str, tuple[str, Sequence[int]]]) -> bytes:
    header, tensors = header_and_tensors(text, constants)
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + tensors


def graphs() -> dict[str, tuple[dict[str, object], dict[str, tuple[str, Sequence[int]]]]]:
    """Models as their graph and the types of their constants."""
    linear = graph([BATCH, 4], [node("linear", [0, 2, 1])], {"final": 3})
    two_exits = graph(
        [BATCH, 1, 4, 4],
        [
            node("convolution", [0, 2, 1], stride=[1, 1], padding=[1, 1], dilation=[1, 1]),
            node("reduce_mean", [3], axes=[2, 3]),
            node("batch_normalization", [3, 1, 1], epsilon=1e-05),
            {
                **node("max_pool", [5], kernel=[2, 2], stride=[2, 2], padding=[0, 0], dilation=[1, 1]),
                "tier": "edge",
            },
            node("reshape", [6], shape=[BATCH, 12]),
            node("slice", [7], axis=1, start=3, stop=6),
        ],
        {"early": 4, "final": 8},
        classes=["cat", "dog", "größer"],
        licence="Apache-2.0",
        provenance={"exported_by": "nobody"},
    )
    tokens = graph(
        [BATCH, [2, 1]],
        [
            node("embedding", [0, 1]),
            node("attention", [2, 2, 2], scale=0.5),
            node("reduce_sum", [3], axes=[1]),
        ],
        {"final": 4},
        dtype="I64",
    )
    tokens["inputs"] = [{"name": "x", "dtype": "I64", "shape": [BATCH, 3], "range": [0.0, 6.0]}]
    return {
        "linear": (linear, {"bias": ("F32", [3]), "weight": ("F32", [3, 4])}),
        "two-exits": (two_exits, {"bias": ("F32", [3]), "weight": ("F32", [3, 1, 3, 3])}),
        "tokens": (tokens, {"table": ("F32", [7, 2])}),
        "select": (
            graph(
                [BATCH, 2],
                [node("select", [1, 0, 3]), node("gather", [4, 2], axis=1)],
                {"final": 5},
            ),
            {"a": ("BOOL", [2]), "b": ("I64", [2]), "c": ("F32", [])},
        ),
    }


def packages() -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for name, (model, constants) in graphs().items():
        made[f"file-{name}"] = BYTES + file(canonical(model), constants)
        header, tensors = header_and_tensors(canonical(model), constants)
        made[f"header-{name}"] = TEXT + header + b"\0" + tensors
    model, constants = graphs()["linear"]
    whole = file(canonical(model), constants)
    spaced = header_and_tensors(json.dumps(model), constants)[0]
    more = {
        "file-cut-off": whole[:-1],
        "file-header-cut-off": whole[:100],
        "file-bytes-follow": whole + b"\0",
        "file-no-length": whole[:7],
        "file-longest-header": b"\xff" * 8 + whole[8:],
        "file-empty-header": bytes(8),
    }
    headers = {
        "header-not-canonical": spaced + b"\0" + b"\0" * 60,
        "header-other-metadata": b'{"__metadata__":{"format":"pt"}}',
        "header-no-metadata": b"{}",
        "header-list": b"[]",
        "header-twice": b'{"__metadata__":{"idn.graph":"{}"},"__metadata__":{"idn.graph":"{}"}}',
        "header-huge-shape": b'{"a":{"data_offsets":[0,18446744073709551615],"dtype":"F32",'
        b'"shape":[2147483647,2147483647,2147483647]}}',
        "header-minus": b'{"a":{"data_offsets":[-1,4],"dtype":"F32","shape":[-1]}}',
    }
    made |= {name: BYTES + data for name, data in more.items()}
    return made | {name: TEXT + data for name, data in headers.items()}


def graph_inputs() -> dict[str, bytes]:
    """Texts beside no tensors or those that graph_fuzz.cpp has, and decisions that a seed fixes."""
    model, _ = graphs()["two-exits"]
    alone = graph([BATCH, 3], [node("relu", [0])], {"final": 1})
    beside = graph(
        [BATCH, 4], [node("linear", [0, 3, 1]), node("gather", [4, 2], axis=1)], {"early": 4, "final": 5}
    )
    # Both exits have as many classes.
    beside["exits"] = [{"name": "final", "value": 5}]
    texts = {
        "text-alone": canonical(alone),
        "text-beside-tensors": canonical(beside),
        "text-missing-tensors": canonical(model),
        "text-of-the-future": canonical({**alone, "format": 2}),
        "text-no-format": canonical({"inputs": []}),
        "text-another-order": json.dumps(alone, separators=(",", ":")),
        "text-unknown-part": canonical({**alone, "extra": 1}),
        "text-huge": canonical(graph([BATCH, 2**31 - 1], [node("relu", [0])], {"final": 1})),
        "text-too-huge": canonical(graph([BATCH, 2**31], [node("relu", [0])], {"final": 1})),
        "text-order": canonical(graph([BATCH, 3], [node("permute", [0], order=[1, 0])], {"final": 1})),
        "text-value-of-later": canonical(graph([BATCH, 3], [node("relu", [9])], {"final": 1})),
    }
    made = {name: TEXT + text.encode() for name, text in texts.items()}
    source = random.Random(6)
    for index, size in enumerate([0, 4, 16, 64, 128, 256, 512, 1024]):
        made[f"decisions-{index}"] = BYTES + source.randbytes(size)
    return made
