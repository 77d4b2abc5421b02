"""A package in words and tables, for a terminal. Every text of the package is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idn._words import printable
from idn.cli.output import console
from idn.cli.policy_text import print_lines
from idn.inspection.drawing import bytes_text
from idn.inspection.summary import shape_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from idn.inspection import Inspection, NodeSummary

_SHOWN_CLASSES = 10
_LONG = 200  # characters of a text that a line shows


def print_inspection(seen: Inspection, *, nodes: bool) -> None:
    """The whole: what it is, its operators by number, its segments, and every node if asked."""
    lines = {
        "inputs": "; ".join(map(_input, seen.inputs)),
        "exits": ", ".join(printable(name, 64) for name in seen.exits),
        "classes": _classes(seen),
        "licence": printable(seen.licence, _LONG) or "none named",
        **{
            f"from: {printable(name, 32)}": printable(text, _LONG)
            for name, text in sorted(seen.provenance.items())
        },
        "file": f"{bytes_text(seen.bytes)}, SHA-256 {seen.sha256}",
        "parameters": f"{seen.parameters:,}, {bytes_text(seen.parameter_bytes)}",
        "operations": f"{seen.operations:,} at batch {seen.batch}, all exits asked",
        "memory": f"{bytes_text(seen.peak_bytes)} of values at most at batch {seen.batch}, beside parameters",
        "operators": ", ".join(f"{name} {count}" for name, count in seen.operators.items()),
    }
    print_lines(lines)
    console().print(_segments(seen))
    if nodes:
        console().print(_nodes(seen))


def _input(one: object) -> str:
    from idn.graph import Input

    assert isinstance(one, Input)
    within = "" if one.range is None else f" from {one.range[0]:g} to {one.range[1]:g}"
    return f"{printable(one.name, 64)} {one.dtype} {shape_text(one.shape)}{within}"


def _classes(seen: Inspection) -> str:
    if not seen.classes:
        return f"{seen.class_count}, without names"
    shown = [printable(name, 32) for name in seen.classes[:_SHOWN_CLASSES]]
    more = ["…"] if len(seen.classes) > _SHOWN_CLASSES else []
    return f"{seen.class_count}: {', '.join([*shown, *more])}"


def _table(*headings: str, words: int) -> Table:
    """A table whose first columns are words and whose others are numbers."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < words else "right", overflow="fold")
    return table


def _segments(seen: Inspection) -> Table:
    table = _table(
        "to exit",
        "operators",
        "parameters",
        "bytes",
        "operations",
        "so far",
        "live bytes",
        words=1,
    )
    for one in seen.segments:
        share = one.cumulative_share
        table.add_row(
            _cell(printable(one.exit, 64)),
            str(one.operators),
            f"{one.parameters:,}",
            bytes_text(one.parameter_bytes),
            f"{one.operations:,}",
            "" if share is None else f"{100 * share:.1f} %",
            bytes_text(one.live_bytes),
        )
    return table


def _nodes(seen: Inspection) -> Table:
    table = _table("node", "operator", "reads", "gives", "attributes", "parameters", "operations", words=5)
    made_by = {value: node.index for node in seen.nodes for value, _, _ in node.outputs}
    for node in seen.nodes:
        name = node.operator if node.version == 1 else f"{node.operator} {node.version}"
        tier = f" @{printable(node.tier, 32)}" if node.tier else ""
        table.add_row(
            str(node.index),
            _cell(f"{name}{tier}"),
            _cell(", ".join(_value(value, seen.value_names, made_by) for value in node.reads)),
            _cell(", ".join(f"{dtype} {shape_text(shape)}" for _, dtype, shape in node.outputs)),
            _cell(_attributes(node)),
            f"{node.parameters:,}" if node.parameters else "",
            f"{node.operations:,}" if node.operations else "",
        )
    return table


def _value(value: int | None, names: Sequence[str | None], made_by: dict[int, int]) -> str:
    """A node by its number, inputs and constants by name, a dash for what is left out."""
    if value is None:
        return "-"
    name = names[value]
    return str(made_by[value]) if name is None else printable(name, 48)


def _attributes(node: NodeSummary) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in sorted(node.attributes.items()))


def _plain(value: object) -> str:
    if isinstance(value, list):
        sizes = [shape_text([one])[1:-1] if isinstance(one, tuple) else str(one) for one in value]
        return f"[{', '.join(sizes)}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(text: str) -> Text:
    """Text in which a table sees no markup."""
    from rich.text import Text

    return Text(text)
