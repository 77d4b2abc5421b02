"""
Bytes that outlive a session, signed.
"""

from __future__ import annotations

import builtins
import collections.abc
import typing

import idn._idn.multiformats

__all__: list[str] = ["Contact", "SignedRecord"]

class SignedRecord:
    """
    Bytes that outlive a session, and who stands for them: until when, and as what.

    Made by `sign` or `from_bytes`; `verify` says whether to believe it.
    """
    @staticmethod
    def from_bytes(data: typing.Any) -> SignedRecord:
        """
        Read a record, without believing it.

        :raises ValueError: with the position and the reason.
        """
    @staticmethod
    def sign(
        identity: typing.Any,
        *,
        domain: str,
        version: typing.SupportsIndex,
        payload: typing.Any,
        expires_ms: typing.SupportsIndex,
    ) -> SignedRecord:
        """
        Sign a payload.

        :param identity: who signs: an `idn.identity.Identity`, or anything else with `public_key` (32 bytes) and `sign_raw(data)` (the Ed25519 signature of data as they are, 64 bytes).
        :param domain: what the record is about, as "idn/contact": 1 to 64 of a-z, 0-9, '-' and '/'.
        :param version: of the payload's layout, from 1.
        :param payload: at most 65,536 bytes.
        :param expires_ms: Unix milliseconds; the record is valid before.
        :raises ValueError: for anything else.
        """
    def __bytes__(self) -> builtins.bytes: ...
    def __eq__(self, arg0: object) -> bool: ...
    def __hash__(self) -> int: ...
    def __repr__(self) -> str: ...
    def bytes(self) -> builtins.bytes:
        """
        What `from_bytes` reads.
        """
    def verdict(self, domain: str, *, version: typing.SupportsIndex, now_ms: typing.SupportsIndex) -> str:
        """
        Tell whether the record is to be believed.

        :param domain: what it should be about.
        :param version: the newest that the caller can read.
        :param now_ms: the time, in Unix milliseconds.
        :returns: "valid", or the first that holds of "wrong domain", "version from the future", "expired" and "bad signature". Who `signer` is, is for the caller to know.
        """
    def verify(
        self, domain: str, *, version: typing.SupportsIndex, now_ms: typing.SupportsIndex
    ) -> builtins.bytes:
        """
        Return the payload of a record that is valid, see `verdict`.

        :raises ValueError: with the verdict, if it is not.
        """
    @property
    def domain(self) -> str:
        """
        What the record is about.
        """
    @property
    def expires_ms(self) -> int:
        """
        Unix milliseconds.
        """
    @property
    def payload(self) -> builtins.bytes:
        """
        The bytes signed; `verify` returns them too, if they are to be believed.
        """
    @property
    def signature(self) -> builtins.bytes:
        """
        64 bytes.
        """
    @property
    def signer(self) -> builtins.bytes:
        """
        The Ed25519 public key of who is said to have signed.
        """
    @property
    def version(self) -> int:
        """
        Of the payload's layout.
        """

class Contact:
    """
    Where a node can be reached, and with which transport key.

    :param node_id: the multihash of the node's public key, by SHA2-256, SHA3-256 or Keccak-256.
    :param addresses: multiaddrs or their texts, the one to try first, first; at most 16.
    :param transport_key: the CURVE public key, 32 bytes.
    :param sequence: greater in a newer contact of the node.
    :raises ValueError: for an address that is none, a key of another length, or a sequence that is not from 0 to 2^63 - 1.
    """

    __hash__: typing.ClassVar[None] = None  # type: ignore[assignment]
    @staticmethod
    def from_record(record: SignedRecord, *, now_ms: typing.SupportsIndex) -> Contact:
        """
        Read the contact in a record that is valid now and signed by the node that it is of.

        :raises ValueError: with the verdict, or with the position in the payload and the reason.
        """
    def __eq__(self, arg0: object) -> bool: ...
    def __init__(
        self,
        node_id: idn._idn.multiformats.Multihash,
        addresses: collections.abc.Sequence[typing.Any],
        transport_key: typing.Any,
        sequence: typing.SupportsIndex,
    ) -> None: ...
    def __repr__(self) -> str: ...
    def sign(self, identity: typing.Any, *, expires_ms: typing.SupportsIndex) -> SignedRecord:
        """
        Make a record of this, of the domain "idn/contact".

        :param identity: the node's own, as `SignedRecord.sign` takes it.
        :raises ValueError: if the node ID is another's, or there are too many addresses.
        """
    @property
    def addresses(self) -> list[idn._idn.multiformats.Multiaddr]:
        """
        The one to try first, first.
        """
    @property
    def node_id(self) -> idn._idn.multiformats.Multihash:
        """
        The multihash of the node's public key.
        """
    @property
    def sequence(self) -> int:
        """
        Greater in a newer contact of the node.
        """
    @property
    def transport_key(self) -> builtins.bytes:
        """
        The CURVE public key.
        """
