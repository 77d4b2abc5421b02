"""Docstrings as people write them: `name` is code, |C| is a size. This makes them reStructuredText."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_CODE = re.compile(r"(?<![`:\\])`([^`\n]+)`(?![`_])")
_OUTSIDE_LITERALS = re.compile(r"(``[^`]*``|:\w+:`[^`]*`)")
# :raises A, B: -> the same as two fields would be, without the warning about the comma
_FIELD = re.compile(r"(?<=\S) (:(?:raises|returns|param) ?[\w. ]*:)")


def convert(lines: list[str]) -> list[str]:
    """The lines as reStructuredText: code in double backticks, bars as bars, one field per line."""
    converted: list[str] = []
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        for part in _FIELD.sub(r"\n\1", line).split("\n"):
            pieces = _OUTSIDE_LITERALS.split(_CODE.sub(r"``\1``", part))
            pieces[::2] = [piece.replace("|", r"\|").replace("*", r"\*") for piece in pieces[::2]]
            text = "".join(pieces)
            converted.append(text if text.startswith(indent) else indent + text)
    return converted


def _process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:  # noqa: ARG001
    lines[:] = convert(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", _process, priority=100)
    return {"parallel_read_safe": True}
