"""Runs and studies as a page over many shows them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

import synthetic_run
from idn import data, report, store
from idn.experiment.comparison import claim
from test_report import Page


def write_study(path: Path, variants: list[str], made: list[str] | None = None, **changes: Any) -> Path:
    """A study directory with a run for each variant in `made`, all if left out."""
    for variant in variants if made is None else made:
        synthetic_run.write(path / variant, curve=synthetic_run.summary()["curve"])
    path.mkdir(exist_ok=True)
    described = {"experiment": "branchynet_2016", "name": "weights", "preset": "cpu", "note": "shortened"}
    synthetic_run.write_json(path / "study.json", {**described, "variants": variants, **changes})
    compared = claim("equal weights are no worse", True, "80.0 % against 78.2 %", preset="cpu")
    synthetic_run.write_json(path / "comparison.json", [compared.as_dict()])
    return path


def fewer_exits(path: Path) -> Path:
    """A run with two exits instead of three."""
    whole = synthetic_run.summary()
    cut = {"exits": whole["exits"][1:], "thresholds": [0.4], "curve": []}
    for split in ("validation", "test"):
        cut[split] = whole[split] | {"exit_rates": [80.0, 20.0]}
    synthetic_run.write(path, **cut)
    traces = synthetic_run.traces()
    traces["logits"] = traces["logits"][:, 1:]
    with store.TraceWriter(path / "traces.h5") as writer:
        for split in ("validation", "test"):
            writer.append(split, **traces)
    return path


def on_digits(path: Path, **changes: Any) -> Path:
    """A run whose test trace is of the embedded digits, and whose config names them."""
    synthetic_run.write(path, **changes)
    config = {"experiment": "branchynet_2016", "data": {"name": "digits"}}
    (path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    labels = data.load("digits").test.labels
    traces = synthetic_run.traces()
    logits = traces["logits"][: len(labels)].copy()
    logits[:] = 0
    logits[np.arange(len(labels)), :, labels] = synthetic_run.MARGIN
    logits[:4] = np.roll(logits[:4], 1, axis=2)  # the first four get another label, as surely
    with store.TraceWriter(path / "traces.h5") as writer:
        writer.append("validation", **synthetic_run.traces())
        writer.append("test", logits=logits, labels=labels, index=np.arange(len(labels)))
    return path


def written(paths: list[Path], out: Path) -> tuple[str, Page]:
    text = report.write_collection(paths, out).read_text(encoding="utf-8")
    return text, Page(text)


def plots(text: str) -> list[dict[str, Any]]:
    """What the plots of a page hold for its script."""
    return [json.loads(one) for one in re.findall(r'<script type="application/json">(.*?)</script>', text)]
