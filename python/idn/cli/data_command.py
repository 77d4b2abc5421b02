"""`idn data list|get|verify`: the data sets on this machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from idn.cli.output import AsJson, console, print_json

app = typer.Typer(help="List, fetch and check data sets.", no_args_is_help=True)

Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="Where data sets lie; IDN_DATA_ROOT, then the user's cache."),
]
Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names, as `idn data list` prints them.")]


@app.command("list")
def list_(root: Root = None, as_json: AsJson = False) -> None:
    """List the data sets known by name, and whether they are here."""
    from idn import data

    rows = [
        {
            "name": source.name,
            "state": source.state(root),
            "path": str(source.path(root)),
            "download_bytes": source.download_bytes,
            "title": source.title,
            "licence": source.licence,
            "homepage": source.homepage,
        }
        for source in data.registry()
    ]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table()
    for heading in ("name", "state", "download", "title", "licence"):
        table.add_column(heading, overflow="fold")
    for source in data.registry():
        size = f"{source.download_bytes / 1e6:.0f} MB" if source.download_bytes else ""
        table.add_row(source.name, source.state(root), size, source.title, source.licence)
    console().print(table)
    console().print(f"Data root: {data.data_root(root)}", markup=False)


@app.command()
def get(names: Names, root: Root = None, as_json: AsJson = False) -> None:
    """Download data sets and check them; an interrupted download continues where it stopped."""
    from idn import data

    for name in names:
        path = data.get(name, root, progress=True)
        if as_json:
            print_json({"name": name, "path": str(path)})
        else:
            console().print(f"{name}: {path}", markup=False)


@app.command()
def verify(names: Names, root: Root = None, as_json: AsJson = False) -> None:
    """Compare every byte of data sets with the published checksums."""
    from idn import data

    for name in names:
        found = data.verify(name, root)
        if as_json:
            print_json({key: str(value) if key == "path" else value for key, value in asdict(found).items()})
        else:
            note = f" ({found.note})" if found.note else ""
            console().print(f"{name}: {found.files} files as published{note}, {found.path}", markup=False)
