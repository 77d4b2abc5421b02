"""A small run directory, written through the real file formats, for tests of what reads one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from idn import store
from idn.experiment.comparison import claim, number, wilson

EXITS, CLASSES, SAMPLES = ["conv2", "conv3", "trunk"], 10, 400
ACCURACIES = [55.0, 70.0, 80.0]
MACS = [17_339_392, 21_321_984, 30_465_536]
TRUNK_MACS = 28_247_296
MARGIN = 20.0  # added to the winning logit: the entropy, 4e-7 nats, is then below every threshold in tests


def write(path: Path, **summary_changes: Any) -> Path:
    """Writes a whole run directory but for report.html, and gives its path back."""
    path.mkdir(parents=True)
    (path / "config.yaml").write_text(
        "experiment: branchynet_2016\npreset: cpu\nnote: shortened\nmodel:\n  name: b_alexnet\n",
        encoding="utf-8",
    )
    write_json(path / "environment.json", {"versions": {"idn": "0.1.0"}, "device": "cpu", "threads": 1})
    rows = [{"stage": "trunk", "epoch": 1, "validation_accuracy": [None, None, 60.0]}]
    rows += [
        {"stage": "joint", "epoch": e, "validation_accuracy": [40.0 + e, 50.0 + e, 61.0 + e]} for e in (1, 2)
    ]
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    write_json(path / "summary.json", summary() | summary_changes)
    write_json(path / "comparison.json", [entry.as_dict() for entry in comparisons()])
    with store.TraceWriter(path / "traces.h5") as writer:
        for split in ("validation", "test"):
            writer.append(split, **traces())
    return path


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def traces() -> dict[str, np.ndarray[Any, Any]]:
    """Traces in which each exit is right on exactly its accuracy's share, always sure of what it says."""
    labels = np.arange(SAMPLES) % CLASSES
    logits = np.zeros((SAMPLES, len(EXITS), CLASSES), dtype=np.float32)
    for index, accuracy in enumerate(ACCURACIES):
        right = np.arange(SAMPLES) < SAMPLES * accuracy / 100
        said = np.where(right, labels, (labels + 1) % CLASSES)
        logits[np.arange(SAMPLES), index, said] = MARGIN
    return {"logits": logits, "labels": labels.astype(np.int64), "index": np.arange(SAMPLES, dtype=np.int64)}


def on_engine() -> dict[str, Any]:
    """The entry `engine` of summary.json, of numbers that stand nowhere else in it."""
    spread = {"trunk_ms": [0.5, 0.6], "branchy_ms": [0.3, 0.4], "gain": [1.4, 1.6]}
    return {
        "accuracy": 78.25,
        "exit_rates": [50.0, 30.0, 20.0],
        "same_labels": 100.0,
        "same_exits": 100.0,
        "operations": 42_000_000.0,
        "trunk_operations": 56_000_000.0,
        "operation_gain": 1.333,
        "time": {
            "trunk_ms": 0.555,
            "branchy_ms": 0.345,
            "gain": 1.61,
            "samples": 100,
            "repeats": 7,
            "spread": spread,
        },
    }


def summary() -> dict[str, Any]:
    """summary.json; its operating point is a made-up one, so a page can be checked against it."""
    point = {
        "accuracy": 78.25,
        "exit_rates": [50.0, 30.0, 20.0],
        "mean_macs": 21_159_398.4,
        "samples": SAMPLES,
    }
    curve = [
        {"thresholds": [1.0, None], "accuracy": 55.0, "macs": MACS[0], "exit_rates": [100.0, 0.0, 0.0]},
        {"thresholds": [0.2, 0.4], "accuracy": 78.25, "macs": 21_159_398.4, "exit_rates": [50.0, 30.0, 20.0]},
        {"thresholds": [None, None], "accuracy": 80.0, "macs": MACS[2], "exit_rates": [0.0, 0.0, 100.0]},
    ]
    return {
        "experiment": "branchynet_2016",
        "model": "b_alexnet",
        "preset": "cpu",
        "dataset": "cifar10",
        "device": "cpu",
        "classes": CLASSES,
        "exits": [
            {"name": n, "test_accuracy": a, "validation_accuracy": a + 0.5, "macs": m, "parameters": 1000}
            for n, a, m in zip(EXITS, ACCURACIES, MACS, strict=True)
        ],
        "trunk_macs": TRUNK_MACS,
        "full_macs": MACS[-1],
        "thresholds": [0.2, 0.4],
        "criterion": {"name": "entropy", "normalized": False, "temperature": 1.0},
        "validation": point | {"accuracy": 78.5},
        "test": point
        | {"accuracy_interval": list(wilson(313, SAMPLES)), "mac_gain": TRUNK_MACS / 21_159_398.4},
        "trunk": {"test_accuracy": 77.5, "accuracy_interval": list(wilson(310, SAMPLES))},
        "time": {
            "trunk_ms": 1.5,
            "branchy_ms": 1.2,
            "gain": 1.25,
            "samples": 200,
            "repeats": 7,
            "threads": 1,
            "spread": {"trunk_ms": [1.4, 1.7], "branchy_ms": [1.1, 1.3], "gain": [1.2, 1.31]},
        },
        "curve": curve,
        "training_seconds": 12.0,
    }


def comparisons() -> list[Any]:
    return [
        number("accuracy of the trunk", 78.38, 77.5, wilson(310, SAMPLES), preset="cpu", better="higher"),
        number("speed-up", 1.5, 1.25, (1.2, 1.31), preset="cpu", better="higher"),
        number("speed-up on a GPU (no GPU in this run)", 2.4, None, preset="cpu"),
        claim("most samples leave early", True, "80.0 %", preset="cpu"),
    ]
