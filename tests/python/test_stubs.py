"""The committed type stubs are those of the compiled module."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "stubs.sh"

pytestmark = pytest.mark.skipif(
    shutil.which("pybind11-stubgen") is None and not (ROOT / ".venv" / "bin" / "pybind11-stubgen").is_file(),
    reason="pybind11-stubgen is not installed",
)


def check(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", str(script), "--check"], capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(
    not str(torch.__version__).startswith("2.13."), reason="the stubs are those of the pybind11 in torch 2.13"
)
def test_the_committed_stubs_are_those_of_the_compiled_module() -> None:
    result = check(SCRIPT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_stub_that_differs_is_shown(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    (copy / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, copy / "scripts")
    shutil.copy(ROOT / "pyproject.toml", copy)
    shutil.copytree(ROOT / "python" / "idn" / "_idn", copy / "python" / "idn" / "_idn")
    (copy / ".venv").symlink_to(ROOT / ".venv")
    stub = copy / "python" / "idn" / "_idn" / "__init__.pyi"
    stub.write_text(stub.read_text(encoding="utf-8") + "\nsurplus: int\n", encoding="utf-8")
    result = check(copy / "scripts" / "stubs.sh")
    assert result.returncode == 1
    assert "-surplus: int" in result.stdout
    assert "run: bash scripts/stubs.sh" in result.stderr
