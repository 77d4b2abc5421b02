"""The directive `config-reference`: a table of every configuration key, read from the schema itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

JsonObject = dict[str, Any]


def kind(schema: JsonObject, definitions: JsonObject) -> str:
    """What a key takes, in a few words."""
    if "$ref" in schema:
        return kind(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(dict.fromkeys(kind(part, definitions) for part in schema[union]))
    if schema.get("type") == "array":
        return f"list of {kind(schema['items'], definitions)}" if "items" in schema else "list"
    names = {
        "integer": "integer",
        "number": "number",
        "string": "text",
        "boolean": "true or false",
        "null": "nothing",
    }
    return names.get(schema.get("type", ""), "keys and values")


def rows(
    schema: JsonObject, definitions: JsonObject, prefix: str = ""
) -> Iterator[tuple[str, str, str, str]]:
    """(key, what it takes, default, meaning) of every key, sections opened."""
    required = schema.get("required", [])
    for name, entry in schema.get("properties", {}).items():
        key = f"{prefix}{name}"
        inner = entry.get("items", entry)
        suffix = "[i]" if "items" in entry else ""
        reference = inner.get("$ref") or next(
            (part["$ref"] for part in inner.get("allOf", []) if "$ref" in part), None
        )
        target = definitions[reference.rsplit("/", 1)[1]] if reference else {}
        if "properties" in target:
            yield key, f"{'list of sections' if suffix else 'section'}", "", entry.get("description", "")
            yield from rows(target, definitions, f"{key}{suffix}.")
            continue
        default = (
            "required" if name in required else f"`{entry.get('default')!r}`" if "default" in entry else ""
        )
        yield key, kind(entry, definitions), default, entry.get("description", "")


class ConfigReference(SphinxDirective):
    """Puts the table where the directive stands."""

    def run(self) -> list[nodes.Node]:
        """The table's nodes."""
        from idn.experiment.config import json_schema

        schema = json_schema()
        lines = ["| key | takes | default | meaning |", "|---|---|---|---|"]
        for key, takes, default, meaning in rows(schema, schema.get("$defs", {})):
            cells = (f"`{key}`", takes, default, " ".join(meaning.split()))
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        node = nodes.container()
        self.state.nested_parse(StringList(lines, source="idn.experiment.schema"), 0, node)
        return [*node.children]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("config-reference", ConfigReference)
    return {"parallel_read_safe": True}
