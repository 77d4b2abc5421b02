"""Names that say what they are: multihash, CID, address, multibase and unsigned varint (https://multiformats.io).

Every class is made from its text, gives `bytes()` and `str()`, and takes the canonical form alone: what would
not come out the same again is a ValueError with the position, in bytes, and the reason.
"""

from __future__ import annotations

import os
from pathlib import Path

from idn._native import extension

__all__ = ["Cid", "FileBuilder", "FileReader", "Multiaddr", "Multihash", "file_cid", "multibase", "varint"]

Cid = extension.multiformats.Cid
FileBuilder = extension.multiformats.FileBuilder
FileReader = extension.multiformats.FileReader
Multiaddr = extension.multiformats.Multiaddr
Multihash = extension.multiformats.Multihash
multibase = extension.multiformats.multibase
varint = extension.multiformats.varint

_PIECE_BYTES = 1 << 22


def file_cid(file: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Cid:
    """Tell the CID that IPFS has for a file, above one block too (profile `unixfs-v1-2025`).

    :param file: a path, or the file's bytes.
    :returns: of at most 1 MiB, the CID of the bytes themselves; of more, that of the tree above them.
    :raises OSError: where the file cannot be read.
    """
    builder = FileBuilder()
    if isinstance(file, (str, os.PathLike)):
        with Path(file).open("rb") as stream:
            while piece := stream.read(_PIECE_BYTES):
                builder.append(piece)
    else:
        builder.append(file)
    return builder.finish()
