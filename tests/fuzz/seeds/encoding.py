"""The encodings that the corpora are written in, apart from the code that is fuzzed."""

from __future__ import annotations

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE64_URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def base58(data: bytes) -> str:
    """Bitcoin's base58: a number in base 58, leading zero bytes as ones."""
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _by_bits(data: bytes, alphabet: str, width: int) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % width)
    return "".join(alphabet[int(bits[at : at + width], 2)] for at in range(0, len(bits), width))


def base32(data: bytes) -> str:
    """RFC 4648, lower case, no padding."""
    return _by_bits(data, _BASE32, 5)


def base64_url(data: bytes) -> str:
    """RFC 4648's URL alphabet, no padding."""
    return _by_bits(data, _BASE64_URL, 6)


def varint(value: int) -> bytes:
    """Multiformats' unsigned varint."""
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def multihash(code: int, digest: bytes) -> bytes:
    """A digest behind its function and its length."""
    return varint(code) + varint(len(digest)) + digest


def cbor(value: object) -> bytes:
    """The deterministic encoding of None, booleans, integers, bytes, texts and lists of them."""
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    raise TypeError(f"{value!r} has no encoding here")


def head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    power = next(power for power in range(4) if argument < 1 << 8 * 2**power)
    return bytes([major << 5 | 24 + power]) + argument.to_bytes(2**power, "big")


def field(number: int, value: int | bytes) -> bytes:
    """A field of Protocol Buffers."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value
