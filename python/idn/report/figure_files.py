"""The figures of runs as files: PNG for slides, PDF for papers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.errors import RunError, StoreError
from idn.report import collection_figures, figures, reliability
from idn.report.answers import read
from idn.report.marks import COSTS, marks_together

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from idn.report.collection import Collection

__all__ = ["write_figures"]

# No date, so equal runs give equal files.
_FORMATS: dict[str, dict[str, Any]] = {"png": {"dpi": 200}, "pdf": {"metadata": {"CreationDate": None}}}


def write_figures(collection: Collection, folder: Path) -> list[Path]:
    """Writes every figure of a collection as PNG and PDF into a folder, which is made if need be.

    :returns: the files, in order.
    :raises idn.errors.RunError: where they cannot be written.
    """
    written: list[Path] = []
    names: Counter[str] = Counter()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in _figures(collection):
            names[name] += 1  # different labels can give the same name
            again = f"-{names[name]}" if names[name] > 1 else ""
            for suffix, options in _FORMATS.items():
                written.append(folder / f"{name}{again}.{suffix}")
                figure.savefig(written[-1], facecolor="white", **options)
    except OSError as error:
        raise RunError(f"figures cannot be written to {folder}: {error.strerror or error}") from error
    return written


def _figures(collection: Collection) -> Iterator[tuple[str, Figure]]:
    runs, labels = collection.runs, collection.labels
    for data, some in collection.by_data_set().items():
        found = marks_together([run for run, _ in some])
        for cost in COSTS:
            if any(mark.cost(cost) is not None for one in found for mark in one):
                name = f"trade-off-{_slug(data)}-{cost}"
                yield name, collection_figures.trade_off(found, cost, name, [label for _, label in some])
    yield "exit-rates", collection_figures.exit_rates([run.summary for run in runs], labels)
    for run, label in zip(runs, labels, strict=True):
        learnt = figures.training_curves(run)
        if learnt is not None:
            yield f"training-{_slug(label)}", learnt
        batches = figures.batching(run)
        if batches is not None:
            yield f"batching-{_slug(label)}", batches
        try:
            answers = read(run)
        except (RunError, StoreError):
            continue  # the page says why
        yield f"reliability-{_slug(label)}", reliability.diagrams(reliability.measure(answers))


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:100]
