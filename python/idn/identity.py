"""Who a node is: a node ID, and the Ed25519 key pair that it is the hash of (dissertation, section 7.1).

A node ID costs work: its digest begins with as many zero bits as its maker searched for, which takes about
2^difficulty key pairs. The private key rests in a file of its owner's alone, under a password
(docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from typing import Any, Literal

from idn._native import extension
from idn.multiformats import Multihash

__all__ = [
    "MAX_DIFFICULTY",
    "Identity",
    "IdentityFile",
    "SearchProgress",
    "difficulty",
    "generate",
    "load",
    "read",
    "rehearse_save",
    "verify",
    "verify_signature",
]

_native = extension.identity
_Path = str | PathLike[str]
_Password = str | bytes
Hash = Literal["sha2-256", "sha3-256", "keccak-256"]
Strength = Literal["interactive", "moderate", "sensitive"]

SearchProgress = _native.SearchProgress

MAX_DIFFICULTY: int = _native.MAX_DIFFICULTY
"""The most leading zero bits that can be asked for: 64."""

STRENGTHS = {
    "interactive": _native.INTERACTIVE,
    "moderate": _native.MODERATE,
    "sensitive": _native.SENSITIVE,
}


class Identity:
    """A node ID and its key pair, from `generate` or `load`. The private key is shown nowhere."""

    __slots__ = ("_native",)

    def __init__(self, native: extension.identity.Identity) -> None:
        self._native = native

    @property
    def node_id(self) -> Multihash:
        """The node ID: the multihash of the public key."""
        return self._native.node_id

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return self._native.public_key

    @property
    def difficulty(self) -> int:
        """How many zero bits the node ID's digest begins with; what was asked for, or more."""
        return difficulty(self.node_id)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message, 64 bytes, for `verify_signature`.

        The message may be anybody's: what is signed is the CBOR of `["idn/message/1", message]`
        (docs/wire.md), so the signature is none of a signed record.
        """
        return self._native.sign(message)

    def save(
        self,
        path: _Path,
        password: _Password | None = None,
        *,
        allow_plaintext: bool = False,
        overwrite: bool = False,
        strength: Strength = "moderate",
    ) -> None:
        """Write a file that its owner alone may read (mode 0600), whole or not at all.

        :param password: locks the private key; a text is taken as UTF-8.
        :param allow_plaintext: without a password, whoever reads the file *is* this node; so it is written
            only if this is True.
        :param overwrite: replace a file that is there already. What is lost with it cannot be made again.
        :param strength: what one guess of the password costs (Argon2id): "interactive" (64 MiB), "moderate"
            (256 MiB, about a second) or "sensitive" (1 GiB). Opening the file costs as much.
        :raises ValueError: without a password and `allow_plaintext`, with both, or for an empty password.
        :raises idn.errors.WrongPermissions: if the system forbids it.
        :raises idn.errors.IdentityError: if a file is there already, or the system refuses otherwise.
        """
        if password is not None and allow_plaintext:
            raise ValueError("a password and allow_plaintext exclude each other; give one.")
        self._native.save(fspath(path), _bytes_of(password), allow_plaintext, _limits(strength), overwrite)

    def __repr__(self) -> str:
        return f"Identity({str(self.node_id)!r})"


class IdentityFile:
    """What the file of an identity tells without its password: who it is, and how its key is locked."""

    __slots__ = ("_native",)

    def __init__(self, native: extension.identity.IdentityFile) -> None:
        self._native = native

    @property
    def node_id(self) -> Multihash:
        """The node ID; it was checked that it is the public key's."""
        return self._native.node_id

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return self._native.public_key

    @property
    def encrypted(self) -> bool:
        """Whether a password locks the private key."""
        return self._native.limits is not None

    @property
    def strength(self) -> dict[str, int] | None:
        """What a guess costs: `passes` and `memory_kib` of Argon2id; None if it is not encrypted."""
        limits = self._native.limits
        return None if limits is None else {"passes": limits.passes, "memory_kib": limits.memory_kib}

    def __repr__(self) -> str:
        return f"IdentityFile({str(self.node_id)!r}, encrypted={self.encrypted})"

    def unlock(self, password: _Password | None = None) -> Identity:
        """Open the private key.

        :raises idn.errors.WrongPassword: if it is wrong, missing, or there is none to give.
        :raises idn.errors.DamagedIdentity: if another identity's public part was put over the private key.
        :raises idn.errors.IdentityError: if there is not the memory that the password needs.
        """
        return Identity(self._native.unlock(_bytes_of(password)))


def generate(
    difficulty: int,
    *,
    hash: Hash = "sha2-256",
    threads: int | None = None,
    progress: Callable[[SearchProgress], object] | None = None,
) -> Identity:
    """Make key pairs on all cores until the hash of a public key begins with `difficulty` zero bits.

    That takes 2^difficulty key pairs in the mean, whatever was tried before: 20 bits are some ten seconds on
    two cores, and each bit more doubles it. Ctrl-C ends it within about a tenth of a second.

    :param difficulty: 0 to `MAX_DIFFICULTY`.
    :param hash: what makes the node ID of a public key.
    :param threads: as many as there are cores if left out.
    :param progress: called with a `SearchProgress` about ten times a second, on the calling thread, and once
        at the end; an exception that it raises ends the search.
    :raises ValueError: for a difficulty, a number of threads or a hash that cannot be.
    """
    if not 0 <= difficulty <= MAX_DIFFICULTY:
        raise ValueError(f"the difficulty is {difficulty}, expected 0 to {MAX_DIFFICULTY} leading zero bits.")
    if threads is not None and not 1 <= threads <= _native.MAX_THREADS:
        raise ValueError(f"threads is {threads}, expected 1 to {_native.MAX_THREADS}.")
    return Identity(_native.generate(difficulty, hash, threads or 0, progress))


def rehearse_save(
    path: _Path,
    password: _Password | None = None,
    *,
    allow_plaintext: bool = False,
    overwrite: bool = False,
    strength: Strength = "moderate",
) -> None:
    """Do all that `Identity.save` does with these arguments, with a key thrown away, and leave nothing.

    For before a search of hours: what would be refused at its end, the key lost, is refused now. A full disk,
    a folder that may not be written, memory that the password needs and is not there.

    :raises ValueError: as `Identity.save`.
    :raises idn.errors.IdentityError: as `Identity.save`.
    """
    _native.rehearse_save(fspath(path), _bytes_of(password), allow_plaintext, _limits(strength), overwrite)


def read(path: _Path) -> IdentityFile:
    """Read the file of an identity, without opening its private key.

    :raises idn.errors.MissingIdentity: if it does not exist.
    :raises idn.errors.WrongPermissions: if others than its owner may use it, if it is another user's, or if
        the system forbids it.
    :raises idn.errors.DamagedIdentity: if it is not what idn wrote; the message names the byte and the field.
    :raises idn.errors.IdentityError: if the system refuses.
    """
    return IdentityFile(_native.IdentityFile.read(fspath(path)))


def load(path: _Path, password: _Password | None = None) -> Identity:
    """Read an identity from its file.

    :raises idn.errors.WrongPassword: if the password is wrong or missing, or the file has none.
    :raises idn.errors.IdentityError: as `read`, and if there is not the memory that the password needs.
    """
    return read(path).unlock(password)


def difficulty(node_id: Multihash | str) -> int:
    """Count the zero bits that the digest of a node ID begins with.

    :raises ValueError: for a text that is no multihash.
    """
    return _native.leading_zero_bits(_hash_of(node_id))


def verify(node_id: Multihash | str, public_key: bytes, difficulty: int = 0) -> None:
    """Check what a node says of itself, and return nothing if it holds.

    :param node_id: what it calls itself.
    :param public_key: the key that it proves to have by a signature (`verify_signature`).
    :param difficulty: the least number of leading zero bits that is taken.
    :raises ValueError: with the reason: the node ID is not the key's, was made with another function than
        SHA2-256, SHA3-256 or Keccak-256, or has too few leading zero bits.
    """
    if not 0 <= difficulty <= MAX_DIFFICULTY:
        raise ValueError(f"the difficulty is {difficulty}, expected 0 to {MAX_DIFFICULTY} leading zero bits.")
    _native.verify_node_id(_hash_of(node_id), public_key, difficulty)


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check that the owner of a key signed a message (`Identity.sign`), and return nothing if so.

    :param public_key: Ed25519, 32 bytes. A key that is not of prime order has signed nothing here.
    :param signature: 64 bytes.
    :raises ValueError: if it did not, or key or signature have the wrong length.
    """
    if not _native.verify_signature(public_key, message, signature):
        raise ValueError(
            f"the signature is not one of these {len(message)} bytes by the key {bytes(public_key).hex()}."
        )


def _hash_of(node_id: Multihash | str) -> Multihash:
    return Multihash(node_id) if isinstance(node_id, str) else node_id


def _limits(strength: str) -> _native.Argon2Limits:
    if strength not in STRENGTHS:
        raise ValueError(f"strength is {strength!r}, expected one of {', '.join(STRENGTHS)}.")
    return STRENGTHS[strength]


def _bytes_of(password: _Password | None) -> Any:
    return password.encode() if isinstance(password, str) else password
