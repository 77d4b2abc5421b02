"""`idn-run` ended from outside, or where it cannot write: in order, and with no file left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np

from idn_runs import PROGRAM, features, files


def test_a_signal_ends_it_in_order_and_leaves_no_file_behind(tmp_path: Path) -> None:
    files(tmp_path)
    np.save(tmp_path / "many.npy", features(1 << 20).numpy())
    words = ["model.safetensors", "many.npy", "--batch", "1", "--json", "--out", "a.csv", "--logits", "z.npy"]
    before = sorted(tmp_path.iterdir())
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [str(PROGRAM), *words]
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests that run in the background of a shell are given SIGINT as ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as program:
            assert program.stdout is not None
            program.stdout.readline()  # it is under way
            program.send_signal(number)
            _, said = program.communicate(timeout=60)
        assert (program.returncode, said) == (
            128 + number,
            "idn-run: interrupted; no file has been changed.\n",
        )
        assert sorted(tmp_path.iterdir()) == before


def test_who_reads_its_lines_may_leave(tmp_path: Path) -> None:
    files(tmp_path)
    np.save(tmp_path / "many.npy", features(1 << 16).numpy())
    command = [str(PROGRAM), "model.safetensors", "many.npy", "--json", "--out", "a.csv"]
    before = sorted(tmp_path.iterdir())
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == ""
        assert program.wait(60) == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_grows_too_large_is_an_error_and_goes(tmp_path: Path) -> None:
    files(tmp_path)
    before = sorted(tmp_path.iterdir())
    limited = f"ulimit -f 1; exec {PROGRAM} model.safetensors x.npy --logits z.npy"
    result = subprocess.run(["bash", "-c", limited], cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (1, "idn-run: cannot write z.npy: File too large\n")
    assert sorted(tmp_path.iterdir()) == before


def test_the_memory_it_takes_does_not_grow_with_what_it_writes(tmp_path: Path) -> None:
    """A line for each of 2^19 samples is 70 MB, which are never in memory together."""
    files(tmp_path)
    np.save(tmp_path / "many.npy", features(1 << 19).numpy())
    watched = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    def kilobytes(array: str, *words: str) -> int:
        command = [sys.executable, "-c", watched, str(PROGRAM), "model.safetensors", array, *words]
        return int(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout)

    words = ["--batch", "4096", "--out", "a.jsonl"]
    few = kilobytes("many.npy", "--samples", "0:4096", *words)
    all_ = kilobytes("many.npy", *words)
    assert (tmp_path / "a.jsonl").stat().st_size > 60e6
    assert all_ - few < 20_000  # allocators keep some of what batches took
