"""Blocks and files by CID in a folder: checked when read, in place only when whole, shared by processes.

The store is written in C++ (`idn::store::ContentStore`); docs/content-store.md says how its folder is laid
out and what it promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from idn._native import extension
from idn.multiformats import Cid

__all__ = ["MAX_BLOCK_BYTES", "ContentCheck", "ContentStore", "DamagedBlock"]

_native = extension.content
_Path = str | PathLike[str]

ContentCheck = _native.ContentCheck
DamagedBlock = _native.DamagedBlock

MAX_BLOCK_BYTES: int = _native.MAX_BLOCK_BYTES
"""The largest block taken: 2 MiB."""


class ContentStore:
    """Blocks and files by CID in a folder, which any number of processes and threads may use at once.

    Wherever a CID is asked for, its text will do. A CID of version 0 names the block of its version 1, which
    is what the store gives back.

    :param path: the folder.
    :param max_bytes: the most that all blocks have together after what this opening puts; those not used for
        the longest time make room, and pinned ones stay. No limit if None.
    :param create: make the folder if it is not there.
    :raises ValueError: for a limit below 1.
    :raises idn.errors.StoreError: if the folder cannot be made or read, or, without `create`, is no store.
        The same where any method below meets what the disk refuses.
    """

    def __init__(self, path: _Path, max_bytes: int | None = None, *, create: bool = True) -> None:
        if max_bytes is not None and max_bytes < 1:
            raise ValueError(f"max_bytes is {max_bytes}, expected at least 1, or None for no limit.")
        self._store = _native.ContentStore(Path(fspath(path)), max_bytes, create)

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self._store.path)

    @property
    def size_bytes(self) -> int:
        """What all blocks have together."""
        return self._store.bytes()

    def put(self, data: bytes | bytearray | memoryview, codec: str = "raw", *, pin: bool = False) -> Cid:
        """Store a block; it is on the disk when this returns.

        :param codec: what the bytes are, a multicodec name such as "raw", "dag-pb" or "json".
        :param pin: pin it too, before anybody can evict it. What is below it need not be here.
        :raises ValueError: for more than `MAX_BLOCK_BYTES` and for an unknown codec.
        :raises idn.errors.StoreError: if the limit leaves no room, and so for every method that puts.
        """
        return self._store.put(data, codec, pin)

    def put_block(self, cid: Cid | str, data: bytes | bytearray | memoryview, *, pin: bool = False) -> Cid:
        """Store bytes of which somebody else says that they are the block of `cid`.

        :raises ValueError: if they are not, or are more than `MAX_BLOCK_BYTES`.
        """
        return self._store.put_block(_cid(cid), data, pin)

    def get(self, cid: Cid | str) -> bytes | None:
        """Read a block and compare it with its CID; None if it is not here.

        :raises idn.errors.StoreError: if its bytes have changed. Its file, which the message names, is moved
            to the folder `damaged`, and the block can be put again.
        """
        found: bytes | None = self._store.get(_cid(cid))
        return found

    def has(self, cid: Cid | str) -> bool:
        """Tell whether a block is here, without reading it; `cid in store` does the same."""
        return self._store.has(_cid(cid))

    def remove(self, cid: Cid | str, *, recursive: bool = False) -> bool:
        """Remove a block.

        :param recursive: remove all blocks below it too, but for those that are pinned.
        :returns: whether it was here.
        :raises idn.errors.StoreError: if it is pinned, or part of something that is.
        """
        return self._store.remove(_cid(cid), recursive)

    def pin(self, cid: Cid | str, *, incomplete: bool = False) -> None:
        """Keep a block, and all below it by the links of dag-pb blocks, from eviction and removal.

        What is here stays though a block above it is damaged later.

        :param incomplete: pin it even if not all of it is here or understood; what is missing is kept once it
            comes.
        :raises idn.errors.StoreError: if something is missing.
        """
        self._store.pin(_cid(cid), incomplete)

    def unpin(self, cid: Cid | str) -> bool:
        """End a pin; what another pin covers stays covered.

        :returns: whether there was one.
        """
        return self._store.unpin(_cid(cid))

    def pins(self) -> list[Cid]:
        """List the pinned CIDs, in the order of their text."""
        return self._store.pins()

    def put_file(
        self, path: _Path, *, pin: bool = False, progress: Callable[[int, int], object] | None = None
    ) -> Cid:
        """Store a file as a UnixFS tree of blocks; none of them is evicted before all are here.

        :param pin: pin it too.
        :param progress: called now and then with the bytes done so far and those to be done in all; what it
            raises ends the work.
        :returns: the root's CID.
        """
        return self._store.put_file(Path(fspath(path)), pin, progress)

    def get_file(
        self,
        cid: Cid | str,
        destination: _Path,
        *,
        max_file_bytes: int | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> int:
        """Write a file's bytes to `destination`, which appears whole or not at all.

        :param max_file_bytes: refuse more than this.
        :param progress: called now and then with the bytes done so far and those to be done in all; what it
            raises ends the work.
        :returns: how many bytes it has.
        :raises idn.errors.StoreError: if a block is not here or damaged, if `cid` is no file, or if it has
            more bytes than allowed or than the disk has free.
        """
        return self._store.get_file(_cid(cid), Path(fspath(destination)), max_file_bytes, progress)

    def verify(self, *, progress: Callable[[int, int], object] | None = None) -> ContentCheck:
        """Read whatever lies in a block's place and count anew; what is damaged is moved away, as by `get`.

        :returns: `blocks` and `size_bytes` of the whole ones, `damaged` with `cid` and `reason`, and
            `missing`, the CIDs that pins ask for and that are not here.
        """
        return self._store.verify(progress)

    def __contains__(self, cid: object) -> bool:
        if not isinstance(cid, (Cid, str)):
            return False
        return self.has(cid)

    def __iter__(self) -> Iterator[Cid]:
        """Go through the CIDs of all blocks, in the order of their text, as they are now."""
        return iter(self._store.list())

    def __len__(self) -> int:
        return self._store.blocks()

    def __bool__(self) -> bool:
        """Always true: an empty store is one too."""
        return True

    def __repr__(self) -> str:
        return f"ContentStore({str(self.path)!r})"


def _cid(cid: Cid | str) -> Any:
    return Cid(cid) if isinstance(cid, str) else cid
