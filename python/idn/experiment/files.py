"""Files of a run directory: written whole or not at all, and one process at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from idn import _atomic
from idn.errors import RunError


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all.

    :raises idn.errors.RunError: if it cannot be written, a full disk for one; what was there stays.
    """
    try:
        _atomic.replace(path, text.encode())
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from error


def write_json(path: Path, value: Any) -> None:
    """Writes a value as JSON, indented.

    :raises idn.errors.RunError: if it holds NaN or infinity, or cannot be written.
    """
    try:
        text = json.dumps(value, indent=2, allow_nan=False)
    except ValueError as error:
        raise RunError(f"{path.name} would hold a number that is not finite: {error}") from error
    write_text(path, text + "\n")


def read_json(path: Path) -> Any:
    """Reads what `write_json` wrote.

    :raises idn.errors.RunError: if it is missing, damaged or cut short.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}); --force runs it again") from error


@contextmanager
def exclusive(run_dir: Path, wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Holds a run directory for this process; the lock goes with the process, however that ends.

    :param wait: where another process holds it, wait for that one, and say so here; refuse if None.
    :raises idn.errors.RunError: if another process holds it, or if it cannot be made.
    """
    import fcntl

    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        stream = (run_dir / ".lock").open("w")
    except OSError as error:
        raise RunError(
            f"{run_dir} cannot be used: {error.strerror or error}; choose another --out"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if wait is None:
                raise RunError(
                    f"{run_dir} is in use by another process; wait for it, or choose another --out"
                ) from None
            wait(f"waiting for another process to finish {run_dir}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
