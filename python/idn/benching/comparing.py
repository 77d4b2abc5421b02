"""The comparison itself: all ways turn by turn in one run, so that a machine's drift hits all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from idn.benching import rivals
from idn.benching.early_exit import Chain
from idn.benching.result import Bench, Row
from idn.engine import Engine
from idn.exits import Confidence
from idn.experiment.environment import describe
from idn.profiling.profile_file import MOST_THREADS
from idn.torch_module import to_torch

if TYPE_CHECKING:
    from idn.exits import Policy
    from idn.graph import Graph

__all__ = ["bench"]

OURS = "idn"
Progress = Callable[[str], None]


def bench(
    graph: Graph,
    inputs: Sequence[torch.Tensor],
    policy: Policy,
    *,
    name: str = "",
    inputs_are: str = "given",
    batch: int = 1,
    threads: int = 1,
    turns: int = 50,
    ways: Sequence[str] | None = None,
    progress: Progress = lambda _: None,
) -> Bench:
    """Measure every exit and the whole under a policy, in our engine and in each rival.

    :param inputs: one tensor for each input of the graph, (samples, ...) each, on the CPU.
    :param policy: decides in the overall job.
    :param batch: samples of one call.
    :param turns: calls of each way and exit; of the overall job, passes over all samples, at most 10.
    :param ways: which of `idn.benching.names()`; all by default.
    :raises ValueError: for an unknown way, numbers below 1, too many threads, or fewer samples than a batch
        has.
    """
    chosen = rivals.names() if ways is None else list(ways)
    for way in chosen:
        if way not in rivals.names():
            raise ValueError(f"way {way!r} is unknown, expected some of {', '.join(rivals.names())}.")
    for what, value in (("batch", batch), ("threads", threads), ("turns", turns)):
        if value < 1:
            raise ValueError(f"{what} is {value}, expected at least 1.")
    if threads > MOST_THREADS:  # torch takes any number, and ends the process over one
        raise ValueError(f"threads is {threads}, expected at most {MOST_THREADS}.")
    if any(tensor.dim() == 0 for tensor in inputs):
        raise ValueError("an input is a single number, expected (samples, ...).")
    if len(inputs[0]) < batch:
        raise ValueError(f"there are {len(inputs[0])} samples, fewer than a batch of {batch}.")
    batches = [
        [tensor[start : start + batch] for tensor in inputs]
        for start in range(0, len(inputs[0]) - batch + 1, batch)
    ]
    rows: list[Row] = []
    with _threads(threads):
        for index, exit_ in enumerate(graph.exits):
            rows += _of_exit(graph, index, exit_, batches, chosen, threads, turns, progress)
        overall, rates = _overall(graph, policy, batches, chosen, threads, min(turns, 10), progress)
        environment = describe()
    return Bench(
        package=name,
        batch=batch,
        threads=threads,
        turns=turns,
        samples=len(batches) * batch,
        inputs=inputs_are,
        policy={**policy.rule, "thresholds": policy.thresholds},
        exit_rates=rates,
        rows=rows + overall,
        environment=environment,
    )


def _of_exit(
    graph: Graph,
    index: int,
    exit_: str,
    batches: Sequence[Sequence[torch.Tensor]],
    ways: Sequence[str],
    threads: int,
    turns: int,
    progress: Progress,
) -> list[Row]:
    last = len(graph.exits) - 1
    thresholds: list[float | None] = (
        [None] * index + [0.0] * (index < last) + [None] * max(0, last - index - 1)
    )
    engine = Engine(graph, policy=Confidence(thresholds), threads=threads)
    ours = graph.run(*batches[0])[index]
    module = to_torch(graph, index + 1)
    ready: dict[str, Callable[[Sequence[torch.Tensor]], object]] = {OURS: lambda given: engine(*given)}
    rows: dict[str, Row] = {}
    differences: dict[str, tuple[float, float]] = {}
    for way in ways:
        progress(f"{exit_}: {way} gets ready")
        try:
            function = rivals.make(way, module, batches[0], threads)
        except rivals.Unavailable as error:
            rows[way] = Row(exit_, way, reason=str(error))
            continue
        theirs = function(batches[0])[index]
        same = (theirs.argmax(dim=1) == ours.argmax(dim=1)).double().mean().item()
        differences[way] = ((theirs - ours).abs().max().item(), same)
        ready[way] = function
    progress(f"{exit_}: {turns} turns")
    times = _turns(ready, [batches[turn % len(batches)] for turn in range(turns)])
    batch = len(batches[0][0])
    for way, seconds in times.items():
        difference, agreement = differences.get(way, (0.0, 1.0))
        rows[way] = _row(exit_, way, seconds, times[OURS], batch, difference, agreement)
    return [rows[way] for way in (OURS, *ways)]


def _overall(
    graph: Graph,
    policy: Policy,
    batches: Sequence[Sequence[torch.Tensor]],
    ways: Sequence[str],
    threads: int,
    passes: int,
    progress: Progress,
) -> tuple[list[Row], list[float]]:
    job = "overall"
    engine = Engine(graph, policy=policy, threads=threads)
    ready: dict[str, Callable[[Sequence[torch.Tensor]], object]] = {OURS: lambda given: engine(*given)}
    rows: dict[str, Row] = {}
    answers = [engine(*given) for given in batches]
    labels = torch.cat([answer.labels for answer in answers])
    exits = torch.cat([answer.exits for answer in answers])
    agreements: dict[str, float] = {}
    for way in ways:
        progress(f"{job}: {way} gets ready")
        try:
            chain = Chain(way, graph, policy, batches[0], threads)
            theirs = torch.cat([chain(given)[0] for given in batches])
        except rivals.Unavailable as error:
            rows[way] = Row(job, way, reason=str(error))
            continue
        except Exception as error:  # a rival that takes no batch of another size says so only now
            rows[way] = Row(job, way, reason=f"it fails on what is left of a batch: {error}"[:200])
            continue
        agreements[way] = (theirs == labels).double().mean().item()
        ready[way] = chain
    progress(f"{job}: {passes} passes")
    times = _turns(ready, [given for _ in range(passes) for given in batches])
    for way, seconds in times.items():
        rows[way] = _row(job, way, seconds, times[OURS], len(batches[0][0]), None, agreements.get(way, 1.0))
    rates = [100 * (exits == index).double().mean().item() for index in range(len(graph.exits))]
    return [rows[way] for way in (OURS, *ways)], rates


def _turns(
    ready: Mapping[str, Callable[[Sequence[torch.Tensor]], object]],
    calls: Sequence[Sequence[torch.Tensor]],
) -> dict[str, list[float]]:
    """The seconds of every call, all ways in turn; who goes first changes from turn to turn."""
    names = list(ready)
    for function in ready.values():
        function(calls[0])
    times: dict[str, list[float]] = {name: [] for name in names}
    for turn, given in enumerate(calls):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            started = time.perf_counter()
            ready[name](given)
            times[name].append(time.perf_counter() - started)
    return times


def _row(
    job: str,
    way: str,
    seconds: Sequence[float],
    ours: Sequence[float],
    batch: int,
    difference: float | None,
    agreement: float,
) -> Row:
    ordered = sorted(seconds)
    return Row(
        job=job,
        way=way,
        p50_ms=1000 * statistics.median(ordered),
        p99_ms=1000 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))],
        samples_per_second=batch * len(seconds) / sum(seconds),
        ratio=statistics.median(one / other for one, other in zip(seconds, ours, strict=True)),
        difference=difference,
        agreement=agreement,
    )


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
