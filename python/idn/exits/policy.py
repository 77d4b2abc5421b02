"""What an exit criterion is: a rule that scores outputs, and a threshold for each early exit (section 3.4).

The rules are computed in C++ (`idn::exits`), in float64, on whole batches.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch

from idn._native import extension
from idn._words import counted

__all__ = ["Policy"]


class Policy(ABC):
    """A criterion and one threshold per early exit.

    :param thresholds: one per early exit; the last exit always answers, so it has none. None is an exit that
        is never taken.
    :param temperature: what logits are divided by before the softmax (section 3.4.3): one positive number, or
        one per exit.
    :raises ValueError: for a threshold or temperature out of range, naming it.
    """

    name: str

    def __init__(
        self,
        thresholds: Sequence[float | None],
        temperature: float | Sequence[float] = 1.0,
        *,
        _criterion: Any,
    ) -> None:
        if isinstance(thresholds, (str, bytes)) or not isinstance(thresholds, Sequence):
            raise ValueError(
                f"thresholds is {thresholds!r}, expected a list with one number or None per early exit."
            )
        self._criterion = _criterion
        self.thresholds: list[float | None] = [None if t is None else float(t) for t in thresholds]
        for threshold in self.thresholds:
            if threshold is not None:
                self.check_threshold(threshold)
        self.temperature: float | list[float]
        if isinstance(temperature, Sequence):
            self.temperature = [float(t) for t in temperature]
            if len(self.temperature) < len(self.thresholds):
                given, needed = len(self.temperature), len(self.thresholds)
                raise ValueError(
                    f"{counted(given, 'temperature')} for {counted(needed, 'threshold')}: "
                    "give one number, or one per exit."
                )
        else:
            self.temperature = float(temperature)
        for value in self.temperature if isinstance(self.temperature, list) else [self.temperature]:
            extension.exits.check_temperature(value)

    @property
    def leaves_at_or_above(self) -> bool:
        """Whether a high score is a reason to leave, rather than a low one."""
        return bool(extension.exits.leaves_at_or_above(self._criterion))

    def should_exit(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Decide which samples leave at the current exit.

        :param outputs: logits (batch, classes) of the exits so far, the current one last.
        :returns: bool (batch,), on the device of the logits; all true at an exit beyond the list, which is
            the last one: a policy does not know how many exits there are.
        :raises ValueError: for logits of a wrong shape or with NaN, naming the exit and the sample.
        """
        if not outputs:
            raise ValueError("outputs is empty; pass the logits of the exits so far, the current one last.")
        return self.leaves(self.scores(outputs), len(outputs) - 1)

    def leaves(self, scores: torch.Tensor, exit_index: int) -> torch.Tensor:
        """Compare scores (batch,) with the threshold of an exit: bool (batch,), all true beyond the list."""
        if exit_index >= len(self.thresholds):
            return torch.ones_like(scores, dtype=torch.bool)
        decided: torch.Tensor = extension.exits.should_exit(
            scores, self._criterion, self.thresholds[exit_index]
        )
        return decided

    def score(self, logits: torch.Tensor, exit_index: int = 0) -> torch.Tensor:
        """Compute what is compared with the threshold.

        :param logits: (batch, classes).
        :param exit_index: which exit they are of, from 0; it selects the temperature.
        :returns: float64 (batch,).
        :raises ValueError: for logits of a wrong shape or with NaN, naming the exit and the sample, and for a
            criterion that looks at the outputs of several exits: use `scores`.
        """
        scores: torch.Tensor = extension.exits.exit_scores(
            logits, self._criterion, self._temperature_of(exit_index), exit_index
        )
        return scores

    def scores(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Compute what is compared with the threshold at the current exit, from all outputs so far.

        :param outputs: logits (batch, classes) of the exits so far, the current one last.
        :returns: (batch,).
        :raises ValueError: for logits of a wrong shape or with NaN, naming the exit and the sample.
        """
        return self.score(outputs[-1], len(outputs) - 1)

    def _temperature_of(self, exit_index: int) -> float:
        if not isinstance(self.temperature, list):
            return self.temperature
        if exit_index < len(self.temperature):
            return self.temperature[exit_index]
        if exit_index == len(self.thresholds):
            return 1.0  # the last exit answers whatever its score is
        raise ValueError(f"exit {exit_index + 1} has no temperature: {len(self.temperature)} were given.")

    def check_threshold(self, threshold: float) -> None:
        """Refuse a threshold that the criterion cannot have.

        :raises ValueError: naming it and the range.
        """
        extension.exits.check_threshold(self._criterion, threshold)

    @abstractmethod
    def with_thresholds(self, thresholds: Sequence[float | None]) -> Policy:
        """Return the same criterion and temperature with other thresholds."""

    @property
    def rule(self) -> dict[str, Any]:
        """Name and options as JSON has them: `policy_of` rebuilds the policy from it and thresholds."""
        return {"name": self.name, "temperature": self.temperature}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.thresholds}, temperature={self.temperature})"
