"""
Blocks and files by CID in a folder.
"""

from __future__ import annotations

import builtins
import os
import pathlib
import typing

import idn._idn.multiformats

__all__: builtins.list[str] = ["MAX_BLOCK_BYTES", "ContentCheck", "ContentStore", "DamagedBlock"]

class DamagedBlock:
    """
    A block whose bytes were not those of its CID.
    """
    @property
    def cid(self) -> idn._idn.multiformats.Cid: ...
    @property
    def reason(self) -> str:
        """
        What is wrong, and what became of it.
        """

class ContentCheck:
    """
    What a look at every block of a content store found.
    """
    @property
    def blocks(self) -> int:
        """
        How many are whole.
        """
    @property
    def damaged(self) -> builtins.list[DamagedBlock]:
        """
        Those that are not, moved away.
        """
    @property
    def missing(self) -> builtins.list[idn._idn.multiformats.Cid]:
        """
        CIDs that are pinned, but not in the store.
        """
    @property
    def size_bytes(self) -> int:
        """
        What those have together.
        """

class ContentStore:
    """
    Blocks and files by CID in a folder.
    """
    def __init__(
        self, path: os.PathLike | str | builtins.bytes, max_bytes: typing.SupportsIndex | None, create: bool
    ) -> None: ...
    def blocks(self) -> int:
        """
        How many blocks are here.
        """
    def bytes(self) -> int:
        """
        What they have together.
        """
    def get(self, cid: idn._idn.multiformats.Cid) -> typing.Any:
        """
        The bytes of a block, or None.
        """
    def get_file(
        self,
        cid: idn._idn.multiformats.Cid,
        destination: os.PathLike | str | builtins.bytes,
        max_file_bytes: typing.SupportsIndex | None,
        progress: typing.Any,
    ) -> int:
        """
        Writes a file.
        """
    def has(self, cid: idn._idn.multiformats.Cid) -> bool:
        """
        Whether a block is here.
        """
    def list(self) -> builtins.list[idn._idn.multiformats.Cid]:
        """
        The CIDs of all blocks.
        """
    def pin(self, cid: idn._idn.multiformats.Cid, incomplete: bool) -> None:
        """
        Keeps a block and all below it.
        """
    def pins(self) -> builtins.list[idn._idn.multiformats.Cid]:
        """
        The pinned CIDs.
        """
    def put(self, data: typing.Any, codec: str, pin: bool) -> idn._idn.multiformats.Cid:
        """
        Stores a block.
        """
    def put_block(
        self, cid: idn._idn.multiformats.Cid, data: typing.Any, pin: bool
    ) -> idn._idn.multiformats.Cid:
        """
        Stores a block of somebody else's.
        """
    def put_file(
        self, path: os.PathLike | str | builtins.bytes, pin: bool, progress: typing.Any
    ) -> idn._idn.multiformats.Cid:
        """
        Stores a file.
        """
    def remove(self, cid: idn._idn.multiformats.Cid, recursive: bool) -> bool:
        """
        Removes a block.
        """
    def unpin(self, cid: idn._idn.multiformats.Cid) -> bool:
        """
        Ends a pin.
        """
    def verify(self, progress: typing.Any) -> ContentCheck:
        """
        Reads every block.
        """
    @property
    def path(self) -> pathlib.Path:
        """
        The folder.
        """

MAX_BLOCK_BYTES: int = 2097152
