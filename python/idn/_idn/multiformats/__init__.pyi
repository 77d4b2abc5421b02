"""
Names that say what they are.
"""

from __future__ import annotations

import builtins
import typing

from . import multibase, varint

__all__: list[str] = ["Cid", "Multihash", "multibase", "varint"]

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
    def __eq__(self, arg0: typing.Any) -> bool: ...
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
    def __eq__(self, arg0: typing.Any) -> bool: ...
    def __getstate__(self) -> builtins.bytes: ...
    def __hash__(self) -> int: ...
    def __init__(self, text: str) -> None:
        """
        Reads either version.
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
