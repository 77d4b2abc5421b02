"""A profile as a file: strict JSON beside the package, for one package on one machine (docs/profile.md)."""

from __future__ import annotations

import json
from itertools import pairwise
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from idn import _atomic
from idn._words import counted, printable
from idn.errors import ProfileError

if TYPE_CHECKING:
    from idn.graph import Graph

MAX_BYTES = 1 << 20
MOST_BATCH = 2**31 - 1
MOST_POINTS = 64  # batches, and exits
MOST_THREADS = 4096

Seconds = Annotated[float, Field(gt=0, lt=1e9, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, lt=1e12, allow_inf_nan=False)]
Batch = Annotated[int, Field(ge=1, le=MOST_BATCH)]
Text = Annotated[str, Field(max_length=256)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Machine(_Part):
    """What times depend on beside the package."""

    cpu: Text
    device: Text
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]
    torch: Text

    @classmethod
    def here(cls, device: str = "cpu", threads: int = 1) -> Machine:
        """This machine; of an accelerator its own name stands with it."""
        import torch

        from idn.experiment.environment import cpu_model

        name = str(torch.device(device))
        if torch.device(device).type != "cpu":
            name = f"{name} ({torch.get_device_module(device).get_device_name(torch.device(device))})"
        return cls(cpu=cpu_model()[:256], device=name[:256], threads=threads, torch=str(torch.__version__))


class TimePoint(_Part):
    """Seconds that a segment takes with a batch: the median, the least and the most of the repeats."""

    batch: Batch
    seconds: Seconds
    least: Seconds
    most: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> TimePoint:
        if not self.least <= self.seconds <= self.most:
            raise ValueError(
                f"{self.seconds} s is not from the least to the most, {self.least} to {self.most}"
            )
        return self


class SegmentTimes(_Part):
    """The times of a segment, batches ascending."""

    exit: Text
    points: Annotated[list[TimePoint], Field(min_length=1, max_length=MOST_POINTS)]


class GatherTime(_Part):
    """What it takes to go on with some samples: of a call, and of each byte of values that is copied."""

    fixed_seconds: Amount
    seconds_per_byte: Amount


class EnergyPoint(_Part):
    """Joules that a sample takes with a batch, all exits asked, the idle machine's share included."""

    batch: Batch
    joules: Amount


class Energy(_Part):
    """What the processor's own counters say: of all of `domains` together, whoever used them."""

    domains: Annotated[list[Text], Field(min_length=1, max_length=MOST_POINTS)]
    idle_watts: Amount
    points: Annotated[list[EnergyPoint], Field(min_length=1, max_length=MOST_POINTS)]


class Profile(_Part):
    """Measured times of a package on a machine."""

    idn_profile: int = 1
    idn: Text
    package_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    machine: Machine
    passes: dict[Annotated[str, Field(max_length=64)], bool]
    repeats: Annotated[int, Field(ge=1, le=10**9)]
    segments: Annotated[list[SegmentTimes], Field(min_length=1, max_length=MOST_POINTS)]
    gather: GatherTime | None = None
    energy: Energy | None = None

    @model_validator(mode="after")
    def _fits(self) -> Profile:
        if self.idn_profile != 1:
            raise ValueError(f"version {self.idn_profile} of the format is not known, only 1")
        batches = self.batches
        if any(later <= earlier for earlier, later in pairwise(batches)):
            raise ValueError(f"the batches {batches} are not ascending, each once")
        rows = [[one.batch for one in segment.points] for segment in self.segments]
        if self.energy is not None:
            rows.append([one.batch for one in self.energy.points])
        if any(row != batches for row in rows):
            raise ValueError("segments, or the energy, are of different batches")
        return self

    @property
    def batches(self) -> list[int]:
        """The batches that were measured, ascending."""
        return [one.batch for one in self.segments[0].points]

    def check(self, graph: Graph, *, threads: int = 1) -> None:
        """Refuse the profile of another package, machine or way to run.

        :raises idn.errors.ProfileError: naming what differs.
        """
        from hashlib import sha256

        found = sha256(graph.bytes()).hexdigest()
        if found != self.package_sha256:
            raise ProfileError(
                f"this profile is of the package {self.package_sha256}, not of {found}; `idn profile` makes "
                "one."
            )
        exits = [segment.exit for segment in self.segments]
        if exits != list(graph.exits):
            raise ProfileError(
                f"this profile has times up to the exits {printable(exits)}, and the package has the exits "
                f"{printable(list(graph.exits))}; `idn profile` makes one."
            )
        here = Machine.here(str(graph.device), threads)
        told = self.machine.model_dump() | self.passes
        for name, value in (here.model_dump() | passes_of(graph)).items():
            if told.get(name) != value:
                raise ProfileError(
                    f"this profile was measured with {name} {printable(told.get(name))}, here it is "
                    f"{printable(value)}; `idn profile` makes one for here."
                )

    def as_json(self) -> str:
        """The file's text."""
        return json.dumps(self.model_dump(mode="json"), indent=2, allow_nan=False) + "\n"

    def save(self, path: str | PathLike[str]) -> None:
        """Write the file, whole or not at all.

        :raises idn.errors.ProfileError: if it cannot be written; what was there before stays.
        """
        try:
            _atomic.replace(Path(path), self.as_json().encode())
        except OSError as error:
            raise ProfileError(f"{fspath(path)} cannot be written: {error.strerror or error}") from error

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Profile:
        """Read a file, trusting nothing in it.

        :raises idn.errors.ProfileError: if it cannot be read, is larger than 1 MiB, or is not what `save`
            writes: unknown, missing or repeated keys, wrong types, NaN, times that are none; the message says
            where.
        """
        name = fspath(path)
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ProfileError(f"{name} cannot be read: {error.strerror or error}") from error
        if len(content) > MAX_BYTES:
            raise ProfileError(f"{name} is larger than {MAX_BYTES} bytes; a profile is not.")
        try:
            value = json.loads(
                content.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_constant
            )
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the whole"
            raise ProfileError(f"{name} is no profile: {printable(where, 200)}: {first['msg']}") from error
        except (ValueError, RecursionError) as error:
            raise ProfileError(f"{name} is no profile: {printable(error, 200)}") from error

    def summary(self) -> str:
        """A line on what was measured."""
        where = f"{printable(self.machine.cpu)}, {printable(self.machine.device)}"
        how = f"{counted(self.machine.threads, 'thread')}, torch {printable(self.machine.torch)}"
        return f"{where}, {how}, {counted(self.repeats, 'repeat')}"


def place(package: str | PathLike[str]) -> Path:
    """Where the profile of a package lies: beside it, `model.safetensors.profile.json`."""
    path = Path(package)
    return path.with_name(f"{path.name}.profile.json")


def passes_of(graph: Graph) -> dict[str, bool]:
    """How a graph is made ready to run, by name."""
    from dataclasses import asdict

    return asdict(graph.passes)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, which is no number")
