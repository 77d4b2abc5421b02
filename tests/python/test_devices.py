"""Graphs on an accelerator: the one that torch sees here, else one of memory that the host cannot read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_on_a_device_everything_is_as_on_the_cpu() -> None:
    """In a process of its own, since a device that is registered changes the whole of torch."""
    tests = Path(__file__).with_name("on_a_device.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", str(tests)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed in " in done.stdout
    assert "skipped" not in done.stdout
