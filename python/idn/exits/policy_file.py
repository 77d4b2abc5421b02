"""A policy as a file: what decides, how it was chosen, what it did on validation, and for which network.

Readable JSON (docs/formats.md). A file is not trusted: its size is bounded, unknown keys and wrong types are
refused, and nothing in it is executed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from idn import _atomic, inference
from idn.errors import PolicyError
from idn.exits.criterion import policy_of
from idn.exits.policy import Policy

__all__ = [
    "Accuracy",
    "Budget",
    "MaxDrop",
    "PolicyFile",
    "Risk",
    "Validation",
    "trace_digest",
    "weights_digest",
]

MAX_BYTES = 1 << 20

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, lt=1)]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=2**53)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Word = Annotated[str, Field(min_length=1, max_length=100)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class MaxDrop(_Part):
    """The cheapest whose accuracy is no more than `points` (percentage points) below the last exit's."""

    for_: Literal["max_drop"] = Field("max_drop", alias="for")
    points: _Percent


class Budget(_Part):
    """The most accurate whose mean cost is at most this, in the unit of the costs."""

    for_: Literal["budget"] = Field("budget", alias="for")
    at_most: _Amount


class Accuracy(_Part):
    """The cheapest with at least this accuracy in percent."""

    for_: Literal["accuracy"] = Field("accuracy", alias="for")
    at_least: _Amount


class Risk(_Part):
    """The cheapest shown to lose at most `epsilon` of accuracy with probability 1 - `delta`.

    Thresholds were proposed on one half of the validation data, drawn by `seed`, and tested on the other.
    """

    for_: Literal["risk"] = Field("risk", alias="for")
    epsilon: _Share
    delta: _Share
    bound: Literal["clopper_pearson", "hoeffding_bentkus"]
    seed: Annotated[int, Field(ge=0)]


Asked = Annotated[MaxDrop | Budget | Accuracy | Risk, Field(discriminator="for_")]


class Validation(_Part):
    """What the policy does on the validation data it was chosen on, so a little better than elsewhere.

    Percent, and the mean cost per sample; `full_accuracy` is the last exit's. `sha256` is `trace_digest` of
    logits and labels.
    """

    sha256: _Sha256
    samples: _Count
    accuracy: _Percent
    full_accuracy: _Percent
    exit_rates: list[_Percent]
    mean_cost: _Amount


class _Criterion(_Part):
    def per_exit(self) -> dict[str, list[Any]]:
        """What is given for each exit, by name."""
        return {}


class _OfProbabilities(_Criterion):
    name: Literal["confidence", "margin"]
    temperature: _Number | list[_Number]

    def per_exit(self) -> dict[str, list[Any]]:
        return {"temperature": self.temperature} if isinstance(self.temperature, list) else {}


class _OfEntropy(_OfProbabilities):
    name: Literal["entropy"]  # type: ignore[assignment]
    normalized: bool


class _Counting(_Criterion):
    name: Literal["patience", "vote"]


class _Parameters(_Part):
    means: list[list[_Number]]
    deviations: list[list[_Number]]
    weights: list[list[_Number]]
    intercepts: list[_Number]


class _OfLearned(_Criterion):
    name: Literal["learned"]
    parameters: _Parameters

    def per_exit(self) -> dict[str, list[Any]]:
        return {"parameters": self.parameters.intercepts}


Criterion = Annotated[_OfProbabilities | _OfEntropy | _Counting | _OfLearned, Field(discriminator="name")]


class PolicyFile(_Part):
    """A policy with its origin. `criterion` is the policy's `rule`; a threshold of None is never taken.

    `costs` (one per exit, in `cost_unit`) is what a sample costs that leaves there.
    """

    idn_policy: Literal[1] = 1
    idn: _Word
    criterion: Criterion
    thresholds: list[_Number | None]
    exits: Annotated[int, Field(ge=1, le=10_000)]
    classes: Annotated[int, Field(ge=2, le=2**31)]
    weights_sha256: _Sha256
    asked: Asked
    cost_unit: _Word
    costs: list[_Amount]
    validation: Validation

    @model_validator(mode="after")
    def _fits(self) -> PolicyFile:
        for name, found, expected in (
            ("thresholds", self.thresholds, self.exits - 1),
            ("costs", self.costs, self.exits),
            ("validation.exit_rates", self.validation.exit_rates, self.exits),
        ):
            if len(found) != expected:
                raise ValueError(f"{name} has {len(found)} entries for {self.exits} exits")
        for name, found in self.criterion.per_exit().items():
            if len(found) > self.exits:
                raise ValueError(f"criterion.{name} has {len(found)} entries for {self.exits} exits")
        self.policy()
        return self

    @classmethod
    def of(
        cls,
        policy: Policy,
        logits: NDArray[np.float32],
        labels: NDArray[np.int64],
        costs: Sequence[float],
        *,
        asked: MaxDrop | Budget | Accuracy | Risk,
        weights_sha256: str,
        cost_unit: str = "MACs",
    ) -> PolicyFile:
        """Describe a policy and what it does on validation data.

        :param logits: (samples, exits, classes), of the validation data the policy was chosen on.
        :param labels: (samples,).
        :param costs: what a sample costs that leaves at each exit.
        :param weights_sha256: `weights_digest` of the network that gave the logits.
        :raises ValueError: for shapes or numbers that do not fit.
        """
        from importlib.metadata import version

        if logits.ndim != 3 or labels.shape != logits.shape[:1] or not len(labels):
            raise ValueError(
                f"logits {logits.shape} and labels {labels.shape} do not fit; expected (samples, exits, "
                "classes) and (samples,), of one sample at least."
            )
        samples, exits, classes = logits.shape
        if len(costs) != exits:
            raise ValueError(f"{len(costs)} costs for {exits} exits; give one per exit.")
        answers = inference.from_traces(logits, policy)
        counts = np.bincount(answers.exits.numpy(), minlength=exits)
        try:
            return cls.model_validate(
                {
                    "idn": version("idn"),
                    "criterion": policy.rule,
                    "thresholds": policy.thresholds[: exits - 1],
                    "exits": exits,
                    "classes": classes,
                    "weights_sha256": weights_sha256,
                    "asked": asked,
                    "cost_unit": cost_unit,
                    "costs": [float(cost) for cost in costs],
                    "validation": Validation(
                        sha256=trace_digest(logits, labels),
                        samples=samples,
                        accuracy=100 * float((answers.labels.numpy() == labels).mean()),
                        full_accuracy=100 * float((logits[:, -1].argmax(axis=1) == labels).mean()),
                        exit_rates=[100 * int(count) / samples for count in counts],
                        mean_cost=float(counts @ np.asarray(costs, dtype=np.float64)) / samples,
                    ),
                }
            )
        except ValidationError as error:
            raise ValueError(f"this is no policy to keep: {_first_problem(error)}.") from error

    def policy(self) -> Policy:
        """Rebuild the policy.

        :raises ValueError: never for a file that was loaded.
        """
        return policy_of(self.criterion.model_dump(), self.thresholds)

    def check(self, weights_sha256: str, *, exits: int | None = None, classes: int | None = None) -> None:
        """Refuse another network's policy.

        :param weights_sha256: `weights_digest` of the network at hand.
        :raises idn.errors.PolicyError: naming what differs.
        """
        for name, here, found in (
            ("exits", self.exits, exits),
            ("classes", self.classes, classes),
            ("weights_sha256", self.weights_sha256, weights_sha256),
        ):
            if found is not None and found != here:
                raise PolicyError(
                    f"this policy is of another network: its {name} is {here}, the network's is {found}. "
                    "Its thresholds mean nothing there; make one for that network."
                )

    def as_json(self) -> str:
        """The file's text."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2, allow_nan=False) + "\n"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the file, whole or not at all.

        :raises idn.errors.PolicyError: if it cannot be written; what was there before stays.
        """
        place = Path(path)
        try:
            _atomic.replace(place, self.as_json().encode())
        except OSError as error:
            raise PolicyError(f"{place} cannot be written: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: str | PathLike[str]) -> PolicyFile:
        """Read a file, trusting nothing in it.

        :raises idn.errors.PolicyError: if it cannot be read, is larger than 1 MiB, or is not a policy as
            `save` writes them: unknown or repeated keys, wrong types, NaN; the message says where.
        """
        place = Path(path)
        try:
            with place.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise PolicyError(f"{place} cannot be read: {error.strerror or error}") from error
        if len(content) > MAX_BYTES:
            raise PolicyError(f"{place} is larger than {MAX_BYTES} bytes; a policy file is not.")
        try:
            value = json.loads(
                content.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_without_repeats
            )
        except (ValueError, RecursionError) as error:
            raise PolicyError(f"{place} is no policy file: {error}") from error
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise PolicyError(f"{place} is no policy file: {_first_problem(error)}") from error


def weights_digest(weights: Mapping[str, Any]) -> str:
    """Compute the SHA-256 of a network's weights, whatever file, device or order they are in.

    Of each tensor, sorted by name: the lengths of what follows, then name, type, shape and bytes in C order.

    :param weights: what `model.state_dict()` gives.
    :raises ValueError: for an entry that is not a tensor.
    """
    digest = hashlib.sha256(b"idn weights 1\n")
    for name in sorted(weights):
        tensor = weights[name]
        if not isinstance(tensor, torch.Tensor):
            raise ValueError(f"{name} is a {type(tensor).__name__}, expected a tensor.")
        kind = str(tensor.dtype).removeprefix("torch.")
        content = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data
        _add(digest, [name.encode(), kind.encode(), str(list(tensor.shape)).encode(), content])
    return digest.hexdigest()


def trace_digest(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> str:
    """Compute the SHA-256 of recorded logits (samples, exits, classes) and labels (samples,)."""
    digest = hashlib.sha256(b"idn trace 1\n")
    for values, kind in ((logits, "<f4"), (labels, "<i8")):
        content = np.ascontiguousarray(values, dtype=kind)
        _add(digest, [str(list(content.shape)).encode(), content.reshape(-1).view(np.uint8).data])
    return digest.hexdigest()


def _add(digest: Any, parts: Iterable[bytes | memoryview]) -> None:
    for part in parts:
        digest.update(f"{len(part)} ".encode())
        digest.update(part)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"{place}: {first['msg']}"
