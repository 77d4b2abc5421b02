"""`idn content put|get|list|pin|unpin|remove|verify`: files by CID in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from idn._words import counted
from idn.cli import exit_codes
from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from idn import ContentStore

_LARGE_BYTES = 64 << 20  # from here on people want to see how far it is

app = typer.Typer(help="Keep blocks and files by CID in a folder.", no_args_is_help=True)

Store = Annotated[Path, typer.Argument(metavar="STORE", help="The folder of the store.")]
OneCid = Annotated[str, typer.Argument(metavar="CID", help="A CID, as `idn content put` printed it.")]
Cids = Annotated[list[str], typer.Argument(metavar="CID...", help="CIDs, as `idn content put` printed them.")]


@app.command()
def put(
    store: Store,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files to store.")],
    pin: Annotated[bool, typer.Option("--pin", help="Keep them from eviction and removal.")] = False,
    max_bytes: Annotated[
        int | None,
        typer.Option("--max-bytes", help="Let blocks not used for the longest time make room above this."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store files and print their CIDs; the store is made if it is not there."""
    from idn import ContentStore

    for file in files:
        if not file.is_file():
            what = "a folder; give the files in it" if file.is_dir() else "not there"
            raise ValueError(f"{file} is {what}. Nothing was stored.")
    opened = ContentStore(store, max_bytes)
    for file in files:
        with _progress(file.name) as progress:
            cid = opened.put_file(file, pin=pin, progress=progress)
        if as_json:
            print_json({"file": str(file), "cid": str(cid), "pinned": pin})
        else:
            console().print(f"{cid}  {file}", markup=False)


@app.command()
def get(
    store: Store,
    cid: OneCid,
    destination: Annotated[Path, typer.Argument(metavar="DESTINATION", help="Where the file goes.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is at DESTINATION.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a file out of the store; it appears whole or not at all."""
    if destination.exists() and not force:
        raise ValueError(f"{destination} is there already; give another name, or --force to replace it.")
    with _progress(destination.name) as progress:
        size = _open(store).get_file(cid, destination, progress=progress)
    if as_json:
        print_json({"cid": cid, "file": str(destination), "bytes": size})
    else:
        console().print(f"{destination}: {size} bytes", markup=False)


@app.command("list")
def list_(
    store: Store,
    pins: Annotated[bool, typer.Option("--pins", help="Only what is pinned itself.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the CIDs of all blocks, and what is pinned."""
    opened = _open(store)
    pinned = opened.pins()
    cids = pinned if pins else list(opened)
    if as_json:
        print_json(
            {
                "blocks": len(opened),
                "bytes": opened.size_bytes,
                "cids": [str(one) for one in cids],
                "pins": [str(one) for one in pinned],
            }
        )
        return
    marked = set(pinned)
    for one in cids:
        console().print(f"{one}{'  pinned' if one in marked else ''}", markup=False)
    total = f"{counted(len(opened), 'block')}, {opened.size_bytes} bytes, {counted(len(pinned), 'pin')}"
    console(stderr=True).print(total, markup=False)


@app.command()
def pin(
    store: Store,
    cids: Cids,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Even if not all is here; the rest is kept once it comes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep files, with all their blocks, from eviction and removal."""
    opened = _open(store)
    for cid in cids:
        opened.pin(cid, incomplete=incomplete)
        _print(cid, "pinned", True, "pinned", as_json=as_json)


@app.command()
def unpin(store: Store, cids: Cids, as_json: AsJson = False) -> None:
    """Let files be evicted and removed again."""
    opened = _open(store)
    for cid in cids:
        found = opened.unpin(cid)
        _print(cid, "unpinned", found, "unpinned" if found else "was not pinned", as_json=as_json)


@app.command()
def remove(
    store: Store,
    cids: Cids,
    recursive: Annotated[
        bool, typer.Option("--recursive", help="With all blocks below, but for those that are pinned.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove blocks; `--recursive` removes whole files."""
    opened = _open(store)
    for cid in cids:
        found = opened.remove(cid, recursive=recursive)
        _print(cid, "removed", found, "removed" if found else "was not here", as_json=as_json)


@app.command()
def verify(store: Store, as_json: AsJson = False) -> None:
    """Compare every block with its CID, move damaged ones away, and look for what pins miss."""
    with _progress("verify") as progress:
        found = _open(store).verify(progress=progress)
    if as_json:
        damaged = [{"cid": str(one.cid), "reason": one.reason} for one in found.damaged]
        missing = [str(cid) for cid in found.missing]
        whole = {"blocks": found.blocks, "bytes": found.size_bytes}
        print_json({**whole, "damaged": damaged, "missing": missing})
    else:
        for one in found.damaged:
            console().print(f"{one.cid}  damaged: {one.reason}", markup=False)
        for cid in found.missing:
            console().print(f"{cid}  pinned, but not here", markup=False)
        whole_ones = f"{counted(found.blocks, 'block')}, {found.size_bytes} bytes"
        console().print(f"{whole_ones} are as they should be", markup=False)
    if found.damaged or found.missing:
        raise typer.Exit(exit_codes.DATA)


def _open(store: Path) -> ContentStore:
    from idn import ContentStore
    from idn.errors import DataError

    if not store.exists():
        raise DataError(f"there is no store at {store}; `idn content put` makes one.")
    return ContentStore(store, create=False)


def _print(cid: str, key: str, value: bool, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"cid": cid, key: value})
    else:
        console().print(f"{cid}  {text}", markup=False)


@contextmanager
def _progress(name: str) -> Iterator[Callable[[int, int], None]]:
    """What to call with the bytes done and to be done; large ones are shown on standard error."""
    from idn.data.progress import Progress

    with ExitStack() as stack:
        shown: Progress | None = None
        last = 0

        def tell(done: int, total: int) -> None:
            nonlocal shown, last
            if shown is None:
                shown = stack.enter_context(Progress(name, total, wanted=total >= _LARGE_BYTES))
            shown.advance(done - last)
            last = done

        yield tell
