"""Refusals: which line of the user's module made what cannot be exported."""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from types import TracebackType

import torch
from torch import fx

from idn.errors import ExportError

__all__ = ["module_path", "refusal", "user_line", "where", "where_called", "where_raised"]

_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)\n\s*(?P<text>.*)')
_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parent)


def refusal(node: fx.Node, reason: str, instead: str = "") -> ExportError:
    """Make the error for what a traced operation does: its line, the reason, and what could replace it."""
    advice = f" Instead: {instead}." if instead else ""
    return ExportError(f"{where(node)}: {reason}.{advice}")


def where(node: fx.Node) -> str:
    """Say which line made a traced operation: file, line and text, and the submodule where there is one."""
    frames = _FRAME.finditer(node.meta.get("stack_trace") or "")
    named = _innermost([(frame["file"], int(frame["line"]), frame["text"]) for frame in frames])
    path = module_path(node)
    return " ".join([*([named] if named else []), *([f"(submodule {path!r})"] if path else [])]) or (
        f"the operation {node.name!r}"
    )


def where_raised(trace: TracebackType | None) -> str:
    """Say which line of the user's code raised, or nothing where none did."""
    frames = [(frame.filename, frame.lineno or 0, frame.line or "") for frame in traceback.extract_tb(trace)]
    return _innermost(frames)


def where_called() -> str:
    """Say which line of the user's code is running, or nothing where none is."""
    return _innermost(
        [(frame.filename, frame.lineno or 0, frame.line or "") for frame in traceback.extract_stack()]
    )


def user_line(frame: traceback.FrameSummary | None) -> str:
    """Say which line a frame is at, or nothing where that is not the user's code."""
    is_frame = isinstance(frame, traceback.FrameSummary)
    return _innermost([(frame.filename, frame.lineno or 0, frame.line or "")]) if frame and is_frame else ""


def module_path(node: fx.Node) -> str:
    """Name the submodule whose `forward` made a traced operation, "" for the module itself."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [entry[0] for entry in stack.values()]
    return str(paths[-1]) if paths else ""


def _innermost(frames: list[tuple[str, int, str]]) -> str:
    for file, line, text in reversed(frames):
        if file.startswith((_TORCH, _OURS, "<frozen", "<eval_with_key")):
            continue
        if Path(file).is_absolute() or file.startswith("<"):  # torch shortens the names of its own
            return f"{file}:{line}: `{text.strip()}`" if text.strip() else f"{file}:{line}"
    return ""
