"""The documentation builds without a warning, its Python runs, and the commands it names exist."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    """Every fenced block of a language: (page and number, text)."""
    found = []
    for page in PAGES:
        texts = [text for name, text in _FENCE.findall(page.read_text(encoding="utf-8")) if name == language]
        found += [(f"{page.relative_to(ROOT)}#{number}", text) for number, text in enumerate(texts)]
    return found


def commands() -> list[tuple[str, list[str]]]:
    """Every line of a bash block, without comment and prompt, as words: (where, words)."""
    found = []
    for where, text in blocks("bash"):
        for line in text.replace("\\\n", " ").splitlines():
            for part in line.split("#")[0].split("&&"):
                if words := part.split():
                    found.append((where, words))
    return found


def test_the_pages_are_where_this_test_looks() -> None:
    assert len(PAGES) > 8
    assert len(blocks("python")) >= 2
    assert len(commands()) > 10


PYTHON: dict[str, str] = {}
for block_name, block in blocks("python"):
    page = block_name.split("#")[0]
    PYTHON[page] = PYTHON.get(page, "") + block + "\n"


@pytest.mark.parametrize("where", PYTHON)
def test_the_python_of_the_pages_runs(where: str, tmp_path: Path) -> None:
    """As a reader would paste it: the page from top to bottom in one process, warnings as errors, in an empty
    working directory.
    """
    text = PYTHON[where]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, f"{where}:\n{result.stderr}"


def test_the_readme_shows_ten_lines_of_python() -> None:
    (text,) = [text for where, text in blocks("python") if where == "README.md#0"]
    assert len(text.splitlines()) <= 10


def test_every_script_that_the_pages_name_exists() -> None:
    for where, words in commands():
        for word in words:
            if re.fullmatch(r"(\.?/?scripts|tests)/[\w./]+", word):
                assert (ROOT / word).exists(), f"{where}: {' '.join(words)}"


def idn_commands() -> list[tuple[str, list[str]]]:
    return [(where, words[1:]) for where, words in commands() if words[0] == "idn"]


def _names(words: list[str]) -> list[str]:
    """The command and subcommand at the start of what follows `idn`."""
    from typer.main import get_command

    from idn.cli import app

    names: list[str] = []
    command = get_command(app)
    for word in words:
        subcommands = getattr(command, "commands", {})
        if word not in subcommands:
            break
        names.append(word)
        command = subcommands[word]
    return names


def test_every_idn_command_that_the_pages_name_exists() -> None:
    from typer.main import get_command

    from idn.cli import app

    named = idn_commands()
    assert named
    for where, words in named:
        names = _names(words)
        assert names or words[0].startswith("--"), f"{where}: idn {' '.join(words)}"
        command = get_command(app)
        for name in names:
            command = command.commands[name]  # type: ignore[attr-defined]
        known = {
            option for parameter in command.params for option in parameter.opts + parameter.secondary_opts
        }
        for word in words:
            if word.startswith("--"):
                assert word.split("=")[0] in known | {"--help"}, f"{where}: idn {' '.join(words)}"


def test_the_command_line_page_names_every_command() -> None:
    from typer.main import get_command

    from idn.cli import app

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        for full in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert f"idn {full}" in page, f"docs/cli.md does not name `idn {full}`"


def test_links_to_files_of_the_repository_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"


@pytest.mark.skipif(importlib.util.find_spec("furo") is None, reason="furo (the docs extra) is not installed")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(ROOT / "docs")]
    result = subprocess.run([*command, str(tmp_path / "site")], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "exits" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
