"""A learned exit score: how probable it is that an exit is right, told from all logits so far.

Each exit has a logistic regression on five features: the log-odds of the highest probability, the normalised
entropy, the margin of the two highest logits, the highest logit, and the share of earlier exits that gave
the same label. They are computed, standardised and fitted in C++ (`idn::exits`, learned_score.h).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from idn._native import extension
from idn._words import counted
from idn.exits.policy import Policy

__all__ = ["Learned", "LearnedParameters", "fit_learned"]

_FEATURES: int = extension.exits.FEATURES
_LISTS = ("means", "deviations", "weights")


@dataclass(frozen=True)
class LearnedParameters:
    """Plain numbers, exit by exit in order: of the features (exits, 5), and an intercept each (exits,).

    The score is sigmoid(intercept + sum of weight * (feature - mean) / deviation).

    :raises ValueError: for lists that do not fit, numbers that are not finite, or a deviation that is not
        positive; it names the exit.
    """

    means: list[list[float]]
    deviations: list[list[float]]
    weights: list[list[float]]
    intercepts: list[float]

    def __post_init__(self) -> None:
        for name in _LISTS:
            rows = getattr(self, name)
            if len(rows) != len(self.intercepts):
                raise ValueError(
                    f"{name} has {counted(len(rows), 'exit')}, intercepts {len(self.intercepts)}."
                )
            for exit_index, row in enumerate(rows):
                if len(row) != _FEATURES or not all(math.isfinite(value) for value in row):
                    raise ValueError(
                        f"{name} of exit {exit_index + 1} is {row}, expected {_FEATURES} finite numbers."
                    )
        for exit_index, (row, intercept) in enumerate(zip(self.deviations, self.intercepts, strict=True)):
            if min(row) <= 0:
                raise ValueError(f"deviations of exit {exit_index + 1} are {row}, expected positive numbers.")
            if not math.isfinite(intercept):
                raise ValueError(
                    f"the intercept of exit {exit_index + 1} is {intercept}, expected a finite number."
                )

    def as_dict(self) -> dict[str, Any]:
        """The same as plain lists by name, as JSON holds them."""
        return asdict(self)

    @classmethod
    def of(cls, value: LearnedParameters | Mapping[str, Any]) -> LearnedParameters:
        """Take parameters as they are, or read what `as_dict` gave.

        :raises ValueError: for missing or unknown names, or anything that is not numbers in lists.
        """
        if isinstance(value, LearnedParameters):
            return value
        names = (*_LISTS, "intercepts")
        if not isinstance(value, Mapping) or set(value) != set(names):
            raise ValueError(
                f"parameters of a learned score have {', '.join(names)}; got {_names(value)}. "
                "idn.exits.fit_learned gives them."
            )
        try:
            lists = {name: [[float(one) for one in row] for row in value[name]] for name in _LISTS}
            return cls(**lists, intercepts=[float(one) for one in value["intercepts"]])
        except TypeError as error:
            raise ValueError(f"parameters of a learned score are not lists of numbers: {error}.") from error


class Learned(Policy):
    """Leave where the exit is right with a probability at or above the threshold, in [0, 1].

    :param parameters: what `fit_learned` gives, or its `as_dict()`; of every early exit at least.
    :raises ValueError: for a threshold out of range, or parameters that do not fit.
    """

    name = "learned"

    def __init__(
        self, thresholds: Sequence[float | None], parameters: LearnedParameters | Mapping[str, Any]
    ) -> None:
        super().__init__(thresholds, _criterion=extension.exits.Criterion.LEARNED)
        self.parameters = LearnedParameters.of(parameters)
        exits = len(self.parameters.intercepts)
        if len(self.thresholds) > exits:
            raise ValueError(
                f"parameters are of {counted(exits, 'exit')}, thresholds of {len(self.thresholds)}."
            )
        rows = zip(*(getattr(self.parameters, name) for name in (*_LISTS, "intercepts")), strict=True)
        self._learned = [extension.exits.LearnedScore(*row) for row in rows]

    def scores(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Tell how probably the current exit is right: float64 (batch,).

        :raises ValueError: for logits of a wrong shape or with NaN, naming the exit and the sample, or an
            early exit without parameters.
        """
        exit_index = len(outputs) - 1
        if exit_index < len(self._learned):
            learned: torch.Tensor = extension.exits.learned_scores(list(outputs), self._learned[exit_index])
            return learned
        if exit_index > len(self.thresholds):
            raise ValueError(f"exit {exit_index + 1} has no parameters: {len(self._learned)} were given.")
        # The last exit answers whatever its score is, but NaN is refused as elsewhere.
        votes: torch.Tensor = extension.exits.votes(list(outputs))
        return torch.ones_like(votes, dtype=torch.float64)

    def with_thresholds(self, thresholds: Sequence[float | None]) -> Learned:
        """Return the same criterion and parameters with other thresholds."""
        return Learned(thresholds, self.parameters)

    @property
    def rule(self) -> dict[str, Any]:
        """Name and parameters."""
        return {"name": self.name, "parameters": self.parameters.as_dict()}

    def __repr__(self) -> str:
        return f"Learned({self.thresholds}, parameters of {counted(len(self._learned), 'exit')})"


def fit_learned(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> LearnedParameters:
    """Fit a learned score for every exit, on validation data.

    Newton's method with a small L2 penalty and Platt's targets: separable data, constant features and an
    exit that is always right have a finite answer.

    :param logits: (samples, exits, classes).
    :param labels: (samples,).
    :raises ValueError: for other shapes, no samples, or logits that are not finite.
    """
    if logits.ndim != 3 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"logits {logits.shape} and labels {labels.shape} do not fit; expected (samples, exits, classes) "
            "and (samples,)."
        )
    outputs = [torch.from_numpy(np.ascontiguousarray(logits[:, k])) for k in range(logits.shape[1])]
    found = []
    for k in range(len(outputs)):
        features = extension.exits.exit_features(outputs[: k + 1]).numpy()
        right = (logits[:, k].argmax(axis=1) == labels).astype(np.uint8)
        found.append(extension.exits.fit_learned_score(features, right))
    return LearnedParameters(
        [list(one.mean) for one in found],
        [list(one.deviation) for one in found],
        [list(one.weight) for one in found],
        [one.intercept for one in found],
    )


def _names(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, Mapping) else type(value).__name__
