"""`idn bench`: how fast a package is here, beside what else could run it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    import torch

    from idn.benching import Bench
    from idn.exits import Policy
    from idn.graph import Graph


def bench(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="What idn.export wrote.")],
    policy: Annotated[
        Path | None, typer.Option("--policy", help="A policy file; without one nothing leaves early overall.")
    ] = None,
    inputs: Annotated[
        Path | None, typer.Option("--inputs", help="A .npy file (samples, ...); without one, noise.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", help="Samples of one call.")] = 1,
    threads: Annotated[int, typer.Option("--threads", help="Threads of every way.")] = 1,
    turns: Annotated[int, typer.Option("--turns", help="Calls of each way and exit.")] = 50,
    way: Annotated[
        list[str] | None,
        typer.Option("--way", help="Compare with this alone; may be given again. Without it, with all."),
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the times: .png, .pdf or .svg.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a package in our engine and in eager PyTorch, torch.compile, TorchScript and ONNX Runtime.

    All ways run turn by turn on the same inputs. For each exit, every sample leaves there; overall, each
    leaves where the policy says.
    """
    import idn
    from idn import benching

    if plot is not None:
        _check_plot(plot)
    graph = idn.load(package)
    given, described = _inputs(graph, inputs, max(batch, 64))
    quiet = console(stderr=True)
    with quiet.status("loading") as status:
        result = benching.bench(
            graph,
            given,
            _policy(graph, policy),
            name=package.name,
            inputs_are=described,
            batch=batch,
            threads=threads,
            turns=turns,
            ways=way,
            progress=status.update,
        )
    _show(result, stderr=as_json)
    if as_json:
        print_json(result.as_dict())
    if plot is not None:
        from idn.benching import plot as drawing

        drawing.write(result, plot)


def _check_plot(path: Path) -> None:
    """Refuse a place for the picture before anything is measured."""
    if path.suffix not in (".png", ".pdf", ".svg"):
        raise ValueError(f"--plot is {path}, expected a name that ends in .png, .pdf or .svg.")
    if not path.parent.is_dir():
        raise ValueError(f"--plot is {path}, whose folder does not exist.")


def _policy(graph: Graph, path: Path | None) -> Policy:
    from idn import Engine
    from idn.exits import Confidence

    if path is None:
        return Confidence([None] * (len(graph.exits) - 1))
    return Engine(graph, path).policy


def _inputs(graph: Graph, path: Path | None, samples: int) -> tuple[list[torch.Tensor], str]:
    """What is run, and in words what it is."""
    import numpy as np
    import torch

    from idn.profiling.inputs import make_inputs

    if path is not None:
        if len(graph.inputs) != 1:
            raise ValueError(f"--inputs is for one input, the package has {len(graph.inputs)}.")
        try:
            array: Any = np.load(path, allow_pickle=False)
            if not isinstance(array, np.ndarray):
                raise ValueError("it holds several arrays")
            tensor = torch.from_numpy(np.require(array, requirements="C"))
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise ValueError(f"--inputs {path} is no .npy file that can be read: {error}") from error
        return [tensor], path.name
    return make_inputs(graph.inputs, samples), "noise (seed 0): its exit rates mean nothing"


def _show(result: Bench, *, stderr: bool) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("exit", "way"):
        table.add_column(name, overflow="fold")
    widest = {"p50 ms": 7, "p99 ms": 7, "per s": 9, "of idn's": 8, "agree": 6, "differ": 6}
    for name, width in widest.items():  # a number that is cut would be read as another
        table.add_column(name, justify="right", min_width=width)
    before = None
    for row in result.rows:
        job = "" if row.job == before else row.job
        before = row.job
        if row.p50_ms is None:
            table.add_row(job, row.way, row.reason)
            continue
        table.add_row(
            job,
            row.way,
            f"{row.p50_ms:.4g}",
            f"{row.p99_ms:.4g}",
            f"{row.samples_per_second:.4g}",
            f"{row.ratio:.3f}",
            f"{100 * (row.agreement or 0.0):.1f}%",
            "" if row.difference is None else f"{row.difference:.0e}",
        )
    shown = console(stderr=stderr)
    shown.print(table)
    rates = ", ".join(f"{rate:.1f} %" for rate in result.exit_rates)
    shown.print(
        f"Batches of {result.batch}, {result.threads} thread(s), {result.turns} turns; inputs: "
        f"{result.inputs}. Overall, {rates} leave at each exit.",
        markup=False,
    )
