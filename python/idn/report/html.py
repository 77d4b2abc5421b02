"""Small pieces of HTML; every text is escaped here, so sections hand over plain strings."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from idn.experiment.comparison import Comparison
from idn.report.format import NOTHING, interval, measure, verdict


class Finished(str):
    """HTML already, which a table takes as it is."""

    __slots__ = ()


@dataclass(frozen=True)
class Picture:
    """An image with a caption; `about` describes it for who cannot see it."""

    png: bytes
    caption: str
    about: str
    marked: bool = False


_CLASSES = {True: "holds", False: "fails", None: "open"}


def section(title: str, *parts: str) -> str:
    """A titled part of the page around finished pieces."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def subtitle(text: str) -> str:
    """The title of a part of a section."""
    return f"<h3>{escape(text)}</h3>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text; `kind` is a class of page.css."""
    return f"<p{_class(kind)}>{escape(text)}</p>"


def figure(drawing: str, caption: str = "") -> str:
    """A finished `<svg>` with its caption."""
    under = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{drawing}{under}</figure>"


def tiles(found: Iterable[tuple[str, str, str]]) -> str:
    """Label, number and the line under it, as a row of cards."""
    cards = "".join(
        f'<div class="tile"><dt>{escape(label)}</dt><dd><span class="value">{escape(value)}</span>'
        f'<span class="under">{escape(under)}</span></dd></div>'
        for label, value, under in found
    )
    return f'<dl class="tiles">{cards}</dl>'


def link(text: str, target: str) -> Finished:
    """A link to a place of this page (`#...`) or to a file by its relative address."""
    return Finished(f'<a href="{escape(target)}">{escape(text)}</a>')


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is words and whose other columns are numbers."""
    kinds = ["", *["n"] * (len(head) - 1)]
    body = [_row("td", zip(row, kinds, strict=True)) for row in rows]
    return _table(_row("th", zip(head, kinds, strict=True)), body)


def comparison_table(entries: Iterable[Comparison], origins: Sequence[Finished] | None = None) -> str:
    """Published against measured; the verdict stands second, so a phone shows it without scrolling.

    :param origins: where each entry comes from, to stand under what it is; that is not said again where
        the entry before was of the same.
    """
    head = _row(
        "th", [("what", ""), ("verdict", ""), ("published", "n"), ("measured", "n"), ("95 % interval", "n")]
    )
    rows, before = [], None
    for index, entry in enumerate(entries):
        origin = "" if origins is None else f'<span class="origin">{origins[index]}</span>'
        what = "" if origin and before == (entry.what, entry.published) else escape(entry.what)
        rows.append(f'<td class="what">{what}{origin}</td>{_comparison_cells(entry)}')
        before = (entry.what, entry.published)
    return _table(head, rows)


def heat_table(head: Sequence[str], rows: Sequence[tuple[str, Sequence[float | None], Sequence[str]]]) -> str:
    """A table of percentages whose colour is the stronger the higher they stand between least and most.

    :param rows: words, the percentages, and more columns without colour.
    """
    values = [value for _, cells, _ in rows for value in cells if value is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)

    def cell(value: float | None) -> str:
        if value is None:
            return _row("td", [(NOTHING, "n")])
        heat = (value - low) / (high - low) if high > low else 0.0
        return f'<td class="n heat" style="--heat: {heat:.2f}">{value:.1f} %</td>'

    body = [
        _row("td", [(name, "")]) + "".join(map(cell, cells)) + _row("td", [(text, "n") for text in rest])
        for name, cells, rest in rows
    ]
    return _table(_row("th", zip(head, ["", *["n"] * (len(head) - 1)], strict=True)), body)


def gallery(pictures: Iterable[Picture]) -> str:
    """Small images in a row that breaks where the page is narrow."""
    shown = "".join(
        f"<figure{_class('marked' if one.marked else '')}>"
        f'<img src="data:image/png;base64,{b64encode(one.png).decode("ascii")}" alt="{escape(one.about)}">'
        f"<figcaption>{escape(one.caption)}</figcaption></figure>"
        for one in pictures
    )
    return f'<div class="gallery">{shown}</div>'


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


def folded(title: str, content: str, *, opened: bool = False) -> str:
    """Content that opens and closes on demand."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{escape(title)}</summary>{content}</details>"


def one_or_folded(parts: Sequence[tuple[str, str]]) -> str:
    """Finished parts under their titles: one as it is, several to be opened on demand, the first one open."""
    if len(parts) == 1:
        return parts[0][1]
    return "".join(folded(title, part, opened=index == 0) for index, (title, part) in enumerate(parts))


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


def _comparison_cells(entry: Comparison) -> str:
    badge = f'<span class="verdict {_CLASSES[entry.holds]}">{escape(verdict(entry))}</span>'
    # A sentence may break over lines, a number may not.
    kind = "words" if isinstance(entry.measured, str) else "n"
    rest = [(measure(entry.published), "n"), (measure(entry.measured), kind), (interval(entry.interval), "n")]
    return f"<td>{badge}</td>{_row('td', rest)}"


def _table(head: str, rows: Iterable[str]) -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _row(tag: str, cells: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<{tag}{_class(kind)}>{_cell(text)}</{tag}>" for text, kind in cells)


def _cell(text: str) -> str:
    return text if isinstance(text, Finished) else escape(text)


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
