"""docs/package.md and docs/operators.md say what the code does."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from idn._native import extension
from idn.graph import Limits

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "package.md").read_text(encoding="utf-8")
OPERATORS = extension.graph.operators()


def test_the_whole_graph_of_the_page_is_what_the_writer_writes() -> None:
    builder = extension.graph.GraphBuilder()
    builder.add_input("image", "F32", [(1, 0), 64])
    bias = builder.add_constant("bias", torch.zeros(10))
    weight = builder.add_constant("weight", torch.zeros(10, 64))
    (scores,) = builder.add_node("linear", [0, weight, bias])
    builder.add_exit("final", scores)
    package = builder.finish()
    (written,) = [text for text in re.findall(r"^```json\n(.*?)^```", PAGE, re.M | re.S) if "nodes" in text]
    assert json.loads(written) == json.loads(package.json)
    content = bytes(package.bytes())
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert header["__metadata__"] == {"idn.graph": package.json}
    assert set(header) == {"__metadata__", "bias", "weight"}
    assert (8 + length) % 8 == 0
    assert len(content) == 8 + length + 4 * (10 + 640)


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    limits = Limits()
    for name, shown, value in (
        ("`file_bytes`", "4 GiB", 4 << 30),
        ("`header_bytes`", "16 MiB", 16 << 20),
        ("`operations` at `batch`", "2⁵⁰", 1 << 50),
        ("`batch`", "1", 1),
    ):
        assert f"| {name} | {shown} |" in PAGE
        assert getattr(limits, name.split("`")[1]) == value
    assert re.search(r"\| `peak_bytes`.* \| 16 GiB \|", PAGE)
    assert limits.peak_bytes == 16 << 30


def test_the_types_of_the_page_are_all_that_are_spoken() -> None:
    spoken = {rule["dtypes"] for operator in OPERATORS for rule in operator["inputs"]}
    names = set(re.findall(r"[A-Z]+\d*", " ".join(spoken)))
    rows = re.findall(r"^\| ((?:`[A-Z0-9]+`(?:, )?)+) \| [\d, ]+ \|", PAGE, re.M)
    assert set(re.findall(r"\w+", " ".join(rows))) == names


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    pytest.importorskip("sphinx", reason="sphinx (the docs extra) is not installed")
    path = ROOT / "docs" / "_ext" / "operator_reference.py"
    specification = importlib.util.spec_from_file_location("operator_reference", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda one: one["name"])
def test_a_section_says_all_that_the_table_knows(reference: ModuleType, operator: dict[str, Any]) -> None:
    text = "\n".join(reference.lines(operator))
    assert operator["summary"] in text
    for rule in operator["inputs"]:
        said = "may be left out" if rule["optional"] else "one or more" if rule["repeated"] else ""
        assert f"| `{rule['name']}` | {rule['dtypes']} | {said} |" in text
    for rule in operator["attributes"]:
        (row,) = [
            line for line in text.splitlines() if line.startswith(f"| `{rule['name']}` | {rule['kind']}")
        ]
        assert all(f"`{word}`" in row for word in rule["words"])
        assert ("it must be said" in row) == (rule["fallback"] is None)


def test_what_an_attribute_takes_is_said_in_words(reference: ModuleType) -> None:
    rule = {
        "kind": "list of integers", "words": [], "least": 1, "most": 65536, "shortest": 1, "longest": 3,
    }  # fmt: skip
    assert reference.takes(rule) == "each from 1 to 65536; 1 to 3 of them"
    assert reference.takes(rule | {"shortest": 2, "longest": 2, "most": 2**31 - 1}) == (
        "each 1 or more; 2 of them"
    )
    assert reference.takes(rule | {"kind": "number"}) == ""


def test_the_page_that_is_built_names_every_operator(reference: ModuleType, tmp_path: Path) -> None:
    """Without the theme, which this test does without: a source folder with the page alone."""
    pytest.importorskip("myst_parser", reason="myst-parser (the docs extra) is not installed")
    source = tmp_path / "source"
    source.mkdir()
    page = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    (source / "index.md").write_text(re.sub(r"\]\([^)]*\)", "]", page), encoding="utf-8")
    (source / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'docs' / '_ext')!r})\n"
        "extensions = ['myst_parser', 'operator_reference']\nhtml_theme = 'basic'\n"
    )
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", str(source), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    built = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    for operator in OPERATORS:
        assert f'id="{reference.identifier(operator, True)}"' in built
        assert f"{operator['name']}, version {operator['version']}" in built
