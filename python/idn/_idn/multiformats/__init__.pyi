"""
Names that say what they are.
"""

from __future__ import annotations

import builtins
import typing

from . import multibase, varint

__all__: list[str] = ["Cid", "FileBuilder", "FileReader", "Multiaddr", "Multihash", "multibase", "varint"]

class Multihash:
    """
    A digest that says which function made it.
    """
    @staticmethod
    def digest(data: typing.Any, function: str = "sha2-256") -> Multihash:
        """
        Hashes data.
        """
    @staticmethod
    def from_bytes(data: typing.Any) -> Multihash:
        """
        Reads code, length and digest.
        """
    @staticmethod
    def of_digest(digest: typing.Any, function: str) -> Multihash:
        """
        A digest computed elsewhere.
        """
    def __bytes__(self) -> builtins.bytes: ...
    def __eq__(self, arg0: object) -> bool: ...
    def __getstate__(self) -> builtins.bytes: ...
    def __hash__(self) -> int: ...
    def __init__(self, text: str) -> None:
        """
        Reads base58btc without a naming character.
        """
    def __lt__(self, arg0: Multihash) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: builtins.bytes) -> None: ...
    def __str__(self) -> str: ...
    def bytes(self) -> builtins.bytes:
        """
        The binary form.
        """
    def matches(self, data: typing.Any) -> bool:
        """
        Whether data hashes to this.
        """
    @property
    def code(self) -> int:
        """
        The multicodec code of the hash function.
        """
    @property
    def digest_bytes(self) -> builtins.bytes:
        """
        The digest alone.
        """
    @property
    def function(self) -> str:
        """
        The multicodec name of the hash function.
        """

class Cid:
    """
    A content identifier: version, codec and hash.
    """
    @staticmethod
    def from_bytes(data: typing.Any) -> Cid:
        """
        Reads either version.
        """
    @staticmethod
    def of(data: typing.Any, codec: str = "raw", function: str = "sha2-256") -> Cid:
        """
        Version 1 of data.
        """
    @staticmethod
    def v0(hash: Multihash) -> Cid:
        """
        Version 0: a bare SHA2-256 multihash of a dag-pb block.
        """
    @staticmethod
    def v1(codec: str, hash: Multihash) -> Cid:
        """
        Version 1 of a hash.
        """
    def __bytes__(self) -> builtins.bytes: ...
    def __eq__(self, arg0: object) -> bool: ...
    def __getstate__(self) -> builtins.bytes: ...
    def __hash__(self) -> int: ...
    def __init__(self, text: str) -> None:
        """
        Reads what str() writes: base32 for version 1, base58btc for version 0. A text of another base goes through multibase.decode and from_bytes.
        """
    def __lt__(self, arg0: Cid) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: builtins.bytes) -> None: ...
    def __str__(self) -> str: ...
    def bytes(self) -> builtins.bytes:
        """
        The binary form.
        """
    @property
    def codec(self) -> str:
        """
        The multicodec name of what the bytes are.
        """
    @property
    def hash(self) -> Multihash:
        """
        The multihash.
        """
    @property
    def version(self) -> int:
        """
        0 or 1.
        """

class Multiaddr:
    """
    A self-describing network address.
    """
    @staticmethod
    def from_bytes(data: typing.Any) -> Multiaddr:
        """
        Reads the binary form.
        """
    def __bytes__(self) -> builtins.bytes: ...
    def __eq__(self, arg0: object) -> bool: ...
    def __getstate__(self) -> builtins.bytes: ...
    def __hash__(self) -> int: ...
    def __init__(self, text: str) -> None:
        """
        Reads e.g. /ip4/127.0.0.1/tcp/4001.
        """
    def __lt__(self, arg0: Multiaddr) -> bool: ...
    def __repr__(self) -> str: ...
    def __setstate__(self, arg0: builtins.bytes) -> None: ...
    def __str__(self) -> str: ...
    def bytes(self) -> builtins.bytes:
        """
        The binary form.
        """
    def decapsulate(self, inner: Multiaddr) -> Multiaddr | None:
        """
        What is before the last place where inner begins, None if that is the beginning; this address itself if inner is nowhere in it.
        """
    def encapsulate(self, inner: Multiaddr) -> Multiaddr:
        """
        This address with another inside it.
        """
    @property
    def parts(self) -> list[tuple[str, str]]:
        """
        Name and value of each part, as texts.
        """

class FileBuilder:
    """
    Cuts a file, as its bytes come, into blocks.
    """
    def __init__(
        self,
        sink: typing.Any = None,
        *,
        chunk_bytes: typing.SupportsIndex = 1048576,
        max_links: typing.SupportsIndex = 1024,
    ) -> None:
        """
        sink(cid, block) takes each block as soon as it is complete, children before parents.
        """
    def append(self, data: typing.Any) -> None:
        """
        The next bytes of the file, in pieces of any size.
        """
    def finish(self) -> Cid:
        """
        Makes what is open into blocks; the root of the file.
        """
    @property
    def file_bytes(self) -> int:
        """
        How many bytes were appended.
        """

class FileReader:
    """
    Reads a file from blocks of strangers, checking each.
    """
    def __init__(self, root: Cid, *, max_file_bytes: typing.SupportsIndex) -> None: ...
    def accept(self, block: typing.Any) -> builtins.bytes:
        """
        Takes the wanted block; the file's bytes in it. A ValueError leaves the reader as it was, or, if the block is the wanted one and yet of no file, broken.
        """
    def upcoming(self, count: typing.SupportsIndex) -> list[Cid]:
        """
        Up to count blocks in the order in which they will be wanted: what to fetch ahead.
        """
    @property
    def broken(self) -> bool:
        """
        Whether no other copy of a block can help.
        """
    @property
    def complete(self) -> bool:
        """
        Whether all bytes were given back.
        """
    @property
    def file_bytes(self) -> int | None:
        """
        The size of the whole file, or None before the root was accepted.
        """
    @property
    def wanted(self) -> Cid | None:
        """
        The block that comes next; None when the file is complete or broken.
        """
