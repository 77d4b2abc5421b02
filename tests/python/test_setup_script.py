"""`scripts/setup.sh`: who waits for the compiler sees how far it is, and what it said where it fails."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup.sh"
NINJA = 'echo noise; echo "  [1/12] Building a"; echo "  [12/12] Linking b"'


def compiling(command: str, stderr: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    """What `compiling` of the script does with a command."""
    script = f'source "{SETUP}"; compiling bash -c "$1"'
    return subprocess.run(
        ["bash", "-c", script, "bash", command],
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_terminal_shows_each_step_in_one_line() -> None:
    ours, theirs = pty.openpty()
    done = compiling(NINJA, theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, done.stdout) == (0, "")
    steps = [part.strip() for part in shown.split("\r")]
    assert steps == ["", "compiling [1/12]", "compiling [12/12]", "\x1b[K"]


def test_where_compiling_fails_its_messages_are_shown_and_its_code_is_kept() -> None:
    done = compiling(f"{NINJA}; echo 'a.cpp:1: error: expected ;' >&2; exit 3")
    assert done.returncode == 3
    assert "noise" in done.stderr
    assert done.stderr.endswith("a.cpp:1: error: expected ;\n")
    assert compiling(NINJA).stderr == ""
