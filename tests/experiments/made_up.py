"""Made-up runs, of which it is known what a test of a claim must say; written and read as real ones are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import synthetic_run
from idn import report, store
from idn.experiment import claims
from idn.experiment.comparison import FIELDS, OURS, Comparison
from idn.experiment.evaluate import exit_accuracies
from idn.experiment.study import StudyData
from idn.report import RunData

ROOT = Path(__file__).resolve().parents[2]
CLASSES = 10
MILLION = 1_000_000


def labels_of(samples: int) -> NDArray[np.int64]:
    return np.arange(samples, dtype=np.int64) % CLASSES


def answers(right: Sequence[NDArray[np.bool_]], sure: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Logits (samples, exits, classes) of exits that are right where told, and as sure as told."""
    samples = len(right[0])
    logits = np.zeros((samples, len(right), CLASSES), dtype=np.float32)
    for index, (one, margin) in enumerate(zip(right, sure, strict=True)):
        said = np.where(one, labels_of(samples), (labels_of(samples) + 1) % CLASSES)
        logits[np.arange(samples), index, said] = margin
    return logits


def right_for(samples: int, *shares: float) -> list[NDArray[np.bool_]]:
    """For each exit the first share of the samples."""
    return [np.arange(samples) < round(share * samples) for share in shares]


def surely(samples: int, *shares: float) -> NDArray[np.float32]:
    """Logits of exits right on the first share of the samples each, and the surer the earlier a sample is."""
    sure = np.linspace(9, 1, samples)
    return answers(right_for(samples, *shares), [sure] * len(shares))


def run(
    path: Path,
    logits: NDArray[np.float32],
    *,
    validation: NDArray[np.float32] | None = None,
    model: str = "b_alexnet_style",
    options: dict[str, Any] | None = None,
    criterion: dict[str, Any] | None = None,
    macs: Sequence[int] | None = None,
    trunk_macs: int | None = None,
    exit_ms: Sequence[float] | None = None,
    trunk_ms: float = 3.0,
    metrics: Sequence[dict[str, Any]] = (),
    dataset: str = "cifar10",
    device: str = "cpu",
) -> RunData:
    """Writes a run with given logits on test, and on validation the same unless others are given."""
    path.mkdir(parents=True)
    samples, exits, _ = logits.shape
    labels = labels_of(samples)
    costs = list(macs or [(index + 1) * MILLION for index in range(exits)])
    rates = [0.0] * (exits - 1) + [100.0]
    accuracies = exit_accuracies(logits, labels)
    point = {"accuracy": accuracies[-1], "exit_rates": rates, "mean_macs": costs[-1], "samples": samples}
    time = {
        "trunk_ms": trunk_ms,
        "branchy_ms": trunk_ms,
        "gain": 1.0,
        "samples": 20,
        "repeats": 7,
        "exit_ms": list(exit_ms or []) or None,
    }
    summary = synthetic_run.summary() | {
        "experiment": "custom",
        "model": model,
        "dataset": dataset,
        "device": device,
        "exits": [
            {"name": f"exit{index}", "test_accuracy": one, "validation_accuracy": one, "macs": cost}
            for index, (one, cost) in enumerate(zip(accuracies, costs, strict=True))
        ],
        "trunk_macs": trunk_macs or costs[-1],
        "full_macs": costs[-1],
        "thresholds": [None] * (exits - 1),
        "criterion": criterion or {"name": "confidence", "temperature": 1.0},
        "validation": point,
        "test": point,
        "time": time,
        "curve": [],
    }
    config = {"experiment": "custom", "preset": "cpu", "model": {"name": model, **(options or {})}}
    (path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    (path / "environment.json").write_text("{}", encoding="utf-8")
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in metrics), encoding="utf-8")
    (path / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    with store.TraceWriter(path / "traces.h5") as writer:
        for split, one in (("validation", logits if validation is None else validation), ("test", logits)):
            index = np.arange(len(one), dtype=np.int64)
            writer.append(split, logits=one, labels=labels_of(len(one)), index=index)
    return report.load(path)


def judged(slug: str, runs: dict[str, RunData]) -> list[Comparison]:
    """What an experiment says of a study of these runs."""
    return claims.of_study(StudyData(slug, "cpu", runs))


def one(entries: Sequence[Comparison], beginning: str) -> Comparison:
    """The only entry whose text begins so."""
    matching = [entry for entry in entries if entry.what.startswith(beginning)]
    assert len(matching) == 1, [entry.what for entry in entries]
    return matching[0]


def check_smoke(
    folder: Path, slug: str, numbers: int, claimed: dict[str, int], *, ours: bool = False
) -> None:
    """Checks a finished smoke study: its files, and that comparison.json holds what was published.

    `numbers` counts the published numbers, none of which may be judged on other data; `claimed` says how many
    entries each claim of published.yaml has, and `ours` whether those are claims of our own.
    """
    from idn.experiment import published

    texts = published.read(ROOT / "experiments" / slug)["claims"]
    assert texts.keys() == claimed.keys()
    entries = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert all(tuple(entry) == FIELDS for entry in entries)
    assert {entry["preset"] for entry in entries} == {"smoke"}
    for name, text in texts.items():
        found = [entry for entry in entries if entry["what"].startswith(text)]
        assert len(found) == claimed[name]
        for entry in found:
            assert entry["published"] == (OURS if ours else True)
            assert isinstance(entry["holds"], bool)
            assert isinstance(entry["measured"], str)
            assert "on digits" in entry["what"]
    compared = [entry for entry in entries if entry["published"] not in (True, OURS)]
    assert len(compared) == numbers == len(entries) - sum(claimed.values())
    for entry in compared:
        assert isinstance(entry["published"], (int, float))
        assert (entry["measured"], entry["holds"]) == (None, None)
        assert "digits" in entry["what"]
    assert (folder / "report.html").is_file()
