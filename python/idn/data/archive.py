"""Named files out of a gzipped tar archive, and nothing else, however the archive is made."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, cast

from idn.errors import DataError

_BLOCK_BYTES = 1 << 20
_SLACK_BYTES = 1 << 24  # headers, and small files beside the wanted ones


class _TooMuchError(Exception):
    """The archive unpacks to more than it should."""


class _Bounded:
    """A stream that refuses to give more than it may: a small archive can unpack to terabytes."""

    def __init__(self, stream: gzip.GzipFile, limit_bytes: int) -> None:
        self._stream = stream
        self._left = limit_bytes

    def read(self, size: int) -> bytes:
        block = self._stream.read(min(size, self._left + 1))
        self._left -= len(block)
        if self._left < 0:
            raise _TooMuchError
        return block


def extract(archive: Path, folder: str, sizes: Mapping[str, int], target: Path) -> None:
    """Write the files `folder`/NAME of the archive to `target`/NAME, for the names and exact sizes given.

    Members are chosen by their exact names, so none can leave `target`; links, devices and everything else
    stay inside the archive.

    :raises DataError: if the archive is damaged, unpacks to far more than the files, or lacks one of them or
        has it in another size or as another kind of file.
    """
    wanted = {f"{folder}/{name}": name for name in sizes}
    lacking = dict.fromkeys(sizes)
    try:
        limit_bytes = sum(sizes.values()) + _SLACK_BYTES
        with (
            gzip.open(archive, "rb") as unpacked,
            tarfile.open(fileobj=cast(Any, _Bounded(unpacked, limit_bytes)), mode="r|") as tar,
        ):
            for member in tar:
                name = wanted.get(member.name.removeprefix("./"))
                if name not in lacking:
                    continue
                if not member.isreg() or member.size != sizes[name]:
                    raise DataError(
                        f"{archive} has {member.name} as {_describe(member)}, expected a file of "
                        f"{sizes[name]} bytes."
                    )
                stream = tar.extractfile(member)
                assert stream is not None  # a regular file has one
                with stream:
                    _copy(stream, target / name)
                del lacking[name]
    except _TooMuchError as error:
        raise DataError(
            f"{archive} unpacks to far more than the files it should hold; it is not unpacked."
        ) from error
    except (gzip.BadGzipFile, zlib.error, tarfile.TarError, EOFError) as error:
        raise DataError(f"{archive} is not a whole gzipped tar archive ({error}).") from error
    if lacking:
        raise DataError(f"{archive} lacks {', '.join(f'{folder}/{name}' for name in lacking)}.")


def _copy(stream: IO[bytes], path: Path) -> None:
    with path.open("wb") as out:
        while block := stream.read(_BLOCK_BYTES):
            out.write(block)


def _describe(member: tarfile.TarInfo) -> str:
    return f"a file of {member.size} bytes" if member.isreg() else "a link or device"
