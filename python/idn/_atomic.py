"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["check_place", "replace"]


def check_place(path: Path) -> None:
    """Refuse a path where no file can be, before the work whose result it is to hold.

    :raises OSError: if its folder is not there or is none, or the path itself is a folder.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file, such as {path / 'file'}.")
    if path.parent.exists() and not path.parent.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {path.parent} is a file, not a folder.")
    if not path.parent.exists():
        raise FileNotFoundError(
            f"{path} cannot be written: there is no folder {path.parent}; make it first, or give another."
        )


def replace(path: Path, content: bytes) -> None:
    """Write a file by way of a temporary one beside it: a reader, or a crash, never sees half of it.

    :raises OSError: if the disk is full or refuses; what was there before stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)  # else a power cut may undo the renaming
        finally:
            os.close(directory)
    finally:
        temporary.unlink(missing_ok=True)
