"""`idn profile`: how long the segments of a package take on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from idn.profiling import Profile, Rapl

Package = Annotated[Path, typer.Argument(metavar="PACKAGE", help="A package, as `idn.export` writes it.")]


def profile(
    package: Package,
    batch: Annotated[
        str, typer.Option("--batch", metavar="N,N,...", help="The batches to measure.")
    ] = "1,2,4,8,16,32,64",
    threads: Annotated[
        int, typer.Option("--threads", min=1, help="Requests at once, each on a thread of its own.")
    ] = 1,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="How often each batch is run.")] = 30,
    device: Annotated[str, typer.Option("--device", help="Where to run: cpu, cuda, cuda:1.")] = "cpu",
    energy: Annotated[
        bool, typer.Option("--energy", help="Read the processor's energy counters (RAPL) too.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where it goes; PACKAGE.profile.json if left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time every segment of a package here, and keep the times beside it for `idn.Engine`.

    What was there of an earlier measurement is replaced.
    """
    batches = _batches(batch)

    import torch

    from idn import _atomic, graph, profiling

    try:
        torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"--device is {device!r}, expected cpu, cuda or cuda:N.") from error
    if torch.device(device).type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device is {device!r}, and torch sees no CUDA device; leave it out for the CPU.")
    file = profiling.place(package) if out is None else out
    _atomic.check_place(file)
    counters = _counters() if energy else None
    loaded = graph.load(package, device=device)
    with _progress(package.name) as progress:
        found = profiling.profile(
            loaded, batches, threads=threads, repeats=repeats, energy=counters, progress=progress
        )
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)
    found.save(file)  # last, so that where it cannot be written what was measured is shown
    console(stderr=as_json).print(f"Profile: {file}", markup=False)


def _batches(text: str) -> list[int]:
    """The numbers of a list with commas.

    :raises ValueError: naming what is no batch.
    """
    words = [word.strip() for word in text.split(",")]
    wrong = [word for word in words if not (word.isascii() and word.isdecimal() and int(word[:12]) >= 1)]
    if wrong:
        raise ValueError(f"--batch holds {wrong[0]!r}, expected numbers from 1 on, as 1,2,16.")
    return [int(word) for word in dict.fromkeys(words)]


def _counters() -> Rapl | None:
    """The machine's energy counters; where there are none that is said, times are measured all the same."""
    from idn.profiling import Rapl

    try:
        return Rapl()
    except OSError as error:
        console(stderr=True).print(f"Energy is not measured: {error}", markup=False)
        return None


def _print(found: Profile) -> None:
    """A table of milliseconds: the median, and how far the repeats were apart."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from idn._words import printable

    console().print(found.summary(), markup=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("to exit", overflow="fold")
    for one in found.batches:
        table.add_column(f"ms at batch {one}", justify="right", overflow="fold")
    for segment in found.segments:
        cells = [
            f"{1e3 * one.seconds:.3g} ({1e3 * one.least:.3g} to {1e3 * one.most:.3g})"
            for one in segment.points
        ]
        table.add_row(Text(printable(segment.exit, 64)), *cells)
    if found.energy is not None:
        joules = [f"{1e3 * one.joules:.3g} mJ" for one in found.energy.points]
        table.add_row("energy of a sample, all exits asked", *joules)
    console().print(table)
    if found.energy is not None:
        domains = ", ".join(map(printable, found.energy.domains))
        idle = f"the whole of {domains}, {found.energy.idle_watts:.3g} W of it while idle"
        console().print(f"Energy is {idle}.", markup=False)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """What to call with the runs done and to be done: a bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from idn._words import printable

    terminal = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    # Drawn now and then: more would take time from what is being measured.
    with Progress(
        *columns, console=terminal, transient=True, refresh_per_second=2, disable=not terminal.is_terminal
    ) as bar:
        task = bar.add_task(printable(name, 40), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
