"""`idn id new|show|verify`: the identity of a node, as a file."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idn.cli.output import AsJson, console, print_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from idn.identity import IdentityFile, SearchProgress

MAX_PASSWORD_BYTES = 4096
_UNITS = (("years", 31_557_600.0), ("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0))

app = typer.Typer(help="Make, look at and check the identity of a node.", no_args_is_help=True)

PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Its first line is the password; asked at the terminal otherwise.",
    ),
]
PasswordToCheck = Annotated[
    Path | None,
    typer.Option("--password-file", metavar="FILE", help="Check the password that is its first line."),
]


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the identity goes.")],
    difficulty: Annotated[
        int,
        typer.Option("--difficulty", metavar="D", help="Zero bits the node ID begins with: 2^D key pairs."),
    ] = 16,
    hash_name: Annotated[
        str, typer.Option("--hash", metavar="NAME", help="sha2-256, sha3-256 or keccak-256.")
    ] = "sha2-256",
    threads: Annotated[
        int | None, typer.Option("--threads", metavar="N", help="As many as there are cores if left out.")
    ] = None,
    password_file: PasswordFile = None,
    strength: Annotated[
        str,
        typer.Option(
            "--strength", help="What a guess of the password costs: interactive, moderate, sensitive."
        ),
    ] = "moderate",
    allow_plaintext: Annotated[
        bool,
        typer.Option("--allow-plaintext", help="Without a password: who reads the file is this node."),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file; the identity in it is lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search for a key pair whose node ID begins with enough zero bits, and write it to a file."""
    # What is refused at the end is better refused before a search of hours.
    _check_place(file, overwrite=overwrite)
    password = _new_password(password_file, allow_plaintext=allow_plaintext)

    from idn import identity

    kind: Any = hash_name
    if strength not in identity.STRENGTHS:
        raise ValueError(f"--strength is {strength!r}, expected one of {', '.join(identity.STRENGTHS)}.")
    saving: dict[str, Any] = {
        "allow_plaintext": allow_plaintext,
        "overwrite": overwrite,
        "strength": strength,
    }
    identity.rehearse_save(file, password, **saving)
    last: list[SearchProgress] = []
    with _bar() as show:

        def progress(state: SearchProgress) -> None:
            last[:] = [state]
            show(state)

        made = identity.generate(difficulty, hash=kind, threads=threads, progress=progress)
    made.save(file, password, **saving)
    found = {"candidates": last[0].candidates, "seconds": round(last[0].seconds, 3)}
    _print(file, identity.read(file), found, as_json=as_json)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An identity, as `idn id new` writes it.")],
    as_json: AsJson = False,
) -> None:
    """Say who an identity is; no password is needed."""
    from idn import identity

    _print(file, identity.read(file), {}, as_json=as_json)


@app.command()
def verify(
    subject: Annotated[
        str, typer.Argument(metavar="FILE_OR_NODE_ID", help="A file of ours, or what another node says.")
    ],
    public_key: Annotated[
        str | None,
        typer.Option("--public-key", metavar="HEX", help="The key that a node ID is said to be of."),
    ] = None,
    difficulty: Annotated[
        int, typer.Option("--difficulty", metavar="D", help="The least number of leading zero bits taken.")
    ] = 0,
    password_file: PasswordToCheck = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", help="Ask for the password, and check it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that a node ID is its key's and difficult enough; of a file, its password too if one is given."""
    from idn import identity
    from idn.errors import IdentityError
    from idn.multiformats import Multihash

    checked = ["node ID is the public key's"]
    if public_key is not None:
        if password_file is not None or ask_password:
            raise ValueError("--public-key goes with a node ID, which has no password.")
        node_id, key = Multihash(subject), _hexadecimal(public_key)
    else:
        file = _file(Path(subject))
        node_id, key = file.node_id, file.public_key
        checked.append("file is whole")
        if password_file is not None or ask_password:
            # Where there is none, unlocking says so, and nobody is asked.
            password = _read_password(password_file) if password_file else b"none"
            if password_file is None and file.encrypted:
                password = _ask("Password", "--password-file")
            message = b"idn id verify"
            identity.verify_signature(key, message, file.unlock(password).sign(message))
            checked.append("password opens the private key")
    try:
        identity.verify(node_id, key, difficulty)
    except ValueError as error:
        if not 0 <= difficulty <= identity.MAX_DIFFICULTY:
            raise
        raise IdentityError(str(error)) from error
    bits = identity.difficulty(node_id)
    if as_json:
        print_json({"node_id": str(node_id), "difficulty": bits, "checked": checked})
        return
    console().print(f"{node_id}: {'; '.join(checked)}; {bits} leading zero bits", markup=False)


def _check_place(file: Path, *, overwrite: bool) -> None:
    from idn.errors import IdentityError

    if not file.absolute().parent.is_dir():
        raise ValueError(f"the folder of {file} does not exist.")
    if (file.exists() or file.is_symlink()) and not overwrite:
        raise IdentityError(f"{file} exists already; give another name, or --overwrite, and it is lost.")


def _file(path: Path) -> IdentityFile:
    from idn import identity
    from idn.errors import MissingIdentity

    try:
        return identity.read(path)
    except MissingIdentity as error:
        raise MissingIdentity(f"{error} To check a node ID, give its --public-key too.") from error


def _hexadecimal(text: str) -> bytes:
    import re

    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise ValueError(f"--public-key is {text!r}, expected 64 hexadecimal digits.")
    return bytes.fromhex(text)


def _new_password(file: Path | None, *, allow_plaintext: bool) -> bytes | None:
    """The password of a new identity: from a file, asked twice, or none if that is allowed."""
    if file is not None:
        if allow_plaintext:
            raise ValueError("--password-file and --allow-plaintext exclude each other; give one.")
        return _read_password(file)
    if allow_plaintext:
        return None
    while True:
        password = _ask("Password", "--password-file, or --allow-plaintext")
        if password and _ask("The same again", "--password-file") == password:
            return password
        again = "the two differ" if password else "a password is not empty"
        console(stderr=True).print(f"Once more: {again}.", markup=False)


def _ask(prompt: str, instead: str) -> bytes:
    """Asks at the terminal, whose echo is off before anybody can have read that."""
    import getpass
    import sys

    if not sys.stdin.isatty():
        raise ValueError(f"there is no terminal to ask for a password at; give {instead}.")
    return getpass.getpass(f"{prompt}: ", sys.stderr).encode()


def _read_password(file: Path) -> bytes:
    """The first line of a file, without its end."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_PASSWORD_BYTES + 1)
    except OSError as error:
        raise ValueError(f"the password file {file} cannot be read: {error.strerror}.") from error
    line = content.split(b"\n", 1)[0].removesuffix(b"\r")
    if len(line) > MAX_PASSWORD_BYTES:
        raise ValueError(f"the first line of {file} has more than {MAX_PASSWORD_BYTES} bytes.")
    if not line:
        raise ValueError(f"the first line of {file} is empty, expected a password.")
    return line


@contextmanager
def _bar() -> Iterator[Callable[[SearchProgress], None]]:
    """A bar on a terminal: how likely it was to be done by now, the rate, and what is to be expected."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
    screen = console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("Searching", total=1.0, text="")

        def show(state: SearchProgress) -> None:
            bar.update(task, completed=state.chance, text=_progress_text(state))

        yield show


def _progress_text(state: SearchProgress) -> str:
    return (
        f"{state.candidates:,} of about {state.expected_candidates:,.0f} key pairs, {state.rate:,.0f}/s, "
        f"expect {_duration(state.expected_seconds)} more"
    )


def _duration(seconds: float) -> str:
    for name, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {name}"
    return f"{seconds:.0f} s"


def _print(file: Path, read: IdentityFile, found: dict[str, Any], *, as_json: bool) -> None:
    from idn import identity

    bits, strength = identity.difficulty(read.node_id), read.strength
    if as_json:
        print_json(
            {
                "file": str(file),
                "node_id": str(read.node_id),
                "public_key": read.public_key.hex(),
                "hash": read.node_id.function,
                "difficulty": bits,
                "encrypted": read.encrypted,
                **(strength or {}),
                **found,
            }
        )
        return
    lines = {
        "node ID": str(read.node_id),
        "public key": read.public_key.hex(),
        "difficulty": f"{bits} leading zero bits of {read.node_id.function}",
        "private key": "not encrypted"
        if strength is None
        else f"encrypted (Argon2id, {strength['passes']} passes, {strength['memory_kib'] / 1024:g} MiB)",
    }
    if found:
        lines["found after"] = f"{found['candidates']:,} key pairs, {_duration(found['seconds'])}"
    lines["file"] = str(file)
    for name, text in lines.items():
        console().print(f"{name:12} {text}", markup=False)
