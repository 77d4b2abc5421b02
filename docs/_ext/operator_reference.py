"""The directive `operator-reference`: a section for every operator, from the table that checks packages."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

JsonObject = dict[str, Any]

ANY_LEAST, ANY_MOST = -(2**31), 2**31 - 1  # what an attribute's bounds are where it has none of its own
ANY_SHORTEST, ANY_LONGEST = 0, 8


def identifier(operator: JsonObject, newest: bool) -> str:
    """Where a link leads: `operator-relu`, and `operator-relu-1` for a version that has a newer one."""
    name = f"operator-{operator['name'].replace('_', '-')}"
    return name if newest else f"{name}-{operator['version']}"


def shown(value: Any) -> str:
    """A fallback as a package has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def takes(rule: JsonObject) -> str:
    """What may be said of an attribute without seeing the inputs, in a few words."""
    parts = []
    if rule["words"]:
        parts.append("one of " + ", ".join(f"`{word}`" for word in rule["words"]))
    least, most = rule["least"], rule["most"]
    each = "each " if rule["kind"].startswith("list") else ""
    if rule["kind"] in ("integer", "list of integers"):
        if least > ANY_LEAST and most < ANY_MOST:
            parts.append(f"{each}from {least} to {most}")
        elif least > ANY_LEAST:
            parts.append(f"{each}{least} or more")
        elif most < ANY_MOST:
            parts.append(f"{each}at most {most}")
    if each and (rule["shortest"], rule["longest"]) != (ANY_SHORTEST, ANY_LONGEST):
        shortest, longest = rule["shortest"], rule["longest"]
        parts.append(f"{shortest} of them" if shortest == longest else f"{shortest} to {longest} of them")
    return "; ".join(parts)


def input_rows(operator: JsonObject) -> list[str]:
    """The table of what an operator reads."""
    rows = ["| input | types | |", "|---|---|---|"]
    for rule in operator["inputs"]:
        said = "may be left out" if rule["optional"] else "one or more" if rule["repeated"] else ""
        rows.append(f"| `{rule['name']}` | {rule['dtypes']} | {said} |")
    return rows


def attribute_rows(operator: JsonObject) -> list[str]:
    """The table of what an operator is told, nothing where that is nothing."""
    if not operator["attributes"]:
        return []
    rows = ["| attribute | kind | takes | where left out |", "|---|---|---|---|"]
    for rule in operator["attributes"]:
        fallback = "it must be said" if rule["fallback"] is None else f"`{shown(rule['fallback'])}`"
        rows.append(f"| `{rule['name']}` | {rule['kind']} | {takes(rule)} | {fallback} |")
    return rows


def lines(operator: JsonObject) -> list[str]:
    """The text of an operator's section."""
    return [operator["summary"], "", *input_rows(operator), "", *attribute_rows(operator)]


class OperatorReference(SphinxDirective):
    """Puts the sections where the directive stands."""

    def run(self) -> list[nodes.Node]:
        """A section for each operator, in the order of the table."""
        from idn._native import extension

        operators = extension.graph.operators()
        newest = {one["name"]: one["version"] for one in operators}  # sorted by name and version
        return [self._section(one, one["version"] == newest[one["name"]]) for one in operators]

    def _section(self, operator: JsonObject, newest: bool) -> nodes.section:
        title = f"{operator['name']}, version {operator['version']}"
        section = nodes.section(ids=[identifier(operator, newest)], names=[nodes.fully_normalize_name(title)])
        section += nodes.title(title, title)
        content = StringList(lines(operator), source="idn.graph.operators")
        self.state.nested_parse(content, 0, section)
        return section


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("operator-reference", OperatorReference)
    return {"parallel_read_safe": True}
