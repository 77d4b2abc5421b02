"""Early exit without Python in the way: a package, a policy, answers (docs/engine.md).

Deciding, dropping the samples that left and dividing a batch among threads are C++ (`idn_torch::Engine`).
`idn.inference.infer` is the same in plain PyTorch, and what this is tested against.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from os import PathLike
from typing import Literal

import torch

from idn._native import extension
from idn._words import shortened
from idn.exits.criterion import names
from idn.exits.learned import Learned
from idn.exits.policy import Policy
from idn.exits.policy_file import PolicyFile
from idn.graph import Graph, load, whole_device
from idn.profiling import Profile

__all__ = ["Answers", "Engine"]

Compaction = Literal["auto", "always", "never"]
_COMPACTION = {
    "auto": extension.graph.Compaction.AUTO,
    "always": extension.graph.Compaction.ALWAYS,
    "never": extension.graph.Compaction.NEVER,
}


@dataclass(frozen=True)
class Answers:
    """What an engine answers for each sample of a batch, in the order of the batch; on the CPU.

    labels: int64 (batch,). confidences: float64 (batch,), the highest probability at the exit that answered,
    without temperature. exits: int64 (batch,), that exit, from 0. operations: int64 (batch,), what the
    segments up to that exit do for one sample (docs/operations.md). classes: the names of the labels; empty
    where the package has none.
    """

    labels: torch.Tensor
    confidences: torch.Tensor
    exits: torch.Tensor
    operations: torch.Tensor
    classes: tuple[str, ...]

    @property
    def class_names(self) -> list[str]:
        """The label of each sample by name.

        :raises ValueError: where the package names no classes.
        """
        if not self.classes:
            raise ValueError("the package names no classes; idn.export(..., classes=[...]) puts them in.")
        return [self.classes[label] for label in self.labels.tolist()]

    def as_lines(self) -> str:
        """A line of JSON for each sample, as a service notes its answers and `idn drift` reads them."""
        columns = zip(self.labels.tolist(), self.confidences.tolist(), self.exits.tolist(), strict=True)
        lines = [{"label": label, "confidence": sure, "exit": left_at} for label, sure, left_at in columns]
        return "".join(json.dumps(line) + "\n" for line in lines)

    def __len__(self) -> int:
        return len(self.labels)


class Engine:
    """Runs a package, each sample up to the first exit that is sure enough (Figure 3.2).

    One engine serves many Python threads at once, each request on the thread that asks and, with `threads`,
    on others beside it. The interpreter is free meanwhile.

    :param model: a package's file, or what `idn.load` or `idn.export` gave.
    :param policy: a policy of `idn.exits`; or a policy file, by path or loaded, which must be of the very
        network that the package was exported from.
    :param threads: among how many threads a batch is divided, as far as there are cores.
    :param compaction: whether samples that left are dropped from the batch before the next segment runs:
        where that is predicted to pay, always, or never. The answers are the same.
    :param profile: what `idn profile` measured of the package on this machine, by path or loaded; that
        prediction is by operations and bytes without it.
    :param device: where it runs; the CPU, or where a graph that is given runs.
    :raises ValueError: for a policy that does not fit the exits or is not one of `idn.exits`, what is neither
        a path nor a graph or a profile where one is asked for, or an option out of range.
    :raises idn.errors.PackageError: for a file that is no package.
    :raises idn.errors.PolicyError: for a policy file that cannot be read or is of another network.
    :raises idn.errors.ProfileError: for a profile that cannot be read, or of another package or machine.
    """

    def __init__(
        self,
        model: Graph | str | PathLike[str],
        policy: Policy | PolicyFile | str | PathLike[str],
        *,
        threads: int = 1,
        compaction: Compaction = "auto",
        profile: Profile | str | PathLike[str] | None = None,
        device: torch.device | str | None = None,
    ) -> None:
        if compaction not in _COMPACTION:
            raise ValueError(f"compaction is {compaction!r}, expected one of {', '.join(_COMPACTION)}.")
        self.graph = _graph(model, device)
        self.policy = _policy(policy, self.graph)
        self.threads = threads
        self.compaction = compaction
        self._engine = extension.graph.Engine(
            self.graph.executor,
            _compiled(self.policy),
            threads=threads,
            compaction=_COMPACTION[compaction],
            times=None if profile is None else _times(profile, self.graph),
        )

    def __call__(self, *inputs: torch.Tensor) -> Answers:
        """Answer a batch.

        :param inputs: one for each of `graph.inputs`, in order, on the engine's device.
        :raises ValueError: for inputs that the graph does not take, as `Graph.run` does, or NaN among the
            logits of an exit, naming the exit and the sample.
        :raises TypeError: for what is no tensor, such as a NumPy array.
        """
        labels, confidences, exits, operations = self._engine(list(inputs))
        return Answers(labels, confidences, exits, operations, self.graph.classes)

    def __repr__(self) -> str:
        return f"Engine({self.graph!r}, {self.policy!r}, threads={self.threads})"


def _graph(model: Graph | str | PathLike[str], device: torch.device | str | None) -> Graph:
    if not isinstance(model, Graph):
        return load(model, device="cpu" if device is None else device)
    if device is None or whole_device(device) == model.device:
        return model
    return Graph(model.package, device=device, passes=model.passes)


def _times(profile: object, graph: Graph) -> extension.graph.SegmentTimes:
    """What was measured of this package on this machine, however many requests there were at once."""
    if isinstance(profile, (str, PathLike)):
        profile = Profile.load(profile)
    if not isinstance(profile, Profile):
        raise ValueError(f"profile is a {type(profile).__name__}, expected what `idn profile` wrote.")
    profile.check(graph, threads=profile.machine.threads)
    points = [[(point.batch, point.seconds) for point in segment.points] for segment in profile.segments]
    gather = profile.gather
    if gather is None:
        return extension.graph.SegmentTimes(points)
    return extension.graph.SegmentTimes(points, gather.fixed_seconds, gather.seconds_per_byte)


def _policy(policy: object, graph: Graph) -> Policy:
    """The policy to decide by; a file's only where it is of this network."""
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, (str, PathLike)):
        policy = PolicyFile.load(policy)
    if not isinstance(policy, PolicyFile):
        example = f"idn.exits.Entropy({[0.5] * (len(graph.exits) - 1)})"
        raise ValueError(
            f"policy is {shortened(policy)}, expected one of idn.exits, such as {example}, or its file."
        )
    policy.check_package(graph)
    return policy.policy()


def _compiled(policy: Policy) -> extension.exits.Policy:
    """The same policy for C++."""
    module, known = type(policy).__module__, type(policy).name in names()
    if not known or module not in ("idn.exits.criterion", "idn.exits.learned"):
        raise ValueError(
            f"policy is a {module}.{type(policy).__qualname__}, which C++ does not know: expected one of "
            f"{', '.join(names())}. idn.inference.infer takes any policy."
        )
    count = len(policy.thresholds)
    temperature = policy.temperature
    temperatures = temperature[:count] if isinstance(temperature, list) else [temperature] * count
    learned = policy._learned[:count] if isinstance(policy, Learned) else []
    return extension.exits.Policy(policy._criterion, policy.thresholds, temperatures, learned)
