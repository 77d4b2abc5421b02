"""
Who a node is: node IDs, keys and their files.
"""

from __future__ import annotations

import os
import typing

import idn._idn.multiformats

__all__: list[str] = [
    "INTERACTIVE",
    "LEAST",
    "MAX_DIFFICULTY",
    "MAX_THREADS",
    "MODERATE",
    "SENSITIVE",
    "Argon2Limits",
    "Identity",
    "IdentityFile",
    "SearchProgress",
    "generate",
    "leading_zero_bits",
    "rehearse_save",
    "verify_node_id",
    "verify_signature",
]

class Argon2Limits:
    """
    What one guess of a password costs.
    """
    def __init__(
        self,
        passes: typing.SupportsInt | typing.SupportsIndex,
        memory_kib: typing.SupportsInt | typing.SupportsIndex,
    ) -> None: ...
    @property
    def memory_kib(self) -> int: ...
    @property
    def passes(self) -> int: ...

class Identity:
    """
    A node ID and its key pair.
    """
    def save(
        self,
        path: os.PathLike | str | bytes,
        password: str | None,
        allow_plaintext: bool,
        limits: Argon2Limits,
        overwrite: bool,
    ) -> None:
        """
        Writes a file that its owner alone may read.
        """
    def sign(self, message: typing.Any) -> bytes:
        """
        The signature of a message, 64 bytes.
        """
    def sign_raw(self, data: typing.Any) -> bytes:
        """
        An Ed25519 signature of data that begin with their purpose: a record's.
        """
    @property
    def node_id(self) -> idn._idn.multiformats.Multihash:
        """
        The node ID.
        """
    @property
    def public_key(self) -> bytes:
        """
        The Ed25519 public key, 32 bytes.
        """

class SearchProgress:
    """
    How far a search for a node ID is.
    """
    @property
    def candidates(self) -> int:
        """
        Key pairs tried.
        """
    @property
    def chance(self) -> float:
        """
        The probability that so many key pairs would have been enough.
        """
    @property
    def difficulty(self) -> int:
        """
        Leading zero bits asked for.
        """
    @property
    def expected_candidates(self) -> float:
        """
        The mean number of key pairs that it takes, from now on as from the beginning.
        """
    @property
    def expected_seconds(self) -> float:
        """
        The mean time that it takes from now on, at the rate so far.
        """
    @property
    def rate(self) -> float:
        """
        Key pairs tried in a second so far.
        """
    @property
    def seconds(self) -> float:
        """
        Time taken.
        """

class IdentityFile:
    """
    An identity as a file holds it, its private key locked.
    """
    @staticmethod
    def parse(data: typing.Any) -> IdentityFile:
        """
        Reads the bytes of a file.
        """
    @staticmethod
    def read(path: os.PathLike | str | bytes) -> IdentityFile:
        """
        Reads a file of its owner's alone.
        """
    def unlock(self, password: str | None) -> Identity:
        """
        The identity.
        """
    @property
    def limits(self) -> Argon2Limits | None:
        """
        None where the private key is not encrypted.
        """
    @property
    def node_id(self) -> idn._idn.multiformats.Multihash:
        """
        The node ID.
        """
    @property
    def public_key(self) -> bytes:
        """
        The Ed25519 public key, 32 bytes.
        """

def generate(
    difficulty: typing.SupportsInt | typing.SupportsIndex,
    hash: str,
    threads: typing.SupportsInt | typing.SupportsIndex,
    progress: typing.Any,
) -> Identity:
    """
    Makes key pairs until a node ID has enough leading zero bits.
    """

def leading_zero_bits(hash: idn._idn.multiformats.Multihash) -> int:
    """
    How many zero bits the digest begins with.
    """

def rehearse_save(
    path: os.PathLike | str | bytes,
    password: str | None,
    allow_plaintext: bool,
    limits: Argon2Limits,
    overwrite: bool,
) -> None:
    """
    Throws what `Identity.save` would throw now.
    """

def verify_node_id(
    node_id: idn._idn.multiformats.Multihash,
    public_key: typing.Any,
    difficulty: typing.SupportsInt | typing.SupportsIndex,
) -> int:
    """
    Checks that a node ID is a key's and has enough leading zero bits; says how many.
    """

def verify_signature(public_key: typing.Any, message: typing.Any, signature: typing.Any) -> bool:
    """
    Whether it is a signature of the message by the key's owner.
    """

INTERACTIVE: Argon2Limits
LEAST: Argon2Limits
MAX_DIFFICULTY: int = 64
MAX_THREADS: int = 1024
MODERATE: Argon2Limits
SENSITIVE: Argon2Limits
