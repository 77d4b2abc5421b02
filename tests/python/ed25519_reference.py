"""Ed25519 as RFC 8032, section 5.1, writes it down: slow, and open to side channels. For tests alone."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from functools import cached_property

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P

_Point = tuple[int, int]


def _add(a: _Point, b: _Point) -> _Point:
    product = _D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, _P)
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, _P)
    return x % _P, y % _P


def _times(scalar: int, point: _Point) -> _Point:
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _point(y: int, sign: int) -> _Point:
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P)
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    return (_P - x if x & 1 != sign else x), y


_BASE = _point(4 * pow(5, -1, _P) % _P, 0)
_EIGHTH = _point(0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826, 0)  # of order 8


def _encoded(point: _Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _decoded(data: bytes) -> _Point:
    number = int.from_bytes(data, "little")
    return _point(number & ((1 << 255) - 1), number >> 255)


def _hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def equation_holds(public_key: bytes, message: bytes, signature: bytes, cofactor: int) -> bool:
    """The equation of RFC 8032, section 5.1.7: with the cofactor 8, or without it (1)."""
    challenge = _hashed(signature[:32], public_key, message) % _ORDER
    response = int.from_bytes(signature[32:], "little")
    right = _add(_decoded(signature[:32]), _times(challenge, _decoded(public_key)))
    return _times(cofactor * response, _BASE) == _times(cofactor, right)


@dataclass(frozen=True)
class ReferenceIdentity:
    """A private key as its seed, and what signing needs of it."""

    seed: bytes

    @property
    def _scalar(self) -> int:
        lower = int.from_bytes(hashlib.sha512(self.seed).digest()[:32], "little")
        return lower & ((1 << 254) - 8) | 1 << 254

    @cached_property
    def public_key(self) -> bytes:
        return _encoded(_times(self._scalar, _BASE))

    def sign_raw(self, message: bytes) -> bytes:
        prefix = hashlib.sha512(self.seed).digest()[32:]
        secret = _hashed(prefix, message) % _ORDER
        commitment = _encoded(_times(secret, _BASE))
        challenge = _hashed(commitment, self.public_key, message)
        return commitment + ((secret + challenge * self._scalar) % _ORDER).to_bytes(32, "little")


@dataclass(frozen=True)
class MovedSigner(ReferenceIdentity):
    """One whose signatures hold with the cofactor alone: their point is moved by one of small order."""

    order: int = 8

    def sign_raw(self, message: bytes) -> bytes:
        secret = _hashed(self.seed, message) % _ORDER
        commitment = _encoded(_add(_times(secret, _BASE), _times(8 // self.order, _EIGHTH)))
        challenge = _hashed(commitment, self.public_key, message)
        return commitment + ((secret + challenge * self._scalar) % _ORDER).to_bytes(32, "little")


@dataclass(frozen=True)
class MovedKey(ReferenceIdentity):
    """One whose public key is moved by a point of small order, and whose signatures hold all the same."""

    order: int = 8

    @cached_property
    def public_key(self) -> bytes:
        return _encoded(_add(_times(self._scalar, _BASE), _times(8 // self.order, _EIGHTH)))

    def sign_raw(self, message: bytes) -> bytes:
        for attempt in itertools.count():
            secret = _hashed(self.seed, message, bytes([attempt])) % _ORDER
            commitment = _encoded(_times(secret, _BASE))
            challenge = _hashed(commitment, self.public_key, message) % _ORDER
            if challenge % self.order == 0:  # what moves the key falls out
                return commitment + ((secret + challenge * self._scalar) % _ORDER).to_bytes(32, "little")
        raise AssertionError
