"""A package as a picture: operators as boxes in the order they run in, segments as bands, exits marked."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idn._words import counted, printable
from idn.inspection.style import CSS, family
from idn.inspection.summary import shape_text
from idn.inspection.wires import Wire, neighbours_and_wires
from idn.report.format import macs as short

if TYPE_CHECKING:
    from idn.inspection.summary import Inspection, NodeSummary

_PITCH, _BOX, _HEADER, _GAP = (
    26,
    20,
    44,
    12,
)  # heights: of a row, of its box, of a band's heading, between bands
_MARGIN, _LANE, _WIDTH, _FACTS = (
    20,
    7,
    330,
    330,
)  # widths: around, of a lane, of a box, of what stands beside it
_TITLE = 56


@dataclass(frozen=True)
class _Row:
    """A box: an input, or an operator of a segment."""

    y: float
    label: str
    shape: str
    kind: str
    node: NodeSummary | None
    value: int


def draw(inspection: Inspection, title: str = "") -> str:
    """An SVG of its own, light or dark as the viewer is: text stays text, and names in it are escaped.

    :param title: what stands above it, as the name of the file.
    """
    return _Drawing(inspection, title).svg()


class _Drawing:
    def __init__(self, inspection: Inspection, title: str) -> None:
        self._seen = inspection
        self._title = title
        self._rows: list[_Row] = []
        self._bands: list[tuple[float, float, int]] = []
        self._most = max((node.operations for node in inspection.nodes), default=0)
        made: dict[int, int] = {}
        y = float(_TITLE)
        for value, one in enumerate(inspection.inputs):
            made[value] = len(self._rows)
            self._rows.append(_Row(y, one.name, f"{one.dtype} {shape_text(one.shape)}", "input", None, value))
            y += _PITCH
        for number in range(len(inspection.segments)):
            y += _GAP
            top, y = y, y + _HEADER
            for node in inspection.nodes:
                if node.segment == number:
                    made.update((value, len(self._rows)) for value, _, _ in node.outputs)
                    self._rows.append(_of_node(node, y))
                    y += _PITCH
            y += _GAP / 2
            self._bands.append((top, y, number))
        self._height = y + _MARGIN
        self._close, self._wires = neighbours_and_wires(made, self._readers(made))
        lanes = 1 + max((wire.lane for wire in self._wires), default=0)
        self._left = 2 * _MARGIN + _LANE * (lanes + 1)  # of the boxes
        self._width = self._left + _WIDTH + _FACTS + 2 * _MARGIN

    def svg(self) -> str:
        """The whole."""
        size = f"{self._width:g} {self._height:g}"
        about = f"{counted(len(self._seen.nodes), 'operator')}, exits {', '.join(self._seen.exits)}"
        name = self._title or "a package"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{self._width:g}" '
                f'height="{self._height:g}" role="img">',
                f"<title>{_text(name, 200)}</title><desc>{_text(about, 400)}</desc>",
                f"<style>{CSS}</style>",
                f'<rect class="paper" width="{self._width:g}" height="{self._height:g}"/>',
                *self._heading(),
                *(part for band in self._bands for part in self._band(*band)),
                *map(self._neighbours, self._close),
                *map(self._wire, self._wires),
                *(part for row in self._rows for part in self._box(row)),
                "</svg>",
                "",
            ]
        )

    def _readers(self, made: dict[int, int]) -> dict[int, list[int]]:
        readers: dict[int, list[int]] = {}
        for place, row in enumerate(self._rows):
            for value in row.node.reads if row.node else ():
                if value in made and value is not None:
                    readers.setdefault(value, []).append(place)
        return readers

    def _heading(self) -> Iterator[str]:
        seen = self._seen
        facts = (
            f"{counted(len(seen.nodes), 'operator')} · "
            f"{short(seen.operations)} operations at batch {seen.batch} · "
            f"{short(seen.parameters)} parameters · {bytes_text(seen.peak_bytes)} at most held at once"
        )
        yield f'<text class="title" x="{_MARGIN}" y="24">{_text(self._title or "package", 80)}</text>'
        yield f'<text class="soft" x="{_MARGIN}" y="42">{_text(facts)}</text>'

    def _band(self, top: float, bottom: float, number: int) -> Iterator[str]:
        segment = self._seen.segments[number]
        share = segment.cumulative_share
        facts = [
            counted(segment.operators, "operator"),
            f"{short(segment.operations)} operations"
            + ("" if share is None else f", {100 * share:.1f} % of all done here"),
            f"{short(segment.parameters)} parameters",
        ]
        if segment.live_bytes:
            facts.append(f"{bytes_text(segment.live_bytes)} cross its end")
        width, x = self._width - _MARGIN, self._left + 40  # right of the arrow that comes from above
        yield (
            f'<rect class="band band-{number % 2}" x="{_MARGIN / 2:g}" y="{top:g}" width="{width:g}" '
            f'height="{bottom - top:g}" rx="6"/>'
        )
        yield f'<text class="name" x="{x:g}" y="{top + 18:g}">to exit {_text(segment.exit, 40)}</text>'
        yield f'<text class="soft" x="{x:g}" y="{top + 34:g}">{_text(" · ".join(facts))}</text>'

    def _box(self, row: _Row) -> Iterator[str]:
        x, middle = self._left, row.y + _BOX / 2 + 4
        yield "<g>"
        if row.node is not None:
            yield f"<title>{_text(_told(row.node))}</title>"
        yield (
            f'<rect class="box {row.kind}" x="{x:g}" y="{row.y:g}" width="{_WIDTH}" height="{_BOX}" rx="4"/>'
            f'<text x="{x + 9:g}" y="{middle:g}">{_text(row.label, 38)}</text>'
            f'<text class="shape" x="{x + _WIDTH - 9:g}" y="{middle:g}">{_text(row.shape, 34)}</text>'
        )
        if row.node is not None:
            yield from self._facts(row, row.node)
        yield "</g>"

    def _facts(self, row: _Row, node: NodeSummary) -> Iterator[str]:
        x, middle = self._left + _WIDTH + 12, row.y + _BOX / 2 + 4
        if node.operations:
            length = max(1.0, 70 * node.operations / self._most)
            yield (
                f'<rect class="bar" x="{x:g}" y="{row.y + 6:g}" width="{length:.1f}" height="8" rx="2"/>'
                f'<text class="soft" x="{x + 78:g}" y="{middle:g}">{short(node.operations)}</text>'
            )
        if node.parameters:
            said = f"{short(node.parameters)} parameters"
            yield f'<text class="soft" x="{x + 130:g}" y="{middle:g}">{said}</text>'
        made = {value for value, _, _ in node.outputs}
        names = [
            name
            for name, value in zip(self._seen.exits, self._seen.exit_values, strict=True)
            if value in made
        ]
        if names:
            yield (
                f'<path class="exit" d="M{x + 226:g} {row.y:g}h90l8 {_BOX / 2}l-8 {_BOX / 2}h-90z"/>'
                f'<text class="exit-name" x="{x + 232:g}" y="{middle:g}">{_text(", ".join(names), 12)}</text>'
            )

    def _neighbours(self, rows: tuple[int, int]) -> str:
        above, below = (self._rows[row] for row in rows)
        x, top = self._left + 26, above.y + _BOX
        crosses = " crosses" if self._crosses(above, below) else ""
        return f'<path class="wire{crosses}" d="M{x:g} {top:g}V{below.y:g}"/>{_arrow(x, below.y, down=True)}'

    def _wire(self, wire: Wire) -> str:
        row = self._rows[wire.row]
        lane = self._left - _LANE * (wire.lane + 1) - 6
        start, last = row.y + _BOX / 2 + 4, self._rows[wire.readers[-1]].y + _BOX / 2 - 3
        bend = 4
        path = [
            f"M{self._left:g} {start:g}H{lane + bend:g}Q{lane:g} {start:g} {lane:g} {start + bend:g}"
            f"V{last - bend:g}"
        ]
        arrows = []
        for reader in wire.readers:
            y = self._rows[reader].y + _BOX / 2 - 3
            path.append(f"M{lane:g} {y - bend:g}Q{lane:g} {y:g} {lane + bend:g} {y:g}H{self._left - 4:g}")
            arrows.append(_arrow(self._left, y, down=False))
        crosses = " crosses" if self._crosses(row, self._rows[wire.readers[-1]]) else ""
        return f'<path class="wire{crosses}" d="{"".join(path)}"/>{"".join(arrows)}'

    @staticmethod
    def _crosses(above: _Row, below: _Row) -> bool:
        """Whether a value made in one segment is read in a later one."""
        if above.node is None or below.node is None:
            return False
        return above.node.segment != below.node.segment


def bytes_text(count: int) -> str:
    """`12.5 KiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} TiB"


def _of_node(node: NodeSummary, y: float) -> _Row:
    value, dtype, shape = node.outputs[0]
    shown = shape_text(shape) if dtype == "F32" else f"{dtype} {shape_text(shape)}"
    tier = f" @{node.tier}" if node.tier else ""
    return _Row(y, f"{node.operator}{tier}", shown, family(node.operator), node, value)


def _told(node: NodeSummary) -> str:
    """What a pointer on the box shows."""
    attributes = ", ".join(f"{name} {value}" for name, value in node.attributes.items())
    return f"node {node.index}: {node.operator} {node.version}" + (f" ({attributes})" if attributes else "")


def _arrow(x: float, y: float, *, down: bool) -> str:
    way = f"M{x:g} {y:g}l-3 -5h6z" if down else f"M{x:g} {y:g}l-5 -3v6z"
    return f'<path class="head" d="{way}"/>'


def _text(text: str, limit: int | None = None) -> str:
    return html.escape(printable(text, limit))
