"""
Rules that decide whether a sample leaves at an exit.
"""

from __future__ import annotations

import collections.abc
import typing

import torch

__all__: list[str] = [
    "Criterion",
    "agreeing_exits",
    "check_temperature",
    "check_threshold",
    "exit_scores",
    "leaves_at_or_above",
    "should_exit",
]

class Criterion:
    """
    What an exit looks at to decide whether a sample leaves there.

    Members:

      CONFIDENCE

      NORMALIZED_ENTROPY

      ENTROPY_NATS

      MARGIN

      PATIENCE
    """

    CONFIDENCE: typing.ClassVar[Criterion]
    ENTROPY_NATS: typing.ClassVar[Criterion]
    MARGIN: typing.ClassVar[Criterion]
    NORMALIZED_ENTROPY: typing.ClassVar[Criterion]
    PATIENCE: typing.ClassVar[Criterion]
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

def exit_scores(
    logits: torch.Tensor,
    criterion: Criterion,
    temperature: typing.SupportsFloat | typing.SupportsIndex,
    exit: typing.SupportsInt | typing.SupportsIndex,
) -> torch.Tensor:
    """
    The criterion's score of each row of logits (batch, classes): float64 (batch).
    """

def leaves_at_or_above(criterion: Criterion) -> bool:
    """
    Whether a high score is a reason to leave, rather than a low one.
    """

def should_exit(
    scores: torch.Tensor, criterion: Criterion, threshold: typing.SupportsFloat | typing.SupportsIndex | None
) -> torch.Tensor:
    """
    Which rows leave: bool (batch).
    """
