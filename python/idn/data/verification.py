"""Whether the files of a data set are what their authors published."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from idn.data.sources import RecordSet, Source, SourceFile, get_command, source
from idn.errors import DataError


@dataclass(frozen=True)
class Verification:
    """What was checked, and what was found beyond "equal to the published files"."""

    name: str
    path: Path
    files: int
    note: str = ""


def verify(name: str, root: Path | str | None = None) -> Verification:
    """Read every byte of a data set and compare it with the published checksums.

    A copy of CIFAR10 whose files hold the published records in another order passes, and the note says so:
    the splits do not depend on that order. Unpacked MNIST files have no published checksum; of those, form
    and sizes are checked.

    :raises ValueError: if no data set has this name.
    :raises DataError: if a file is missing or differs; the message names each and what to do.
    """
    wanted = source(name)
    if wanted.embedded:
        return _verify_embedded(wanted)
    if wanted.state(root) == "missing":
        raise missing(wanted, root)
    problems, differing, plain = [], [], []
    for file in wanted.files:
        path = wanted.find(file, root)
        if path is None:
            problems.append(f"{file.name} is missing")
        elif path.name != file.name:
            plain.append(path)
        elif path.stat().st_size != file.bytes:
            problems.append(f"{file.name} has {path.stat().st_size} bytes, expected {file.bytes}")
        elif sha256(path) != file.sha256:
            differing.append(file)
    note = ""
    recognisable = bool(differing and not problems and wanted.records)
    if recognisable and all(_same_records(wanted.path(root), part) for part in wanted.records):
        differing = []
        note = "the published records, packed in another order than the published files"
    problems += [f"{file.name} differs from the published file" for file in differing]
    if problems:
        raise damaged(wanted, root, problems)
    if plain:
        from idn.data import mnist

        mnist.read(wanted.path(root))
        note = f"{len(plain)} unpacked files, checked by form and size alone"
    return Verification(name, wanted.path(root), len(wanted.files), note)


def missing(wanted: Source, root: Path | str | None) -> DataError:
    """Make the error for a data set that is not there."""
    files = ", ".join(file.name for file in wanted.files)
    return DataError(
        f"{wanted.name} is not at {wanted.path(root)}; expected there are {files}. Run "
        f"{get_command(wanted.name, root)} to fetch it, or name the folder that holds {wanted.folder}/: by "
        "data.root in a config, by --root, or by IDN_DATA_ROOT."
    )


def damaged(wanted: Source, root: Path | str | None, problems: list[str]) -> DataError:
    """Make the error for a data set that is there, but not whole."""
    return DataError(
        f"{wanted.name} at {wanted.path(root)} is damaged: {'; '.join(problems)}. "
        f"Run {get_command(wanted.name, root)} to fetch it again."
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return _digest(path, "sha256")


def fits(path: Path, file: SourceFile) -> bool:
    """Tell whether a file has the published size and checksums."""
    if path.stat().st_size != file.bytes or sha256(path) != file.sha256:
        return False
    return not file.md5 or _digest(path, "md5") == file.md5


def _digest(path: Path, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _same_records(folder: Path, part: RecordSet) -> bool:
    digests = []
    for name in part.files:
        with (folder / name).open("rb") as stream:
            while record := stream.read(part.bytes):
                digests.append(hashlib.sha256(record).digest())
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest() == part.sha256


def _verify_embedded(wanted: Source) -> Verification:
    from idn.data import digits

    digits.read()  # the store compares the checksum of every chunk
    return Verification(wanted.name, wanted.path(), 1, "embedded in the package")
