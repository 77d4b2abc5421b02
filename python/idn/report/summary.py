"""The shape of summary.json: what a run found, in the units the report prints."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be finite")
    return value


Percent = Annotated[float, Field(ge=0, le=100)]
Positive = Annotated[float, Field(ge=0), AfterValidator(_finite)]
Interval = tuple[float, float]
_MOST_EXITS = 1000
_MOST_POINTS = 100_000
UNSTEADY = 0.25  # of the speed-up: repeats on an idle machine are mostly within a tenth


class _Part(BaseModel):
    # Experiments of other chapters may add keys of their own; the page shows those it knows.
    model_config = ConfigDict(extra="allow", frozen=True)


class Exit(_Part):
    """One exit answering for every sample: accuracies in percent, MACs with all heads up to it."""

    name: str
    test_accuracy: Percent
    validation_accuracy: Percent
    macs: Positive
    parameters: int | None = None


class Trunk(_Part):
    """The trunk trained alone, before its exits were hung on it: accuracy in percent."""

    test_accuracy: Percent
    accuracy_interval: Interval | None = None


class Operation(_Part):
    """A network used with thresholds on one split: percent, MACs per sample, and trunk MACs / mean MACs."""

    accuracy: Percent
    exit_rates: list[Percent]
    mean_macs: Positive
    mac_gain: Positive | None = None
    accuracy_interval: Interval | None = None


class Point(_Part):
    """One point of the trade-off curve on test; its thresholds were picked on validation."""

    thresholds: list[float | None]
    accuracy: Percent
    macs: Positive
    exit_rates: list[Percent] = []


class Spread(_Part):
    """The least and the most of the repeats."""

    trunk_ms: Interval
    branchy_ms: Interval
    gain: Interval


class Time(_Part):
    """Milliseconds per sample, one sample at a time, heads and decisions included; gain = trunk / branchy.

    `exit_ms` is that of a sample that leaves at each exit.
    """

    trunk_ms: Positive
    branchy_ms: Positive
    gain: Positive
    samples: int
    repeats: int
    threads: int | None = None
    spread: Spread | None = None
    exit_ms: list[Positive] | None = None

    @property
    def unsteady(self) -> bool:
        """Whether the repeats disagree so much that the machine must have been busy with other work."""
        return self.spread is not None and self.spread.gain[1] - self.spread.gain[0] > UNSTEADY * self.gain


class EngineTime(_Part):
    """As `Time`, of the network and its trunk on an engine each."""

    trunk_ms: Positive
    branchy_ms: Positive
    gain: Positive
    samples: int
    repeats: int
    spread: Spread


class OnEngine(_Part):
    """The network's package on the engine over the test split: percent, and operations per sample.

    `same_labels` and `same_exits` are the shares of samples with the answer of plain PyTorch.
    """

    accuracy: Percent
    exit_rates: list[Percent]
    same_labels: Percent
    same_exits: Percent
    operations: Positive
    trunk_operations: Positive
    operation_gain: Positive
    time: EngineTime


class NotExported(_Part):
    """Why there is no package of the network."""

    reason: str


class Compaction(_Part):
    """One way of compaction; `time` and its quartiles, `spread`, in units of the time where nobody leaves."""

    time: Positive
    to_ideal: Positive
    spread: Interval


class Leaving(_Part):
    """A share that was asked to leave at exit 1 and what left, in percent; the three ways of compaction."""

    asked: Percent
    left: Percent
    ideal: Positive
    always: Compaction
    auto: Compaction
    never: Compaction


class Batch(_Part):
    """A batch size; milliseconds per sample where nobody and where everybody leaves at exit 1."""

    batch: int
    batches: int
    nobody_ms: Positive
    everybody_ms: Positive
    shares: list[Leaving]


class Summary(_Part):
    """summary.json as a whole."""

    experiment: str
    model: str
    preset: str
    dataset: str
    device: str
    classes: int | list[str]
    exits: Annotated[list[Exit], Field(min_length=1, max_length=_MOST_EXITS)]
    trunk_macs: Positive
    full_macs: Positive
    thresholds: Annotated[list[float | None], Field(max_length=_MOST_EXITS)]
    criterion: dict[str, Any]
    validation: Operation
    test: Operation
    trunk: Trunk | None = None
    time: Time | None = None
    engine: OnEngine | NotExported | None = None
    batching: Annotated[list[Batch], Field(max_length=1000)] | None = None
    curve: Annotated[list[Point], Field(max_length=_MOST_POINTS)] = []
    training_seconds: Positive | None = None

    @property
    def engine_time(self) -> EngineTime | None:
        """What was timed on the engine, where the network is there."""
        return self.engine.time if isinstance(self.engine, OnEngine) else None
