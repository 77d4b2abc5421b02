"""
Rules that decide whether a sample leaves at an exit.
"""

from __future__ import annotations

import collections.abc
import typing

import numpy
import numpy.typing
import torch

__all__: list[str] = [
    "FEATURES",
    "Calibration",
    "Criterion",
    "LearnedScore",
    "Policy",
    "ReliabilityBin",
    "ThresholdGrid",
    "ThresholdPoint",
    "agreeing_exits",
    "check_temperature",
    "check_threshold",
    "evaluate_grid",
    "exit_features",
    "exit_scores",
    "expected_calibration_error",
    "fit_learned_score",
    "fit_temperature",
    "learned_scores",
    "leaves_at_or_above",
    "pareto_front",
    "reliability",
    "should_exit",
    "votes",
]

class Calibration:
    """
    A fitted temperature, and the mean loss before and after.
    """
    @property
    def loss_after(self) -> float: ...
    @property
    def loss_before(self) -> float: ...
    @property
    def temperature(self) -> float: ...

class ReliabilityBin:
    """
    Predictions of about the same confidence.
    """
    @property
    def accuracy(self) -> float: ...
    @property
    def confidence(self) -> float: ...
    @property
    def lower(self) -> float: ...
    @property
    def samples(self) -> int: ...
    @property
    def upper(self) -> float: ...

class Criterion:
    """
    What an exit looks at to decide whether a sample leaves there.

    Members:

      CONFIDENCE

      NORMALIZED_ENTROPY

      ENTROPY_NATS

      MARGIN

      PATIENCE

      VOTE

      LEARNED
    """

    CONFIDENCE: typing.ClassVar[Criterion]
    ENTROPY_NATS: typing.ClassVar[Criterion]
    LEARNED: typing.ClassVar[Criterion]
    MARGIN: typing.ClassVar[Criterion]
    NORMALIZED_ENTROPY: typing.ClassVar[Criterion]
    PATIENCE: typing.ClassVar[Criterion]
    VOTE: typing.ClassVar[Criterion]
    __members__: typing.ClassVar[dict[str, Criterion]]
    def __eq__(self, other: typing.Any) -> bool: ...
    def __getstate__(self) -> int: ...
    def __hash__(self) -> int: ...
    def __index__(self) -> int: ...
    def __init__(self, value: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __int__(self) -> int: ...
    def __ne__(self, other: typing.Any) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, state: typing.SupportsInt | typing.SupportsIndex) -> None: ...
    def __str__(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class LearnedScore:
    """
    A logistic regression on the features of an exit.
    """
    def __init__(
        self,
        mean: typing.Annotated[
            collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(5)"
        ],
        deviation: typing.Annotated[
            collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(5)"
        ],
        weight: typing.Annotated[
            collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], "FixedSize(5)"
        ],
        intercept: typing.SupportsFloat | typing.SupportsIndex,
    ) -> None: ...
    @property
    def deviation(self) -> typing.Annotated[list[float], "FixedSize(5)"]: ...
    @property
    def intercept(self) -> float: ...
    @property
    def mean(self) -> typing.Annotated[list[float], "FixedSize(5)"]: ...
    @property
    def weight(self) -> typing.Annotated[list[float], "FixedSize(5)"]: ...

class Policy:
    """
    A criterion and what it compares with at each early exit.
    """
    def __init__(
        self,
        criterion: Criterion,
        thresholds: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex | None],
        temperatures: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex] = [],
        learned: collections.abc.Sequence[LearnedScore] = [],
    ) -> None:
        """
        Raises ValueError for numbers out of range or too few of a kind.
        """
    @property
    def criterion(self) -> Criterion: ...
    @property
    def learned(self) -> list[LearnedScore]: ...
    @property
    def temperatures(self) -> list[float]: ...
    @property
    def thresholds(self) -> list[float | None]: ...

class ThresholdPoint:
    """
    Thresholds, and what they come to.
    """
    @property
    def correct(self) -> int: ...
    @property
    def cost(self) -> float: ...
    @property
    def thresholds(self) -> list[float | None]: ...

class ThresholdGrid:
    """
    What every combination of some thresholds comes to.
    """
    @property
    def combinations(self) -> int: ...
    @property
    def correct(self) -> numpy.typing.NDArray[numpy.uint32]:
        """
        uint32 (combinations): samples answered rightly.
        """
    @property
    def cost(self) -> numpy.typing.NDArray[numpy.float64]:
        """
        float64 (combinations): sum over samples.
        """
    @property
    def leaving(self) -> numpy.typing.NDArray[numpy.uint32]:
        """
        uint32 (exits * combinations): samples that leave at each exit.
        """

def agreeing_exits(outputs: collections.abc.Sequence[torch.Tensor]) -> torch.Tensor:
    """
    How many exits directly before the last gave the last one's label: int64 (batch).
    """

def check_temperature(temperature: typing.SupportsFloat | typing.SupportsIndex) -> None:
    """
    Raises ValueError unless the temperature is positive and finite.
    """

def check_threshold(criterion: Criterion, threshold: typing.SupportsFloat | typing.SupportsIndex) -> None:
    """
    Raises ValueError for a threshold out of the criterion's range.
    """

def evaluate_grid(
    scores: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    correct: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8],
    cost: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    leaves_at_or_above: bool,
    thresholds: collections.abc.Sequence[
        collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex | None]
    ],
) -> ThresholdGrid:
    """
    Every combination of the thresholds given for each early exit.
    """

def exit_features(outputs: collections.abc.Sequence[torch.Tensor]) -> torch.Tensor:
    """
    What a learned score sees of the last exit: float64 (batch, features), on the CPU.
    """

def exit_scores(
    logits: torch.Tensor,
    criterion: Criterion,
    temperature: typing.SupportsFloat | typing.SupportsIndex,
    exit: typing.SupportsInt | typing.SupportsIndex,
) -> torch.Tensor:
    """
    The criterion's score of each row of logits (batch, classes): float64 (batch).
    """

def expected_calibration_error(bins: collections.abc.Sequence[ReliabilityBin]) -> float:
    """
    The mean gap between confidence and accuracy, in [0, 1].
    """

def fit_learned_score(
    features: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    right: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8],
) -> LearnedScore:
    """
    The regression that tells best, from features (samples, features), where an exit is right.
    """

def fit_temperature(
    logits: typing.Annotated[numpy.typing.ArrayLike, numpy.float32],
    labels: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
) -> Calibration:
    """
    The temperature that fits logits (samples, classes) best.
    """

def learned_scores(outputs: collections.abc.Sequence[torch.Tensor], learned: LearnedScore) -> torch.Tensor:
    """
    How probably the last exit is right: float64 (batch).
    """

def leaves_at_or_above(criterion: Criterion) -> bool:
    """
    Whether a high score is a reason to leave, rather than a low one.
    """

def pareto_front(
    scores: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    correct: typing.Annotated[numpy.typing.ArrayLike, numpy.uint8],
    cost: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    leaves_at_or_above: bool,
    candidates_per_exit: typing.SupportsInt | typing.SupportsIndex,
    most_steps: typing.SupportsFloat | typing.SupportsIndex,
) -> list[ThresholdPoint]:
    """
    The Pareto front over thresholds: scores (early exits, samples), correct (exits, samples), cost (exits).
    """

def reliability(
    logits: typing.Annotated[numpy.typing.ArrayLike, numpy.float32],
    labels: typing.Annotated[numpy.typing.ArrayLike, numpy.int64],
    temperature: typing.SupportsFloat | typing.SupportsIndex,
    bins: typing.SupportsInt | typing.SupportsIndex,
) -> list[ReliabilityBin]:
    """
    Confidence and accuracy in bins of equal width over confidence.
    """

def should_exit(
    scores: torch.Tensor, criterion: Criterion, threshold: typing.SupportsFloat | typing.SupportsIndex | None
) -> torch.Tensor:
    """
    Which rows leave: bool (batch).
    """

def votes(outputs: collections.abc.Sequence[torch.Tensor]) -> torch.Tensor:
    """
    How many exits gave the last one's label, the last one included: int64 (batch).
    """

FEATURES: int = 5
