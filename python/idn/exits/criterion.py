"""Exit criteria: when does a sample leave at an early exit (section 3.4).

The rules are computed in C++ (`idn::exits`), in float64, on whole batches.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch

from idn._native import extension

__all__ = ["Confidence", "Entropy", "Margin", "Patience", "Policy", "make", "names"]

_Criterion = extension.exits.Criterion


class Policy(ABC):
    """A criterion and one threshold per early exit.

    :param thresholds: one per early exit. The last exit always answers, so a list with an entry for every
        exit is accepted and its last entry unused. None is an exit that is never taken.
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
                extension.exits.check_threshold(_criterion, threshold)
        self.temperature: float | list[float]
        if isinstance(temperature, Sequence):
            self.temperature = [float(t) for t in temperature]
            if len(self.temperature) < len(self.thresholds):
                raise ValueError(
                    f"{len(self.temperature)} temperatures for {len(self.thresholds)} thresholds: "
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
            the last one. Whoever gives the last exit an entry too must let all out there, as `idn.inference`
            does: a policy does not know how many exits there are.
        :raises ValueError: for logits of a wrong shape or with NaN, naming the exit and the sample.
        """
        if not outputs:
            raise ValueError("outputs is empty; pass the logits of the exits so far, the current one last.")
        exit_index = len(outputs) - 1
        scores = self.scores(outputs)
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
        :raises ValueError: for logits of a wrong shape or with NaN, naming the exit and the sample.
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

    @abstractmethod
    def with_thresholds(self, thresholds: Sequence[float | None]) -> Policy:
        """Return the same criterion and temperature with other thresholds."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.thresholds}, temperature={self.temperature})"


class Confidence(Policy):
    """Leave where the highest probability is at or above the threshold, in [0, 1] (Figure 3.3)."""

    name = "confidence"

    def __init__(
        self, thresholds: Sequence[float | None], temperature: float | Sequence[float] = 1.0
    ) -> None:
        super().__init__(thresholds, temperature, _criterion=_Criterion.CONFIDENCE)

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Confidence:
        """Return the same criterion and temperature with other thresholds."""
        return Confidence(thresholds, self.temperature)


class Entropy(Policy):
    """Leave where the entropy of the probabilities is low.

    Normalised by log |C|, it lies in [0, 1] and leaves at or below the threshold (Figure 3.4). With
    `normalized=False` it is in nats and leaves strictly below it, as in the BranchyNet paper of 2016.
    """

    name = "entropy"

    def __init__(
        self,
        thresholds: Sequence[float | None],
        temperature: float | Sequence[float] = 1.0,
        normalized: bool = True,
    ) -> None:
        self.normalized = normalized
        criterion = _Criterion.NORMALIZED_ENTROPY if normalized else _Criterion.ENTROPY_NATS
        super().__init__(thresholds, temperature, _criterion=criterion)

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Entropy:
        """Return the same criterion and temperature with other thresholds."""
        return Entropy(thresholds, self.temperature, self.normalized)

    def __repr__(self) -> str:
        return f"Entropy({self.thresholds}, temperature={self.temperature}, normalized={self.normalized})"


class Margin(Policy):
    """Leave where the best probability exceeds the second best by the threshold or more, in [0, 1]."""

    name = "margin"

    def __init__(
        self, thresholds: Sequence[float | None], temperature: float | Sequence[float] = 1.0
    ) -> None:
        super().__init__(thresholds, temperature, _criterion=_Criterion.MARGIN)

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Margin:
        """Return the same criterion and temperature with other thresholds."""
        return Margin(thresholds, self.temperature)


class Patience(Policy):
    """Leave where at least `threshold` exits directly before this one gave the same label.

    Thresholds are whole numbers >= 0; temperature plays no role, since it does not change a label. Source:
    Zhou et al., "BERT loses patience", NeurIPS 2020.
    """

    name = "patience"

    def __init__(self, thresholds: Sequence[float | None]) -> None:
        super().__init__(thresholds, _criterion=_Criterion.PATIENCE)

    def score(self, logits: torch.Tensor, exit_index: int = 0) -> torch.Tensor:  # noqa: ARG002
        """Refuse: patience needs the outputs of several exits; use `should_exit`.

        :raises ValueError: always.
        """
        raise ValueError("patience has no score of one exit's logits; use should_exit(outputs).")

    def scores(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Count how many exits directly before the current one gave the same label: (batch,)."""
        agreeing: torch.Tensor = extension.exits.agreeing_exits(list(outputs))
        return agreeing

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Patience:
        """Return the same criterion with other thresholds."""
        return Patience(thresholds)


_POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (Confidence, Entropy, Margin, Patience)
}


def names() -> list[str]:
    """Return the names `make` knows."""
    return list(_POLICIES)


def make(name: str, thresholds: Sequence[float | None], **options: Any) -> Policy:
    """Make a policy by name, as configs do.

    :param name: one of `names()`.
    :param options: `temperature`, and `normalized` for entropy.
    :raises ValueError: for an unknown name or option.
    """
    if name not in _POLICIES:
        raise ValueError(f"criterion {name!r} is unknown: expected one of {', '.join(_POLICIES)}.")
    try:
        return _POLICIES[name](thresholds, **options)
    except TypeError as error:
        raise ValueError(f"criterion {name!r}: {error}.") from error
