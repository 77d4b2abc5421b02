"""Small pieces of HTML; every text is escaped here, so sections hand over plain strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from idn.experiment.comparison import Comparison
from idn.report.format import NOTHING, interval, measure, verdict

_CLASSES = {True: "holds", False: "fails", None: "open"}


def section(title: str, *parts: str) -> str:
    """A titled part of the page around finished pieces."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text; `kind` is a class of page.css."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def figure(drawing: str, caption: str) -> str:
    """A finished `<svg>` with its caption."""
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def tiles(found: Iterable[tuple[str, str, str]]) -> str:
    """Label, number and the line under it, as a row of cards."""
    cards = "".join(
        f'<div class="tile"><dt>{escape(label)}</dt><dd><span class="value">{escape(value)}</span>'
        f'<span class="under">{escape(under)}</span></dd></div>'
        for label, value, under in found
    )
    return f'<dl class="tiles">{cards}</dl>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is words and whose other columns are numbers."""
    kinds = ["", *["n"] * (len(head) - 1)]
    body = [_row("td", zip(row, kinds, strict=True)) for row in rows]
    return _table(_row("th", zip(head, kinds, strict=True)), body)


def comparison_table(entries: Iterable[Comparison]) -> str:
    """Published against measured; the verdict stands second, so a phone shows it without scrolling."""
    head = _row(
        "th", [("what", ""), ("verdict", ""), ("published", "n"), ("measured", "n"), ("95 % interval", "n")]
    )
    return _table(head, [_comparison_row(entry) for entry in entries])


def facts(values: Iterable[tuple[str, Any]]) -> str:
    """Names and values; nested values become one line of words."""
    return (
        '<dl class="facts">'
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(words(value))}</dd>" for name, value in values)
        + "</dl>"
    )


def code(text: str) -> str:
    """A block to copy."""
    return f"<pre><code>{escape(text)}</code></pre>"


def folded(title: str, content: str) -> str:
    """Content that opens on demand."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def words(value: Any) -> str:
    """A JSON value as one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {words(inner)}" for key, inner in value.items())
    if isinstance(value, list) and value:
        return ", ".join(words(inner) for inner in value)
    if value is None or value == []:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _comparison_row(entry: Comparison) -> str:
    badge = f'<span class="verdict {_CLASSES[entry.holds]}">{escape(verdict(entry))}</span>'
    # A sentence may break over lines, a number may not.
    kind = "words" if isinstance(entry.measured, str) else "n"
    rest = [(measure(entry.published), "n"), (measure(entry.measured), kind), (interval(entry.interval), "n")]
    return f'<td class="what">{escape(entry.what)}</td><td>{badge}</td>{_row("td", rest)}'


def _table(head: str, rows: Iterable[str]) -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(tag: str, cells: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<{tag}{_class(kind)}>{escape(text)}</{tag}>" for text, kind in cells)


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
