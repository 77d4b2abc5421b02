"""Times every segment of a package, batch by batch, with interleaved repeats."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from idn.errors import RunError
from idn.profiling.energy import Rapl
from idn.profiling.gathering import fitted, live_bytes
from idn.profiling.inputs import make_inputs
from idn.profiling.profile_file import (
    MOST_BATCH,
    MOST_POINTS,
    MOST_THREADS,
    Energy,
    EnergyPoint,
    GatherTime,
    Machine,
    Profile,
    SegmentTimes,
    TimePoint,
    passes_of,
)

if TYPE_CHECKING:
    import torch

    from idn.graph import Graph

Clock = Callable[[], float]
Progress = Callable[[int, int], None]

BATCHES = (1, 2, 4, 8, 16, 32, 64)
_WARM_UPS = 3  # the first runs of a batch find memory, caches and kernels cold
_ENERGY_SECONDS = 1.0  # of running without pause: counters move about a thousand times a second


def profile(
    graph: Graph,
    batches: Sequence[int] = BATCHES,
    *,
    threads: int = 1,
    repeats: int = 30,
    energy: Rapl | None = None,
    progress: Progress | None = None,
    clock: Clock = time.perf_counter,
) -> Profile:
    """Run a package on made-up inputs and time each segment.

    A repeat runs all batches once, each time beginning with another, so a slow moment of the machine meets
    all of them. Of a segment and batch the median of the repeats is kept, with the least and the most. A
    second run of each goes on with every other sample after each exit, to time that. Inputs
    are within the ranges that the package names; their values do not change what is computed.

    :param batches: the batches to measure.
    :param threads: how many requests are answered at once, each on a thread of its own. With more than one
        the times are those of a segment while the other threads are busy as well.
    :param repeats: how often each batch is run, after some runs that do not count.
    :param energy: counters; then each batch also runs for a second without pause, after a second of rest.
    :param progress: called with the runs done and to be done.
    :param clock: seconds that only ever grow.
    :raises ValueError: for a batch, threads or repeats below 1, a batch named twice, more of them than a
        profile holds, or inputs that the package refuses.
    :raises idn.errors.RunError: if the system gives no more threads.
    """
    from hashlib import sha256
    from importlib.metadata import version

    chosen = sorted(batches)
    if not chosen or chosen[0] < 1 or len(set(chosen)) < len(chosen):
        raise ValueError(f"batches are {list(batches)}, expected numbers from 1 on, each once.")
    if threads < 1 or repeats < 1:
        raise ValueError(f"threads are {threads} and repeats {repeats}, expected 1 or more.")
    # What a profile cannot hold is not measured.
    for what, number, most in (
        ("the greatest batch", chosen[-1], MOST_BATCH),
        ("the number of batches", len(chosen), MOST_POINTS),
        ("the number of threads", threads, MOST_THREADS),
        ("the number of exits", len(graph.exits), MOST_POINTS),
    ):
        if number > most:
            raise ValueError(f"{what} is {number}, expected at most {most}.")
    total = len(chosen) * (_WARM_UPS + 2 * repeats + (1 if energy else 0))
    with ThreadPoolExecutor(threads) as pool:
        runs = _Runs(graph, chosen, threads, clock, _Counted(total, progress), pool)
        times, gather = runs.times(repeats)
        used = None if energy is None else runs.energy(energy)
    return Profile(
        idn=version("idn"),
        package_sha256=sha256(graph.bytes()).hexdigest(),
        machine=Machine.here(str(graph.device), threads),
        passes=passes_of(graph),
        repeats=repeats,
        segments=[
            SegmentTimes(
                exit=name,
                points=[_point(batch, [run[place] for run in times[batch]]) for batch in chosen],
            )
            for place, name in enumerate(graph.exits)
        ],
        gather=gather,
        energy=used,
    )


def _point(batch: int, seconds: list[float]) -> TimePoint:
    return TimePoint(batch=batch, seconds=statistics.median(seconds), least=min(seconds), most=max(seconds))


class _Counted:
    """Tells how many runs are done."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def one(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total)


class _Runs:
    """A package with inputs for every batch."""

    def __init__(
        self,
        graph: Graph,
        batches: list[int],
        threads: int,
        clock: Clock,
        counted: _Counted,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._graph, self._batches, self._threads = graph, batches, threads
        self._clock, self._counted, self._pool = clock, counted, pool
        self._inputs = {batch: make_inputs(graph.inputs, batch, graph.device) for batch in batches}

    def times(self, repeats: int) -> tuple[dict[int, list[list[float]]], GatherTime | None]:
        """For every batch the seconds of each segment, run by run; and what keeping samples takes."""
        copies: dict[tuple[int, int], list[float]] = {}
        found: dict[int, list[list[float]]] = {batch: [] for batch in self._batches}
        for batch in self._batches:
            for _ in range(_WARM_UPS):
                self._at_once(batch)
                self._counted.one()
        for number in range(repeats):
            first = number % len(self._batches)
            for batch in (*self._batches[first:], *self._batches[:first]):
                found[batch] += self._at_once(batch)
                self._counted.one()
                for place, (copied, seconds) in enumerate(self._gathers(batch)):
                    copies.setdefault((place, copied), []).append(seconds)
                self._counted.one()
        return found, fitted([(copied, statistics.median(some)) for (_, copied), some in copies.items()])

    def energy(self, rapl: Rapl) -> Energy:
        """Joules of a sample at every batch, and what the machine takes while it does nothing for us."""
        before, began = rapl.read(), self._clock()
        time.sleep(_ENERGY_SECONDS)
        idle = rapl.joules(before, rapl.read()) / (self._clock() - began)
        points = []
        for batch in self._batches:
            samples, before, began = 0, rapl.read(), self._clock()
            while True:
                self._at_once(batch)
                samples += batch * self._threads
                if self._clock() - began >= _ENERGY_SECONDS:
                    break
            points.append(EnergyPoint(batch=batch, joules=rapl.joules(before, rapl.read()) / samples))
            self._counted.one()
        return Energy(domains=rapl.domains, idle_watts=idle, points=points)

    def _at_once(self, batch: int) -> list[list[float]]:
        """One request on every thread; the seconds of their segments."""
        if self._threads == 1:
            return [self._one(self._inputs[batch])]
        together = threading.Barrier(self._threads)

        def run() -> list[float]:
            together.wait()
            return self._one(self._inputs[batch])

        try:
            asked = [self._pool.submit(run) for _ in range(self._threads)]
        except RuntimeError as error:  # the system gives no more threads; those that are there wait for them
            together.abort()
            raise RunError(f"{self._threads} threads cannot be had here: {error}") from error
        return [one.result() for one in asked]

    def _one(self, inputs: list[torch.Tensor]) -> list[float]:
        execution = self._graph.executor.start(inputs)
        seconds, before = [], self._now()
        for _ in self._graph.exits:
            execution.next()
            after = self._now()
            # A segment of no operator can end in the tick of the clock in which it began.
            seconds.append(max(after - before, 1e-9))
            before = after
        return seconds

    def _gathers(self, batch: int) -> list[tuple[int, float]]:
        """After each exit: the bytes of every other sample, and the seconds of keeping these."""
        execution, found = self._graph.executor.start(self._inputs[batch]), []
        for segment in self._graph.segments[:-1]:
            execution.next()
            if execution.rows < 2 or not execution.can_keep:
                break
            kept = list(range(0, execution.rows, 2))
            before = self._now()
            execution.keep(kept)
            seconds = self._now() - before
            found.append((live_bytes(self._graph, segment, len(kept)), seconds))
        return found

    def _now(self) -> float:
        """The time once what was begun on the device is done."""
        if self._graph.device.type != "cpu":
            import torch

            torch.accelerator.synchronize(self._graph.device)
        return self._clock()
