"""Files of a run that are either whole or not there: the checkpoint and metrics.jsonl."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from idn import _atomic
from idn.errors import RunError

__all__ = ["MetricsLog", "read_checkpoint", "write_atomically", "write_checkpoint"]

_MAGIC = b"idn checkpoint 1 "


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all.

    :raises idn.errors.RunError: if the disk is full or refuses; what was there before stays.
    """
    try:
        _atomic.replace(path, content)
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. "
            "Free some space or choose another directory, then run again: "
            "the run goes on from its last checkpoint."
        ) from error


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a state of tensors, numbers, strings, lists and dicts, with a checksum over it.

    :raises idn.errors.RunError: if it cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    payload = buffer.getvalue()
    digest = hashlib.sha256(payload).hexdigest().encode()
    write_atomically(path, _MAGIC + digest + b"\n" + payload)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote, and run no code of it.

    :raises idn.errors.RunError: if the file is damaged or something else.
    """
    content = path.read_bytes()
    head, _, payload = content.partition(b"\n")
    fix = f"Delete {path} to start again from the beginning."
    if not head.startswith(_MAGIC):
        raise RunError(f"{path} is no checkpoint of this version of idn. {fix}")
    if hashlib.sha256(payload).hexdigest().encode() != head[len(_MAGIC) :]:
        raise RunError(f"{path} is damaged: its checksum does not match its {len(content)} bytes. {fix}")
    try:
        state = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RunError(f"{path} is refused: it holds code, not only data. {fix}") from error
    except Exception as error:  # torch.load promises nothing about what it meets in damaged files
        raise RunError(f"{path} cannot be read ({error}). {fix}") from error
    if not isinstance(state, dict):
        raise RunError(f"{path} is no checkpoint: it holds a {type(state).__name__}. {fix}")
    return state


class MetricsLog:
    """metrics.jsonl: one JSON object a line, whole lines only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """Length in bytes; 0 if there is no file."""
        return self.path.stat().st_size if self.path.exists() else 0

    def truncate(self, size: int) -> None:
        """Drop what was written after the file had `size` bytes.

        :raises idn.errors.RunError: if the file is shorter than that.
        """
        if self.size < size:
            raise RunError(
                f"{self.path} has {self.size} bytes, but its checkpoint was made when it had {size}: "
                f"lines are missing. Put the file back, or delete {self.path.parent} to start again."
            )
        if self.size > size:
            os.truncate(self.path, size)

    def append(self, metrics: dict[str, Any]) -> None:
        """Append a line.

        :raises idn.errors.RunError: if it cannot be written whole; then nothing of it stays.
        """
        before = self.size
        try:
            with self.path.open("ab") as file:
                file.write(json.dumps(metrics, allow_nan=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            if self.size > before:
                os.truncate(self.path, before)
            raise RunError(
                f"cannot write {self.path}: {error.strerror or error}. Free some space, then run again: "
                "the run goes on from its last checkpoint."
            ) from error

    def read(self) -> list[dict[str, Any]]:
        """Return the lines.

        :raises idn.errors.RunError: if one is damaged.
        """
        if not self.path.exists():
            return []
        try:
            return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]
        except ValueError as error:
            raise RunError(
                f"{self.path} is damaged ({error}). Delete {self.path.parent} to start again."
            ) from error
