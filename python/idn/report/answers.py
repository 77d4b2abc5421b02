"""What the traces of a run say: every exit's answer to every sample, and where each sample leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from idn.errors import RunError
from idn.report.run_data import RunData

if TYPE_CHECKING:
    from idn.store import Trace

__all__ = ["Answers", "read"]


@dataclass(frozen=True, eq=False)
class Answers:
    """The traces of both splits, and what the run's policy does on the test split.

    Of each test sample (samples,): `said` is the label it was given, `left` the exit that gave it, from 0,
    and `confidence` the highest probability there, without temperature.
    """

    run: RunData
    validation: Trace
    test: Trace
    said: NDArray[np.int64]
    left: NDArray[np.int64]
    confidence: NDArray[np.float64]

    @property
    def exit_names(self) -> list[str]:
        """The names of the exits, in order."""
        return [exit_.name for exit_ in self.run.summary.exits]

    @property
    def class_names(self) -> list[str]:
        """The names of the classes; their numbers where the run does not name them all."""
        named, count = self.run.summary.classes, self.test.logits.shape[2]
        if isinstance(named, list) and len(named) == count:
            return named
        return [str(number) for number in range(count)]


def read(run: RunData) -> Answers:
    """Reads traces.h5 of a run, checks it against the summary, and applies the run's policy to test.

    :raises idn.errors.StoreError: where traces.h5 is missing or damaged.
    :raises idn.errors.RunError: where it does not fit the summary; the message says in what.
    """
    from idn import exits, inference

    validation, test = (_checked(run, split) for split in ("validation", "test"))
    if validation.logits.shape[2] != test.logits.shape[2]:
        raise RunError(
            f"traces.h5 has {validation.logits.shape[2]} classes for validation and {test.logits.shape[2]} "
            "for test"
        )
    try:
        policy = exits.policy_of(run.summary.criterion, run.summary.thresholds)
        found = inference.from_traces(test.logits, policy)
    except (ValueError, TypeError) as error:
        raise RunError(f"the exit rule of summary.json cannot be applied: {error}") from error
    said, left, confidence = (np.asarray(column) for column in found)
    return Answers(run, validation, test, said, left, confidence)


def _checked(run: RunData, split: str) -> Trace:
    trace, exits = run.trace(split), len(run.summary.exits)
    samples, recorded, classes = trace.logits.shape
    if recorded != exits or samples == 0 or classes == 0:
        raise RunError(
            f"traces.h5 holds {samples} {split} samples, {recorded} exits and {classes} classes; "
            f"summary.json has {exits} exits"
        )
    if not np.isfinite(trace.logits).all():
        raise RunError(f"traces.h5 holds a logit of {split} that is not finite")
    if trace.labels.min() < 0 or trace.labels.max() >= classes:
        raise RunError(f"traces.h5 holds a label of {split} outside 0 to {classes - 1}")
    return trace
