"""The corpora of tests/fuzz: written by their script, one for every target."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("found-")
    }


def test_the_committed_corpora_are_those_of_their_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(FUZZ)
    runpy.run_path(str(FUZZ / "make_corpus.py"))["write"](tmp_path)
    assert contents(FUZZ / "corpus") == contents(tmp_path)


def test_every_target_has_a_corpus_and_every_corpus_a_target() -> None:
    targets = {path.name.removesuffix("_fuzz.cpp") for path in FUZZ.glob("*_fuzz.cpp")}
    assert {path.name for path in (FUZZ / "corpus").iterdir()} == targets


def test_the_corpora_are_small() -> None:
    sizes = [path.stat().st_size for path in (FUZZ / "corpus").rglob("*") if path.is_file()]
    assert max(sizes) <= 2048
    assert sum(sizes) <= 64 * 1024
