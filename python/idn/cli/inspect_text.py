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

    from idn.inspection import Inspection, NodeSummary

_SHOWN_CLASSES = 10
_LONG = 200  # characters of a text that a line shows
_NARROWEST = 12  # characters of a column of words


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
    _print_segments(seen)
    if nodes:
        _print_nodes(seen)


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


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[int]) -> None:
    """A table as wide as the terminal: columns of words fold where it is narrow, numbers are never cut."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for place, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        if place in words:
            table.add_column(heading, overflow="fold", min_width=min(width, _NARROWEST))
        else:
            table.add_column(heading, justify="right", no_wrap=True, min_width=width)
    for row in rows:
        table.add_row(*map(Text, row))  # in which a table sees no markup
    least = sum(min(width, _NARROWEST) if k in words else width for k, width in enumerate(widths))
    out.width = max(out.width, least + 2 * len(headings))
    out.print()
    out.print(table)
    out.print()


def _print_segments(seen: Inspection) -> None:
    headings = ("to exit", "operators", "parameters", "bytes", "operations", "so far", "live bytes")
    rows = [
        (
            printable(one.exit, 64),
            str(one.operators),
            f"{one.parameters:,}",
            bytes_text(one.parameter_bytes),
            f"{one.operations:,}",
            "" if one.cumulative_share is None else f"{100 * one.cumulative_share:.1f} %",
            bytes_text(one.live_bytes),
        )
        for one in seen.segments
    ]
    _print_table(headings, rows, words=[0])


def _print_nodes(seen: Inspection) -> None:
    """A line for each node; in a narrow terminal, what it reads and its attributes below it."""
    headings = ("node", "operator", "reads", "gives", "attributes", "parameters", "operations")
    made_by = {value: node.index for node in seen.nodes for value, _, _ in node.outputs}
    rows = []
    for node in seen.nodes:
        name = node.operator if node.version == 1 else f"{node.operator} {node.version}"
        rows.append(
            (
                str(node.index),
                name + (f" @{printable(node.tier, 32)}" if node.tier else ""),
                ", ".join(_value(value, seen.value_names, made_by) for value in node.reads),
                ", ".join(f"{dtype} {shape_text(shape)}" for _, dtype, shape in node.outputs),
                _attributes(node),
                f"{node.parameters:,}" if node.parameters else "",
                f"{node.operations:,}" if node.operations else "",
            )
        )
    columns = zip(headings, *rows, strict=True)
    if sum(max(map(len, column)) + 2 for column in columns) <= console().width:
        _print_table(headings, rows, words=[1, 2, 3, 4])
        return
    below = [
        (index, "\n".join([name, f"reads {reads}", *([options] if options else [])]), gives, *costs)
        for index, name, reads, gives, options, *costs in rows
    ]
    _print_table(("node", "operator", "gives", "parameters", "operations"), below, words=[1, 2])


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
