"""`idn-run` on a small network, and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from idn import exits
from idn._native import extension
from idn.exits import policy_file
from idn.graph import Graph
from packages import B

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
