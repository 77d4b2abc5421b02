"""Bringing a data set to this machine."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from idn.data import archive
from idn.data.download import download
from idn.data.sources import Source, SourceFile, data_root, source
from idn.data.verification import fits, verify
from idn.errors import DataError, DownloadError


def get(
    name: str,
    root: Path | str | None = None,
    progress: bool = True,
    *,
    mirrors: Sequence[str] | None = None,
) -> Path:
    """Fetch a data set unless it is there and whole, and return where it lies.

    Mirrors are tried in order: those given, or those of $IDN_DATA_MIRRORS (addresses separated by spaces,
    each holding the published files), then the published ones. A download that was cut off is resumed. Files
    appear under their names only once their checksums are right. Progress goes to standard error. A second
    process waits for the first.

    :raises ValueError: if no data set has this name.
    :raises DownloadError: if it cannot be fetched or written; what has arrived is kept for the next try.
    """
    wanted = source(name)
    if wanted.embedded:
        return wanted.path()
    if mirrors is None:
        mirrors = [*os.environ.get("IDN_DATA_MIRRORS", "").split(), *wanted.mirrors]
    base = data_root(root)
    if wanted.present(root) and _whole(wanted, root):
        return wanted.path(root)
    try:
        base.mkdir(parents=True, exist_ok=True)
        with _lock(base):
            if not (
                wanted.present(root) and _whole(wanted, root)
            ):  # another process may have fetched it meanwhile
                _install(wanted, base, mirrors, progress)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(
            f"{name} cannot be put under {base}: {error.strerror or error}. Choose a folder that can be "
            "written with "
            "IDN_DATA_ROOT, or make room there."
        ) from error
    return wanted.path(root)


def _whole(wanted: Source, root: Path | str | None) -> bool:
    try:
        verify(wanted.name, root)
    except DataError:
        return False
    return True


def _install(wanted: Source, base: Path, mirrors: Sequence[str], progress: bool) -> None:
    folder = base / wanted.folder
    if wanted.archive is not None:
        _install_archive(wanted, wanted.archive, base, mirrors, progress)
        return
    _check_room(base, wanted.download_bytes)
    folder.mkdir(exist_ok=True)
    for file in wanted.files:
        if not ((folder / file.name).is_file() and fits(folder / file.name, file)):
            download(file, folder / file.name, mirrors, progress=progress)


def _install_archive(
    wanted: Source, packed: SourceFile, base: Path, mirrors: Sequence[str], progress: bool
) -> None:
    path = base / packed.name
    _check_room(base, packed.bytes + wanted.bytes)
    brought = path.is_file() and fits(path, packed)
    if not brought:
        download(packed, path, mirrors, progress=progress)
    with tempfile.TemporaryDirectory(prefix=f".{wanted.folder}.", dir=base) as temporary:
        sizes = {file.name: file.bytes for file in wanted.files}
        try:
            archive.extract(path, wanted.folder, sizes, Path(temporary))
        except DataError as error:
            raise DownloadError(str(error)) from error
        folder = base / wanted.folder
        folder.mkdir(exist_ok=True)
        for name in sizes:
            (Path(temporary) / name).replace(folder / name)
    if not brought:
        path.unlink()


def _check_room(base: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(base).free
    if free_bytes < needed_bytes:
        raise DownloadError(
            f"{base} has {free_bytes / 1e6:.0f} MB free, {needed_bytes / 1e6:.0f} MB are needed; make room, "
            "or choose "
            "another folder with IDN_DATA_ROOT."
        )


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep other processes that fetch into the same folder waiting."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems have no locks; two downloads at once are then checked all the same.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
