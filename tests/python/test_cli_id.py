"""`idn id` as a user and a script meet it."""

from __future__ import annotations

import io
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl import signing

from idn import identity
from idn.cli import exit_codes, main

Idn = Callable[..., tuple[int, str, str]]


@pytest.fixture
def idn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Idn:
    """Runs a command in this process, as its own `main` would: exit code, stdout and stderr."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setitem(identity.STRENGTHS, "moderate", identity._native.LEAST)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["idn", "id", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return (ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("secret\nnot of it\n", encoding="utf-8")
    return file


def as_json(done: tuple[int, str, str]) -> dict[str, Any]:
    code, stdout, stderr = done
    assert code == exit_codes.OK, stderr
    found: dict[str, Any] = json.loads(stdout)
    return found


def test_a_new_identity_is_shown_and_verified(idn: Idn, tmp_path: Path, password: Path) -> None:
    file = tmp_path / "me"
    made = as_json(idn("new", file, "--difficulty", 5, "--password-file", password, "--json"))
    assert made["difficulty"] >= 5
    assert made["encrypted"] is True
    assert made["candidates"] >= 1
    loaded = identity.load(file, "secret")
    assert (made["node_id"], made["public_key"]) == (str(loaded.node_id), loaded.public_key.hex())
    shown = as_json(idn("show", file, "--json"))
    assert shown == {key: made[key] for key in made if key not in ("candidates", "seconds")}
    code, text, _ = idn("show", file)
    assert code == exit_codes.OK
    for part in (made["node_id"], made["public_key"], "leading zero bits of sha2-256", "Argon2id"):
        assert part in text
    verified = as_json(idn("verify", file, "--difficulty", 5, "--password-file", password, "--json"))
    assert verified["checked"][-1] == "password opens the private key"


def test_a_node_id_of_another_hash_on_one_thread_without_a_password(idn: Idn, tmp_path: Path) -> None:
    file = tmp_path / "me"
    options = ("--difficulty", 3, "--hash", "keccak-256", "--threads", 1, "--allow-plaintext")
    made = as_json(idn("new", file, *options, "--json"))
    assert (made["hash"], made["encrypted"]) == ("keccak-256", False)
    seed = file.read_bytes()[75:107]
    assert bytes(signing.SigningKey(seed).verify_key).hex() == made["public_key"]
    assert "not encrypted" in idn("show", file)[1]


def test_what_another_node_says_is_verified(idn: Idn) -> None:
    other = identity.generate(4)
    arguments = ("verify", other.node_id, "--public-key")
    found = as_json(idn(*arguments, other.public_key.hex(), "--difficulty", 4, "--json"))
    assert found["difficulty"] == other.difficulty
    code, _, stderr = idn(*arguments, other.public_key.hex(), "--difficulty", 64)
    assert (code, "expected at least 64" in stderr) == (exit_codes.FAILED, True)
    code, _, stderr = idn(*arguments, bytes(32).hex())
    assert (code, "is not the hash of the public key" in stderr) == (exit_codes.FAILED, True)
    for wrong in ("xyz", "00"):
        code, _, stderr = idn(*arguments, wrong)
        assert (code, "64 hexadecimal digits" in stderr) == (exit_codes.USAGE, True)
    code, _, stderr = idn("verify", other.node_id)
    assert (code, "--public-key" in stderr) == (exit_codes.DATA, True)


def test_what_is_wrong_ends_with_its_own_code_and_leaves_nothing(
    idn: Idn, tmp_path: Path, password: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "folder" / "me"
    new = ("new", file, "--difficulty", 0)

    def ends(code: int, text: str, *arguments: object) -> None:
        found, _, stderr = idn(*arguments)
        assert (found, text in stderr) == (code, True), stderr

    ends(exit_codes.USAGE, "does not exist", *new, "--allow-plaintext")
    file.parent.mkdir()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    ends(exit_codes.USAGE, "there is no terminal to ask", *new)
    ends(exit_codes.USAGE, "exclude each other", *new, "--allow-plaintext", "--password-file", password)
    ends(exit_codes.USAGE, "expected 0 to 64", "new", file, "--difficulty", 65, "--allow-plaintext")
    ends(exit_codes.USAGE, "node IDs are not made with sha1", *new, "--hash", "sha1", "--allow-plaintext")
    ends(exit_codes.USAGE, "--strength is 'weak'", *new, "--strength", "weak", "--allow-plaintext")
    empty = tmp_path / "empty"
    empty.touch()
    ends(exit_codes.USAGE, "is empty, expected a password", *new, "--password-file", empty)
    assert list(file.parent.iterdir()) == []

    assert idn(*new, "--password-file", password)[0] == exit_codes.OK
    ends(exit_codes.FAILED, "exists already", *new, "--password-file", password)
    assert idn(*new, "--password-file", password, "--overwrite")[0] == exit_codes.OK
    other = tmp_path / "other"
    other.write_text("wrong", encoding="utf-8")
    ends(exit_codes.FAILED, "is wrong", "verify", file, "--password-file", other)
    missing = ("--password-file", "nope", "--overwrite")
    ends(exit_codes.USAGE, "the password file nope cannot be read: No such", *new, *missing)
    ends(exit_codes.USAGE, "no terminal to ask for a password", "verify", file, "--ask-password")
    plain = tmp_path / "plain"
    assert idn("new", plain, "--difficulty", 0, "--allow-plaintext")[0] == exit_codes.OK
    ends(exit_codes.FAILED, "is not encrypted, so it has no password", "verify", plain, "--ask-password")
    file.chmod(0o644)
    ends(exit_codes.FAILED, "chmod 600", "show", file)
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1])
    ends(exit_codes.DATA, "expected 237", "show", file)
    ends(exit_codes.DATA, "does not exist", "show", tmp_path / "none")


def test_what_would_lose_the_key_after_the_search_ends_it_before(
    idn: Idn, tmp_path: Path, password: Path
) -> None:
    """A difficulty that is never found: these come back at all only because there is no search."""
    options = ("--difficulty", 64, "--password-file", password)
    code, _, stderr = idn("new", tmp_path / ("m" * 300), *options)
    assert (code, "File name too long" in stderr) == (exit_codes.FAILED, True)
    code, _, stderr = idn("new", tmp_path, *options, "--overwrite")
    assert (code, "Is a directory" in stderr) == (exit_codes.FAILED, True)
    folder = tmp_path / "folder"
    folder.mkdir()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))  # less than an identity takes
    try:
        code, _, stderr = idn("new", folder / "me", *options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert (code, "File too large" in stderr) == (exit_codes.FAILED, True)
    assert list(folder.iterdir()) == []


def test_ctrl_c_ends_a_search_with_nothing_written(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    command = [sys.executable, "-m", "idn", "id", "new", "me", "--difficulty", "64", "--allow-plaintext"]
    with subprocess.Popen(
        command,
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background of a shell, the signal came ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        # Only the search has more than one thread at work; before it, an interrupt would prove less.
        deadline = time.monotonic() + 100
        while not _searching(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=100)
    assert process.returncode == exit_codes.INTERRUPTED
    assert stderr.strip() == "idn: interrupted"
    assert list(folder.iterdir()) == []


def _searching(pid: int) -> bool:
    """Whether a thread other than the first has computed for a fifth of a second."""
    try:
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
            if stat.parent.name != str(pid) and int(fields[11]) >= 20:
                return True
    except OSError:
        pass  # a thread that has ended meanwhile
    return False


def test_the_password_is_asked_twice_at_a_terminal(tmp_path: Path) -> None:
    code, screen = at_a_terminal(
        tmp_path,
        ["new", "me", "--difficulty", "0", "--strength", "interactive"],
        ["one", "two", "one", "one"],
    )
    assert code == exit_codes.OK, screen
    assert "one" not in screen  # it is not echoed
    assert identity.load(tmp_path / "me", "one").difficulty >= 0


def at_a_terminal(folder: Path, arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Runs a command with a terminal, and types an answer whenever it stands at a prompt."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "idn", "id", *arguments]
    with subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as process:
        os.close(theirs)
        screen = b""
        try:
            while chunk := os.read(ours, 1000):
                screen += chunk
                if screen.endswith(b": ") and answers:
                    os.write(ours, answers.pop(0).encode() + b"\n")
        except OSError:
            pass  # how Linux says that the other side has gone
        finally:
            os.close(ours)
    return process.returncode, screen.decode()
