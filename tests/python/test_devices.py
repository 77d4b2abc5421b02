"""Graphs on an accelerator: the one that torch sees here, else one of memory that the host cannot read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_on_a_device_everything_is_as_on_the_cpu() -> None:
    """In a process of its own, since a device that is registered changes the whole of torch."""
    tests = Path(__file__).with_name("on_a_device.py")
    options = ["-q", "--color=no", "-p", "no:xdist", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tests)],
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        timeout=1800,  # a compiler on a busy machine, and some minutes
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
