"""Tests that dropping samples from a batch as they leave pays where it is done; claims of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.experiment import published
from idn.experiment.comparison import Comparison, claim

if TYPE_CHECKING:
    from idn.report import RunData

    Case = tuple[dict[str, Any], dict[str, Any]]

SINGLE, BATCHED, SLOWER = 1.05, 1.15, 1.05
WAYS = ("always", "auto", "never")


def claims(run: RunData) -> list[Comparison]:
    """Four claims, each over all batch sizes and shares that it is about; the worst of them decides."""
    wanted = published.read(Path(__file__).parent)
    texts = wanted["claims"]
    tests: dict[str, tuple[float, Callable[[Case], float], Callable[[Case], bool]]] = {
        "single": (SINGLE, lambda case: case[1]["auto"]["to_ideal"], lambda case: case[0]["batch"] == 1),
        "batched": (
            BATCHED,
            lambda case: case[1]["auto"]["to_ideal"],
            lambda case: case[0]["batch"] == wanted["batch"] and case[1]["asked"] == wanted["leave"],
        ),
        "never_slower": (SLOWER, lambda case: case[1]["auto"]["time"], lambda _: True),
        "auto": (SLOWER, _against_the_better, lambda _: True),
    }
    where = f"on {run.summary.dataset}"
    return [_worst(run, f"{texts[name]}, {where}", *test) for name, test in tests.items()]


def _worst(
    run: RunData,
    what: str,
    most: float,
    value: Callable[[Case], float],
    is_meant: Callable[[Case], bool],
) -> Comparison:
    found = [(value(case), case) for case in _cases(run) if is_meant(case)]
    if not found:
        return claim(f"{what} (not measured)", None, preset=run.summary.preset, ours=True)
    worst, (batch, share) = max(found, key=lambda one: one[0])
    least, greatest = share["auto"]["spread"]
    saw = (
        f"at most {worst:.2f}, at a batch of {batch['batch']} of which {share['left']:.0f} % leave"
        f" (the middle half of its repeats: {least:.2f} to {greatest:.2f} of the time where nobody leaves)"
    )
    noise = _noise(run)
    if most < worst <= most * noise:
        busy = f"where nobody leaves, and all do the same work, times are up to {noise:.2f} times one another"
        what = f"{what} (the machine was too busy to tell: {saw}, but {busy})"
        return claim(what, None, preset=run.summary.preset, ours=True)
    return claim(what, worst <= most, saw, preset=run.summary.preset, ours=True)


def _noise(run: RunData) -> float:
    """The greatest over the least of times that an idle machine would make equal; 1 if none were measured."""
    same = [share[way]["time"] for _, share in _cases(run) if share["asked"] == 0 for way in WAYS]
    return float(max([1.0, *same]) / min([1.0, *same]))


def _against_the_better(case: Case) -> float:
    _, share = case
    better = min(share[way]["time"] for way in ("always", "never"))
    return float(share["auto"]["time"] / better)


def _cases(run: RunData) -> Iterator[Case]:
    for batch in run.summary.batching or []:
        plain = batch.model_dump()
        yield from ((plain, share) for share in plain["shares"])
