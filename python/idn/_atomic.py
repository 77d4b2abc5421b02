"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["replace"]


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
