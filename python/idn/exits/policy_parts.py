"""What a policy file is made of: strict types, and the parts that `PolicyFile` puts together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Accuracy",
    "Asked",
    "Budget",
    "Confidences",
    "Criterion",
    "MaxDrop",
    "Part",
    "Risk",
    "RiskTest",
    "Validation",
]

Number = Annotated[float, Field(allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=2**53)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, Field(min_length=1, max_length=100)]


class Part(BaseModel):
    """A JSON object of which every key is known, and every value of just the type it says."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MaxDrop(Part):
    """The cheapest whose accuracy is no more than `points` (percentage points) below the last exit's."""

    for_: Literal["max_drop"] = Field("max_drop", alias="for")
    points: Percent


class Budget(Part):
    """The most accurate whose mean cost is at most this, in the unit of the costs."""

    for_: Literal["budget"] = Field("budget", alias="for")
    at_most: Amount


class Accuracy(Part):
    """The cheapest with at least this accuracy in percent."""

    for_: Literal["accuracy"] = Field("accuracy", alias="for")
    at_least: Amount


class Risk(Part):
    """The cheapest shown to lose at most `epsilon` of accuracy with probability 1 - `delta`.

    Thresholds were proposed on one half of the validation data, drawn by `seed`, and tested on the other.
    """

    for_: Literal["risk"] = Field("risk", alias="for")
    epsilon: Share
    delta: Share
    bound: Literal["clopper_pearson", "hoeffding_bentkus"]
    seed: Annotated[int, Field(ge=0)]


Asked = Annotated[MaxDrop | Budget | Accuracy | Risk, Field(discriminator="for_")]


class RiskTest(Part):
    """What the test of a promise found on the half of the validation data that tests, which has `samples`.

    There the policy loses `measured_loss`, a share of accuracy against the last exit, and costs `mean_cost` a
    sample; of `tested` candidates `passed` passed. `saving_epsilon` is the smallest epsilon that would have
    saved anything, where this one saves nothing.
    """

    samples: Count
    measured_loss: Number
    mean_cost: Amount
    tested: Annotated[int, Field(ge=0, le=2**53)]
    passed: Annotated[int, Field(ge=0, le=2**53)]
    saving_epsilon: Share | None = None


class Confidences(Part):
    """How sure the samples are that leave at one exit: counts between deciles, for `idn.exits.detect_drift`.

    `edges` ascend; a confidence at an edge counts above it, so there is one count more than edges. `median`
    is None where nobody leaves.
    """

    median: Probability | None = None
    edges: Annotated[list[Probability], Field(max_length=9)]
    counts: Annotated[list[Annotated[int, Field(ge=0, le=2**53)]], Field(min_length=1, max_length=10)]

    @model_validator(mode="after")
    def _fits(self) -> Confidences:
        if len(self.counts) != len(self.edges) + 1 or sorted(set(self.edges)) != self.edges:
            raise ValueError("edges ascend, and there is one count more than edges")
        return self

    @classmethod
    def of(cls, confidences: NDArray[np.float64]) -> Confidences:
        """Count the confidences (samples,) of those that leave at an exit."""
        if not len(confidences):
            return cls(median=None, edges=[], counts=[0])
        # Rounded, so that the last bits of an exponential make no other file.
        edges = np.unique(np.quantile(confidences, np.arange(1, 10) / 10).round(12))
        median = round(float(np.median(confidences)), 12)
        made = cls(median=median, edges=edges.tolist(), counts=[0] * (len(edges) + 1))
        return made.model_copy(update={"counts": made.count(confidences).tolist()})

    def count(self, confidences: NDArray[np.float64]) -> NDArray[np.int64]:
        """Count other confidences between the same edges."""
        places = np.searchsorted(self.edges, confidences, side="right")
        return np.bincount(places, minlength=len(self.counts))


class Validation(Part):
    """What the policy does on the validation data it was chosen on, so a little better than elsewhere.

    Percent, and the mean cost per sample; `full_accuracy` is the last exit's. `sha256` is `trace_digest` of
    logits and labels. `confidences`, of each exit, are None in files of earlier versions.
    """

    sha256: Sha256
    samples: Count
    accuracy: Percent
    full_accuracy: Percent
    exit_rates: list[Percent]
    mean_cost: Amount
    confidences: list[Confidences] | None = None


class _Criterion(Part):
    def per_exit(self) -> dict[str, list[Any]]:
        """What is given for each exit, by name."""
        return {}


class _OfProbabilities(_Criterion):
    name: Literal["confidence", "margin"]
    temperature: Number | list[Number]

    def per_exit(self) -> dict[str, list[Any]]:
        return {"temperature": self.temperature} if isinstance(self.temperature, list) else {}


class _OfEntropy(_OfProbabilities):
    name: Literal["entropy"]  # type: ignore[assignment]
    normalized: bool


class _Counting(_Criterion):
    name: Literal["patience", "vote"]


class _Parameters(Part):
    means: list[list[Number]]
    deviations: list[list[Number]]
    weights: list[list[Number]]
    intercepts: list[Number]


class _OfLearned(_Criterion):
    name: Literal["learned"]
    parameters: _Parameters

    def per_exit(self) -> dict[str, list[Any]]:
        return {"parameters": self.parameters.intercepts}


Criterion = Annotated[_OfProbabilities | _OfEntropy | _Counting | _OfLearned, Field(discriminator="name")]
