"""A matplotlib figure as SVG to stand inside a page: small, selectable text, the page's own colours."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

from idn.report import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_VARIABLES = {
    figures.INK: "var(--ink)",
    figures.SOFT: "var(--soft)",
    figures.GRID: "var(--grid)",
    figures.PAPER: "var(--paper)",
    figures.ACCENT: "var(--accent)",
    **{colour: f"var(--series-{index})" for index, colour in enumerate(figures.SERIES)},
}


def inline(figure: Figure, name: str, title: str, description: str) -> str:
    """The figure as one `<svg>` element with a title and a description for who cannot see it.

    `name` makes the ids inside differ from those of other figures on the page.
    """
    import matplotlib

    buffer = io.StringIO()
    # Text stays text (the page's font), and ids follow from the name, so equal runs give equal bytes.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        # No date, creator or format: the whole metadata block, and the addresses in it, stay out.
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*<!--.*?-->", "", text, flags=re.DOTALL)
    # Group ids such as axes_1 are the same in every figure, and nothing refers to them.
    text = re.sub(r' id="(?:figure|axes|patch|line2d|text|legend|[xy]tick|matplotlib\.axis)_\w+"', "", text)
    text = re.sub(r"'DejaVu Sans'[^;\"<>]*", "system-ui, sans-serif", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, variable)
    opening = text.index(">")
    head = re.sub(r' (?:width|height)="[^"]*"', "", text[:opening])
    described = f"<title>{html.escape(title)}</title><desc>{html.escape(description)}</desc>"
    return f'{head} role="img">{described}{text[opening + 1 :]}'.strip()
