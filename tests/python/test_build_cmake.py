"""The build files: torch is found as it is installed, CUDA build or not, and libidn_core needs none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not on the PATH")

PROJECT = """
cmake_minimum_required(VERSION 3.22)
project(probe LANGUAGES CXX)
set(IDN_PYTHON {python})
include("{module}")
set(facts "${{idn_torch_version}}|${{idn_torch_cuda}}|${{idn_torch_root}}")
file(WRITE "${{CMAKE_BINARY_DIR}}/found.txt" "${{facts}}\\n")
foreach(target IN ITEMS idn::torch idn::torch_python)
  if(TARGET ${{target}})
    get_target_property(includes ${{target}} INTERFACE_INCLUDE_DIRECTORIES)
    get_target_property(libraries ${{target}} INTERFACE_LINK_LIBRARIES)
    file(APPEND "${{CMAKE_BINARY_DIR}}/found.txt" "${{target}}|${{includes}}|${{libraries}}\\n")
  endif()
endforeach()
"""


def fake_torch(folder: Path, *, version: str = "2.12.1+cu130", cuda: str = "'13.0'") -> Path:
    """A torch package as a CUDA build installs it: no toolkit anywhere, and importing it fails."""
    torch = folder / "torch"
    (torch / "include" / "torch" / "csrc" / "api" / "include").mkdir(parents=True)
    (torch / "lib").mkdir()
    for library in ("torch", "torch_cpu", "torch_cuda", "c10", "c10_cuda", "torch_python"):
        (torch / "lib" / f"lib{library}.so").touch()
    (torch / "__init__.py").write_text("raise ImportError('libcudart.so.13 is not here')\n", encoding="utf-8")
    (torch / "version.py").write_text(
        f"from typing import Optional\n__version__ = '{version}'\ncuda: Optional[str] = {cuda}\n",
        encoding="utf-8",
    )
    return torch


def configure(
    source: Path, build: Path, *options: str, python_path: Path | None = None, isolated: bool = False
) -> subprocess.CompletedProcess[str]:
    """Runs cmake's configuration; `isolated` hides the site-packages of this Python from the build."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CMAKE_PREFIX_PATH")}
    if python_path is not None:
        environment["PYTHONPATH"] = str(python_path)
    python = sys.executable
    if isolated:
        bare = build.parent / "bare-python"
        bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n', encoding="utf-8")
        bare.chmod(0o755)
        python = str(bare)
    # Ninja, as scikit-build-core: a bare system has no make.
    where = ["-G", "Ninja", "-S", str(source), "-B", str(build)]
    command = ["cmake", *where, f"-DPython_EXECUTABLE={python}", *options]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def probe(folder: Path, *, python: bool = False) -> Path:
    """A project that does nothing but include our module."""
    source = folder / "probe"
    source.mkdir()
    module = ROOT / "cmake" / "InstalledTorch.cmake"
    text = PROJECT.format(module=module.as_posix(), python="ON" if python else "OFF")
    (source / "CMakeLists.txt").write_text(text, encoding="utf-8")
    return source


def one_line(text: str) -> str:
    """CMake breaks its messages into lines; a test should not depend on where."""
    return re.sub(r"\s+", " ", text)


def test_a_cuda_build_of_torch_is_found_without_a_cuda_toolkit(tmp_path: Path) -> None:
    torch = fake_torch(tmp_path / "site").resolve()
    result = configure(probe(tmp_path, python=True), tmp_path / "build", python_path=tmp_path / "site")
    assert result.returncode == 0, result.stderr
    facts, plain, bindings = (tmp_path / "build" / "found.txt").read_text(encoding="utf-8").splitlines()
    assert facts.split("|") == ["2.12.1+cu130", "13.0", str(torch)]
    name, includes, libraries = plain.split("|")
    assert name == "idn::torch"
    assert includes.split(";") == [f"{torch}/include", f"{torch}/include/torch/csrc/api/include"]
    assert libraries.split(";") == [f"{torch}/lib/libtorch_cpu.so", f"{torch}/lib/libc10.so"]
    assert bindings.split("|")[2].split(";")[-1] == f"{torch}/lib/libtorch_python.so"


def test_a_cpu_build_of_torch_says_so(tmp_path: Path) -> None:
    fake_torch(tmp_path / "site", version="2.13.0+cpu", cuda="None")
    result = configure(probe(tmp_path), tmp_path / "build", python_path=tmp_path / "site")
    assert result.returncode == 0, result.stderr
    found = (tmp_path / "build" / "found.txt").read_text(encoding="utf-8").splitlines()
    assert found[0].split("|")[:2] == ["2.13.0+cpu", "None"]
    assert len(found) == 2, "idn::torch_python is made only when the bindings are built"


def test_a_missing_torch_is_a_clear_error(tmp_path: Path) -> None:
    result = configure(probe(tmp_path), tmp_path / "build", isolated=True)
    assert result.returncode != 0
    assert "torch is not installed for" in one_line(result.stderr)
    assert "install torch before building idn" in one_line(result.stderr)


def test_a_torch_without_its_libraries_is_a_clear_error(tmp_path: Path) -> None:
    torch = fake_torch(tmp_path / "site")
    (torch / "lib" / "libc10.so").unlink()
    result = configure(probe(tmp_path), tmp_path / "build", python_path=tmp_path / "site")
    assert result.returncode != 0
    assert "has no" in one_line(result.stderr)
    assert "libc10.so; reinstall torch 2.12.1+cu130" in one_line(result.stderr)


def test_a_torch_that_names_no_version_is_a_clear_error(tmp_path: Path) -> None:
    torch = fake_torch(tmp_path / "site")
    (torch / "version.py").write_text("debug = False\n", encoding="utf-8")
    result = configure(probe(tmp_path), tmp_path / "build", python_path=tmp_path / "site")
    assert result.returncode != 0
    assert "names no version; reinstall torch" in one_line(result.stderr)


def test_libidn_core_configures_where_torch_is_not_installed(tmp_path: Path) -> None:
    options = ("-DIDN_TORCH=OFF", "-DIDN_TESTS=OFF")
    result = configure(ROOT, tmp_path / "build", *options, isolated=True)
    assert result.returncode == 0, result.stderr
    assert "torch" not in one_line(result.stdout).replace(str(tmp_path), "")


def test_both_libraries_do_not_configure_where_torch_is_not_installed(tmp_path: Path) -> None:
    result = configure(ROOT, tmp_path / "build", "-DIDN_TESTS=OFF", isolated=True)
    assert result.returncode != 0
    assert "torch is not installed for" in one_line(result.stderr)
