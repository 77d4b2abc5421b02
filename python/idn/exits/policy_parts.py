"""What a policy file is made of: strict types, and the parts that `PolicyFile` puts together."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Accuracy", "Asked", "Budget", "Criterion", "MaxDrop", "Part", "Risk", "RiskTest", "Validation"]

Number = Annotated[float, Field(allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
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


class Validation(Part):
    """What the policy does on the validation data it was chosen on, so a little better than elsewhere.

    Percent, and the mean cost per sample; `full_accuracy` is the last exit's. `sha256` is `trace_digest` of
    logits and labels.
    """

    sha256: Sha256
    samples: Count
    accuracy: Percent
    full_accuracy: Percent
    exit_rates: list[Percent]
    mean_cost: Amount


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
