"""The deterministic encoding of what is hashed and signed: a subset of CBOR (RFC 8949) with one form for each
value.

None, booleans, integers from -2^63 to 2^64 - 1, bytes, texts and lists of them; no maps, floats or tags.
docs/wire.md has the table. Bytes to be decoded are not trusted: what would not be encoded to the same bytes
again is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from idn._native import extension

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_ITEMS", "Value", "decode", "encode"]

_native = extension.cbor

Value: TypeAlias = bool | int | bytes | str | Sequence["Value"] | None
"""What can be encoded; a tuple becomes a list."""

MAX_DEPTH: int = _native.DEFAULT_LIMITS.max_depth
"""Lists around the innermost value, unless told otherwise: 16. More than 64 cannot be asked for."""

MAX_BYTES: int = _native.DEFAULT_LIMITS.max_bytes
"""Bytes of an encoding, unless told otherwise: 1 MiB."""

MAX_ITEMS: int = _native.DEFAULT_LIMITS.max_items
"""Values of every kind in an encoding, lists included, unless told otherwise: 65,536."""


def encode(
    value: Value, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS
) -> bytes:
    """Return the one encoding of a value.

    :raises ValueError: for what `decode` with the same limits would refuse, or what is of another type.
    """
    encoded: bytes = _native.encode(value, _limits(max_depth, max_bytes, max_items))
    return encoded


def decode(
    data: bytes, *, max_depth: int = MAX_DEPTH, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS
) -> Value:
    """Return the value whose encoding `data` is.

    :param data: bytes from anybody; no memory is taken for more values than there are bytes.
    :raises ValueError: with the position, in bytes, and the reason, if they are not exactly what `encode`
        gives for some value, or beyond a limit.
    """
    value: Value = _native.decode(data, _limits(max_depth, max_bytes, max_items))
    return value


def _limits(max_depth: int, max_bytes: int, max_items: int) -> _native.Limits:
    return _native.Limits(max_depth, max_bytes, max_items)
