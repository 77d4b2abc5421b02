"""What commands print: one JSON value on stdout for scripts, text for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON for scripts; text for people goes to stderr.")
]


@contextmanager
def resumable(*, force: bool = False) -> Iterator[None]:
    """Say on Ctrl-C that what ran can be gone on with; with `force` the same command would begin again."""
    try:
        yield
    except KeyboardInterrupt:
        again = "The same command without --force" if force else "The same command"
        console(stderr=True).print(f"{again} goes on where this one was interrupted.", markup=False)
        raise


def print_json(value: Any) -> None:
    """One line of JSON on stdout."""
    typer.echo(json.dumps(value, allow_nan=False))


def console(*, stderr: bool = False) -> Console:
    """Where text for people goes."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=True)
