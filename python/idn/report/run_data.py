"""A run directory, read and checked."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from idn.errors import ConfigError, RunError
from idn.experiment.comparison import Comparison
from idn.report.summary import Summary

if TYPE_CHECKING:
    from idn.store import Trace

MAX_BYTES = 64 << 20  # of one text file: the metrics of 100,000 epochs are half of that


@dataclass(frozen=True)
class RunData:
    """What a run directory holds; `metrics` are the lines of metrics.jsonl in order."""

    path: Path
    config: dict[str, Any]
    environment: dict[str, Any]
    metrics: list[dict[str, Any]]
    summary: Summary
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The run's id: the name of its directory."""
        return self.path.name

    @property
    def trunk_epochs(self) -> tuple[int, int] | None:
        """How many epochs the trunk was trained alone, and how many there were in all.

        None where it never was alone, or was so in the run this one started from.
        """
        stages = self.config.get("training", {}).get("stages", [])
        alone = list(itertools.takewhile(lambda stage: stage.get("train") == "trunk", stages))
        try:
            epochs = [int(stage["epochs"]) for stage in stages]
        except (KeyError, TypeError, ValueError):
            return None  # a config of another hand
        return (sum(epochs[: len(alone)]), sum(epochs)) if alone and len(alone) < len(stages) else None

    def trace(self, split: str) -> Trace:
        """The logits of every exit (samples, exits, classes), labels and indices of "validation" or "test".

        :raises idn.errors.StoreError: where traces.h5 is missing, damaged, or lacks the split.
        """
        from idn import store

        return store.read_trace(self.path / "traces.h5", split)


def load(run_dir: Path | str) -> RunData:
    """Reads a run directory; comparison.json may be missing (it is written from the rest).

    :raises ValueError: if `run_dir` is not a directory.
    :raises idn.errors.RunError: for a missing, damaged or foreign file; the message names it and the fix.
    """
    path = Path(run_dir)
    if not path.is_dir():
        raise ValueError(f"{path} is not a directory; give the directory of one run, as `idn run` printed it")
    if not (path / "summary.json").is_file():
        raise RunError(f"{path / 'summary.json'} is missing: {_why_no_summary(path)}")
    comparison_file = path / "comparison.json"
    return RunData(
        path=path.resolve(),
        config=_config(path / "config.yaml"),
        environment=read_object(path / "environment.json"),
        metrics=_lines(path / "metrics.jsonl"),
        summary=_summary(path / "summary.json"),
        comparisons=read_comparisons(comparison_file) if comparison_file.exists() else [],
    )


def _why_no_summary(path: Path) -> str:
    inside = sorted(child.name for child in path.iterdir() if (child / "summary.json").is_file())
    if inside:
        return f"this directory holds runs; give one of them, such as {path / inside[-1]}"
    if (path / "checkpoint.pt").exists() or (path / "metrics.jsonl").exists():
        return "the run has not finished; start the same `idn run` again with the same --out and it resumes"
    return "this is not a run directory; `idn run` makes one and prints its path"


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RunError(
                f"{path} has {size:,} bytes, more than {MAX_BYTES:,}; it was not written by `idn run`"
            )
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(f"{path} is missing; run the same config again to write it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path} cannot be read ({error}); run the same config again to write it") from error


def _json(path: Path, text: str, where: str = "") -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{path}{where} is not JSON ({error}); it is damaged or cut short: run the same config again"
        ) from error


def read_object(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object.

    :raises idn.errors.RunError: where it is missing, damaged, or holds something else.
    """
    return _mapping(path, _json(path, _text(path)))


def _mapping(path: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RunError(
            f"{path} holds a {type(value).__name__} where an object of named values belongs; "
            "it was not written by `idn run`, or was damaged: run the same config again"
        )
    return value


def _config(path: Path) -> dict[str, Any]:
    from idn.experiment import strict_yaml

    _text(path)
    try:
        return _mapping(path, strict_yaml.read(path, str(path)).value)
    except ConfigError as error:
        raise RunError(f"{error}; run the same config again to write it") from error


def _lines(path: Path) -> list[dict[str, Any]]:
    rows = enumerate(_text(path).splitlines(), start=1)
    return [_mapping(path, _json(path, line, f" line {number}")) for number, line in rows if line.strip()]


def _summary(path: Path) -> Summary:
    try:
        summary = Summary.model_validate(read_object(path))
    except ValidationError as error:
        raise RunError(f"{path}: {first_problem(error)}; run the same config again to write it") from error
    for split in ("validation", "test"):
        rates = getattr(summary, split).exit_rates
        if len(rates) != len(summary.exits):
            raise RunError(
                f"{path}: {split}.exit_rates has {len(rates)} entries for {len(summary.exits)} exits; "
                "run the same config again to write it"
            )
    return summary


def read_comparisons(path: Path) -> list[Comparison]:
    """The entries of a comparison.json.

    :raises idn.errors.RunError: where it is missing, damaged, or holds something else.
    """
    try:
        return TypeAdapter(list[Comparison]).validate_python(_json(path, _text(path)))
    except ValidationError as error:
        raise RunError(f"{path}: {first_problem(error)}; run the same config again to write it") from error


def first_problem(error: ValidationError) -> str:
    """The first thing that was wrong, and where."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{place}: {first['msg']}"
