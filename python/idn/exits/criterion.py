"""Exit criteria: when does a sample leave at an early exit (section 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from idn._native import extension
from idn.exits.learned import Learned
from idn.exits.policy import Policy

__all__ = ["Confidence", "Entropy", "Margin", "Patience", "Vote", "make", "names", "policy_of"]

_Criterion = extension.exits.Criterion


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

    @property
    def rule(self) -> dict[str, Any]:
        """Name, temperature and whether it is normalised."""
        return {**super().rule, "normalized": self.normalized}

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

    def scores(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Count how many exits directly before the current one gave the same label: (batch,)."""
        agreeing: torch.Tensor = extension.exits.agreeing_exits(list(outputs))
        return agreeing

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Patience:
        """Return the same criterion with other thresholds."""
        return Patience(thresholds)

    @property
    def rule(self) -> dict[str, Any]:
        """The name; patience has no options."""
        return {"name": self.name}


class Vote(Policy):
    """Leave where at least `threshold` exits so far, this one included, gave this exit's label.

    Thresholds are whole numbers >= 1; temperature plays no role. Source: Sun et al., "Early exiting with
    ensemble internal classifiers", 2021, where the sample takes the label with the most votes; here it
    takes that of the exit it leaves at.
    """

    name = "vote"

    def __init__(self, thresholds: Sequence[float | None]) -> None:
        super().__init__(thresholds, _criterion=_Criterion.VOTE)

    def scores(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Count how many exits gave the current one's label, the current one included: (batch,)."""
        votes: torch.Tensor = extension.exits.votes(list(outputs))
        return votes

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Vote:
        """Return the same criterion with other thresholds."""
        return Vote(thresholds)

    @property
    def rule(self) -> dict[str, Any]:
        """The name; voting has no options."""
        return {"name": self.name}


_POLICIES: dict[str, type[Policy]] = {
    policy.name: policy for policy in (Confidence, Entropy, Margin, Patience, Vote, Learned)
}


def names() -> list[str]:
    """Return the names `make` knows."""
    return list(_POLICIES)


def make(name: str, thresholds: Sequence[float | None], **options: Any) -> Policy:
    """Make a policy by name, as configs do.

    :param name: one of `names()`.
    :param options: `temperature` for those that look at probabilities, `normalized` for entropy,
        `parameters` for learned.
    :raises ValueError: for an unknown name or option.
    """
    if name not in _POLICIES:
        raise ValueError(f"criterion {name!r} is unknown: expected one of {', '.join(_POLICIES)}.")
    try:
        return _POLICIES[name](thresholds, **options)
    except TypeError as error:
        raise ValueError(f"criterion {name!r}: {error}.") from error


def policy_of(rule: Mapping[str, Any], thresholds: Sequence[float | None]) -> Policy:
    """Rebuild a policy from its `rule`, as summary.json holds it under "criterion", and its thresholds.

    :raises ValueError: for a rule without a name, an unknown name or option, or values out of range.
    """
    options = dict(rule)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise ValueError(f"criterion {dict(rule)!r} has no name; expected one of {', '.join(_POLICIES)}.")
    return make(name, thresholds, **options)
