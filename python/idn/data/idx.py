"""IDX files, the format of MNIST: unsigned bytes in an array of one to four dimensions, plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from idn.errors import DataError

_UNSIGNED_BYTE = 0x08


def read(path: Path, shape: tuple[int | None, ...], limit_bytes: int = 1 << 30) -> NDArray[np.uint8]:
    """Read an array of bytes whose shape is `shape`, where None stands for any size.

    Nothing is read beyond what the header claims, and nothing is allocated before the claim is checked.

    :raises DataError: if the file is not IDX, claims another shape or more than `limit_bytes`, or is not as
        long as it claims.
    """
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            claimed = _read_header(stream, path, shape)
            size = math.prod(claimed)
            if size > limit_bytes:
                raise DataError(
                    f"{path} claims an array of {claimed}, {size} bytes; at most {limit_bytes} are read."
                )
            data = stream.read(size)
            if len(data) != size or stream.read(1):
                found = f"only {len(data)} bytes" if len(data) < size else "more bytes"
                raise DataError(
                    f"{path} claims an array of {claimed}, {size} bytes, and holds {found}; fetch it again."
                )
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{path} is not a whole gzip file ({error}); fetch it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    return np.frombuffer(bytearray(data), dtype=np.uint8).reshape(claimed)


def _read_header(
    stream: gzip.GzipFile | IO[bytes], path: Path, shape: tuple[int | None, ...]
) -> tuple[int, ...]:
    magic = stream.read(4)
    expected = bytes([0, 0, _UNSIGNED_BYTE, len(shape)])
    if magic != expected:
        raise DataError(
            f"{path} begins with {magic.hex() or 'nothing'}, expected {expected.hex()}: an IDX file of "
            "unsigned bytes "
            f"with {len(shape)} dimensions."
        )
    sizes = stream.read(4 * len(shape))
    if len(sizes) != 4 * len(shape):
        raise DataError(f"{path} ends within its header; fetch it again.")
    claimed = struct.unpack(f">{len(shape)}I", sizes)
    if any(want is not None and want != size for want, size in zip(shape, claimed, strict=True)):
        wanted = tuple("any" if want is None else want for want in shape)
        raise DataError(f"{path} claims an array of {claimed}, expected {wanted}.")
    return claimed
