"""Test files in a process of their own, for what torch decides once in one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def run(*words: str, **environment: str) -> str:
    """What Python prints for these words; it has to succeed."""
    done = subprocess.run(
        [sys.executable, *words],
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"} | environment,
        capture_output=True,
        text=True,
        timeout=1800,  # a compiler on a busy machine, and some minutes
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_tests(file: Path, *options: str, **environment: str) -> None:
    """All tests of a file pass, and none is skipped."""
    quietly = ["-q", "--color=no", "-p", "no:xdist", "-p", "no:cacheprovider"]
    printed = run("-m", "pytest", *quietly, *options, str(file), **environment)
    assert re.search(r"\d+ passed(, \d+ deselected)? in ", printed), printed
    assert "skipped" not in printed
