"""A policy as a file: what decides, how it was chosen, what it did on validation, and for which network.

Readable JSON (docs/formats.md). A file is not trusted: its size is bounded, unknown keys and wrong types are
refused, and nothing in it is executed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, field_validator, model_validator

from idn import _atomic, inference
from idn._words import counted
from idn.errors import PolicyError
from idn.exits.criterion import policy_of
from idn.exits.digest import trace_digest, weights_digest
from idn.exits.policy import Policy
from idn.exits.policy_parts import (
    Accuracy,
    Amount,
    Asked,
    Budget,
    Confidences,
    Criterion,
    MaxDrop,
    Number,
    Part,
    Risk,
    RiskTest,
    Sha256,
    Validation,
    Word,
)
from idn.exits.risk_control import RiskControl

if TYPE_CHECKING:
    from idn.graph import Graph

__all__ = [
    "Accuracy",
    "Budget",
    "MaxDrop",
    "PolicyFile",
    "Risk",
    "RiskTest",
    "Validation",
    "trace_digest",
    "weights_digest",
]

MAX_BYTES = 1 << 20


class PolicyFile(Part):
    """A policy with its origin. `criterion` is the policy's `rule`; a threshold of None is never taken.

    `costs` (one per exit, in `cost_unit`) is what a sample costs that leaves there. `risk`, of a promise
    alone, is how it was tested.
    """

    idn_policy: int = 1
    idn: Word
    criterion: Criterion
    thresholds: list[Number | None]
    exits: Annotated[int, Field(ge=1, le=10_000)]
    classes: Annotated[int, Field(ge=2, le=2**31)]
    weights_sha256: Sha256
    asked: Asked
    cost_unit: Word
    costs: list[Amount]
    validation: Validation
    risk: RiskTest | None = None

    @field_validator("idn_policy")
    @classmethod
    def _is_known(cls, version: int) -> int:
        if version != 1:
            raise ValueError(f"version {version} of the format is not known, only 1; a newer idn reads it")
        return version

    @model_validator(mode="after")
    def _fits(self) -> PolicyFile:
        for name, found, expected in (
            ("thresholds", self.thresholds, self.exits - 1),
            ("costs", self.costs, self.exits),
            ("validation.exit_rates", self.validation.exit_rates, self.exits),
        ):
            if len(found) != expected:
                raise ValueError(_misfit(name, len(found), self.exits))
        if (sure := self.validation.confidences) is not None and len(sure) != self.exits:
            raise ValueError(_misfit("validation.confidences", len(sure), self.exits))
        for name, found in self.criterion.per_exit().items():
            if len(found) > self.exits:
                raise ValueError(_misfit(f"criterion.{name}", len(found), self.exits))
        if self.risk is not None and not isinstance(self.asked, Risk):
            raise ValueError(f"risk is of a promise only, but asked is for {self.asked.for_}")
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
        risk: RiskControl | None = None,
    ) -> PolicyFile:
        """Describe a policy and what it does on validation data.

        :param logits: (samples, exits, classes), of the validation data the policy was chosen on.
        :param labels: (samples,).
        :param costs: what a sample costs that leaves at each exit.
        :param weights_sha256: `weights_digest` of the network that gave the logits.
        :param risk: where the policy comes from `control_risk`, all that this found.
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
            raise ValueError(
                f"{counted(len(costs), 'cost')} for {counted(exits, 'exit')}; give one per exit."
            )
        answers = inference.from_traces(logits, policy)
        left_at, sure = answers.exits.numpy(), answers.confidences.numpy()
        counts = np.bincount(left_at, minlength=exits)
        try:
            return cls.model_validate(
                {
                    "idn": version("idn"),
                    "criterion": policy.rule,
                    "thresholds": policy.thresholds,
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
                        confidences=[Confidences.of(sure[left_at == k]) for k in range(exits)],
                    ),
                    "risk": None if risk is None else _risk_test(risk),
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
        for here, there, said in (
            (self.exits, exits, f"it is for {counted(self.exits, 'exit')}, the network has {exits}"),
            (self.classes, classes, f"it is for {self.classes} classes, the network has {classes}"),
            (
                self.weights_sha256,
                weights_sha256,
                f"its weights_sha256 is {self.weights_sha256}, the network's is {weights_sha256}",
            ),
        ):
            if there is not None and there != here:
                raise PolicyError(
                    f"this policy is of another network: {said}. Its thresholds mean nothing there; make one "
                    "for that network."
                )

    def check_package(self, graph: Graph) -> None:
        """Refuse a package of another network, or one that does not say of which it is.

        :raises idn.errors.PolicyError: naming what differs.
        """
        origin = graph.provenance.get("weights_sha256")
        if origin is None:
            raise PolicyError(
                "the package does not say which weights it was exported from (weights_sha256 in its "
                "provenance), so nothing shows that this policy file is of its network. Who knows that it is "
                "passes PolicyFile.load(path).policy() to idn.Engine."
            )
        self.check(origin, exits=len(graph.exits), classes=graph.class_count)

    def as_dict(self) -> dict[str, Any]:
        """The file's content, as plain values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def as_json(self) -> str:
        """The file's text."""
        return json.dumps(self.as_dict(), indent=2, allow_nan=False) + "\n"

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


def _risk_test(risk: RiskControl) -> RiskTest:
    return RiskTest(
        samples=risk.samples,
        measured_loss=risk.measured_loss,
        mean_cost=risk.cost,
        tested=risk.tested,
        passed=risk.passed,
        saving_epsilon=risk.saving_epsilon,
    )


def _misfit(name: str, found: int, exits: int) -> str:
    return f"{name} has {counted(found, 'entry', 'entries')} for {counted(exits, 'exit')}"


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
