"""`idn inspect`: what is in a package, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from idn.cli.output import AsJson, console, print_json

Package = Annotated[Path, typer.Argument(metavar="PACKAGE", help="A package, as `idn.export` writes it.")]


def inspect(
    package: Package,
    batch: Annotated[
        int, typer.Option("--batch", min=0, help="Count operations and bytes at this batch.")
    ] = 1,
    nodes: Annotated[bool, typer.Option("--nodes", help="List every operator with its shapes.")] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw the graph into this file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE where it is there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a package holds: inputs, exits, operators, and the cost of each segment. Nothing is run."""
    from idn import _atomic

    if svg is not None:
        _atomic.check_place(svg)
        if svg.exists() and not force:
            raise ValueError(f"{svg} is there already; --force replaces it, another name keeps it.")

    from idn import graph, inspection

    seen = inspection.inspect(graph.load(package), batch)
    if svg is not None:
        _atomic.replace(svg, inspection.draw(seen, package.name).encode())
    if as_json:
        print_json(seen.as_dict(nodes=nodes))
    else:
        from idn.cli import inspect_text

        inspect_text.print_inspection(seen, nodes=nodes)
    if svg is not None:
        console(stderr=as_json).print(f"Drawing: {svg}", markup=False)
