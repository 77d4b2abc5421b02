"""The test vectors in tests/data/wire, made without idn: by cbor2 and by RFC 8032 as it is written.

python tests/python/wire_vectors.py    writes them
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import cbor2

from ed25519_reference import MovedKey, MovedSigner, ReferenceIdentity

FOLDER = Path(__file__).resolve().parents[1] / "data" / "wire"
PURPOSE = "idn/signed-record/1"
NODE = ReferenceIdentity(bytes(range(32)))
OTHER = ReferenceIdentity(bytes(range(1, 33)))
EXPIRES_MS = 1_700_000_000_000
TRANSPORT_KEY = bytes(range(64, 96))
# Addresses as a text and as bytes: each protocol's code, then its value.
ADDRESSES = {
    "/ip4/127.0.0.1/tcp/4001": bytes.fromhex("047f000001 060fa1"),
    "/dns/idn.example/tcp/443": bytes.fromhex("350b") + b"idn.example" + bytes.fromhex("0601bb"),
}


def encoded(value: Any) -> bytes:
    """CBOR, with the shortest form of every number."""
    data: bytes = cbor2.dumps(value, canonical=True)
    return data


def as_json(value: Any) -> Any:
    """A value as the vectors write it: integers as decimal texts, bytes as hexadecimal ones, each named."""
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, int) and not isinstance(value, bool):
        return {"integer": str(value)}
    return value


def from_json(value: Any) -> Any:
    """The inverse of `as_json`."""
    if isinstance(value, list):
        return [from_json(inner) for inner in value]
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return int(text) if kind == "integer" else bytes.fromhex(text)
    return value


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


def cbor_vectors() -> dict[str, Any]:
    """Encodings that are accepted, with their values, and such that are refused."""
    steps = [0, 1, 10, 23, 24, 25, 100, 255, 256, 1000, 65535, 65536, 1000000, 2**32 - 1, 2**32, 10**12]
    numbers = [*steps, 2**63 - 1, 2**63, 2**64 - 1, *(-1 - step for step in steps), -(2**63)]
    texts = ["", "a", "IETF", '"\\', "\u00fc", "\u6c34", "\U00010151", "\x00", "x" * 24, "x" * 256]
    values: list[Any] = [None, False, True, *numbers, *texts]
    values += [b"", b"\x01\x02\x03\x04", bytes(23), bytes(24), bytes(255), bytes(256)]
    values += [
        [],
        [1, 2, 3],
        [1, [2, 3], [4, 5]],
        list(range(1, 26)),
        [[], [None, True, b"", ""]],
        _nested(16),
    ]
    return {
        "about": "The CBOR of docs/wire.md. Integers are decimal texts, byte strings hexadecimal. What is "
        "refused must be refused; position and reason are those that idn gives.",
        "limits": {"max_depth": 16, "max_bytes": 1048576, "max_items": 65536},
        "valid": [{"cbor": encoded(value).hex(), "value": as_json(value)} for value in values],
        "invalid": [
            {"cbor": data.replace(" ", ""), "position": position, "reason": reason, "why": why}
            for why, rows in _INVALID.items()
            for data, position, reason in rows
        ],
    }


_INDEFINITE = "an indefinite length, which is not allowed"
_SIMPLE = "a simple value that is not false, true or null"
_UTF8 = "a text that is not UTF-8"
_INVALID: dict[str, list[tuple[str, int, str]]] = {
    "cut off": [
        ("", 0, "cut off: a value should begin here"),
        ("18", 0, "cut off: a head of 2 bytes, of which 1 are there"),
        ("1b 00000000000000", 0, "cut off: a head of 9 bytes, of which 8 are there"),
        ("42 0a", 0, "cut off: a byte string of 2 bytes, of which 1 are there"),
        ("63 61c3", 0, "cut off: a text of 3 bytes, of which 2 are there"),
        ("82 0a", 0, "cut off: an array of 2 values in 1 byte"),
        ("82 420102", 4, "cut off: a value should begin here"),
    ],
    "claims more than there is": [
        (
            "5b ffffffffffffffff 00",
            0,
            "cut off: a byte string of 18446744073709551615 bytes, of which 1 are there",
        ),
        ("9b 1000000000000000", 0, "cut off: an array of 1152921504606846976 values in 0 bytes"),
        ("82 81 f6", 1, "cut off: more values than the 3 bytes can hold"),
    ],
    "bytes after the value": [
        ("00 00", 1, "the value ends here; bytes that follow: 1"),
        ("81 01 f6f6", 2, "the value ends here; bytes that follow: 2"),
    ],
    "not the shortest form": [
        ("18 00", 0, "not the shortest form of 0"),
        ("18 17", 0, "not the shortest form of 23"),
        ("19 00ff", 0, "not the shortest form of 255"),
        ("1a 0000ffff", 0, "not the shortest form of 65535"),
        ("1b 00000000ffffffff", 0, "not the shortest form of 4294967295"),
        ("38 17", 0, "not the shortest form of 23"),
        ("58 01 61", 0, "not the shortest form of 1"),
        ("81 78 01 61", 1, "not the shortest form of 1"),
        ("98 01 00", 0, "not the shortest form of 1"),
    ],
    "reserved": [
        ("1c", 0, "a head of the reserved form 28"),
        ("1f", 0, "a head of the reserved form 31"),
        ("5d", 0, "a head of the reserved form 29"),
        ("fe", 0, "a head of the reserved form 30"),
    ],
    "indefinite length": [
        ("5f 42 0102 43 030405 ff", 0, _INDEFINITE),
        ("7f 65 7374726561 ff", 0, _INDEFINITE),
        ("9f ff", 0, _INDEFINITE),
        ("82 00 9f 01 ff", 2, _INDEFINITE),
        ("ff", 0, "a break outside of anything of indefinite length"),
    ],
    "another kind of value": [
        ("a0", 0, "a map, which is not allowed"),
        ("a2 01 02 03 04", 0, "a map, which is not allowed"),
        ("c1 1a 514b67b0", 0, "a tag, which is not allowed"),
        ("c2 49 010000000000000000", 0, "a tag, which is not allowed"),
        ("f9 0000", 0, "a float, which is not allowed"),
        ("fa 47c35000", 0, "a float, which is not allowed"),
        ("fb 3ff199999999999a", 0, "a float, which is not allowed"),
        ("f7", 0, _SIMPLE),
        ("f0", 0, _SIMPLE),
        ("f8 ff", 0, _SIMPLE),
    ],
    "an integer of more than 64 bits": [
        ("3b 8000000000000000", 0, "an integer below -2^63"),
        ("3b ffffffffffffffff", 0, "an integer below -2^63"),
    ],
    "not UTF-8": [
        ("61 80", 1, _UTF8),
        ("62 c080", 1, _UTF8),
        ("63 e0809f", 1, _UTF8),
        ("63 eda080", 1, _UTF8),
        ("66 eda081edb080", 1, _UTF8),
        ("64 f4908080", 1, _UTF8),
        ("82 00 63 f09f99", 3, _UTF8),
    ],
    "nested too deep": [("81" * 16 + "80", 16, "nested deeper than 16 arrays")],
}


def signed_record(
    payload: bytes,
    *,
    domain: str = "idn/note",
    version: int = 1,
    expires_ms: int = EXPIRES_MS,
    purpose: str | None = PURPOSE,
    identity: ReferenceIdentity = NODE,
) -> bytes:
    """A record, or with another purpose (or None: without) what an attacker would pass off as one."""
    fields = [domain, version, payload, expires_ms, identity.public_key]
    message = encoded(fields if purpose is None else [purpose, *fields])
    return encoded([*fields, identity.sign_raw(message)])


def signed_record_vectors() -> dict[str, Any]:
    """One record field by field, what checks of it and of false ones find, and what is no record."""
    payload = b"a note"
    record = signed_record(payload)
    fields = cbor2.loads(record)
    asked = {"domain": "idn/note", "version": 1, "now_ms": EXPIRES_MS - 1}
    flipped = record[:-1] + bytes([record[-1] ^ 1])
    another = encoded([*fields[:4], OTHER.public_key, fields[5]])
    checks = [
        (record, asked, "valid"),
        (record, asked | {"version": 2}, "valid"),
        (record, asked | {"domain": "idn/not"}, "wrong domain"),
        (signed_record(payload, version=2), asked, "version from the future"),
        (record, asked | {"now_ms": EXPIRES_MS}, "expired"),
        (flipped, asked, "bad signature"),
        (another, asked, "bad signature"),
        (signed_record(payload, purpose="idn/signed-record/2"), asked, "bad signature"),
        (signed_record(payload, purpose=None), asked, "bad signature"),
    ]
    mixed: list[tuple[str, ReferenceIdentity]] = [
        (f"the {what} has a part of order {order}", kind(NODE.seed, order))
        for what, kind in (("signature's point", MovedSigner), ("signer's key", MovedKey))
        for order in (2, 4, 8)
    ]
    return {
        "about": "Signed records of docs/wire.md. The private key is its seed, for tests alone.",
        "seed": NODE.seed.hex(),
        "public_key": NODE.public_key.hex(),
        "domain": "idn/note",
        "version": 1,
        "payload": payload.hex(),
        "expires_ms": EXPIRES_MS,
        "signed_message": encoded([PURPOSE, *fields[:5]]).hex(),
        "signature": fields[5].hex(),
        "record": record.hex(),
        "checks": [
            {"record": data.hex(), "asked": question, "verdict": verdict}
            for data, question, verdict in checks
        ]
        + [
            {
                "record": signed_record(payload, identity=identity).hex(),
                "asked": asked,
                "verdict": "bad signature",
                "why": why,
            }
            for why, identity in mixed
        ],
        "invalid": _not_records(fields),
    }


def _not_records(fields: list[Any]) -> list[dict[str, Any]]:
    def changed(place: int, value: Any) -> bytes:
        return encoded([*fields[:place], value, *fields[place + 1 :]])

    domain = "domain: expected 1 to 64 of a-z, 0-9, '-' and '/'"
    version = "version: expected a number from 1 to 4294967295, found "
    expiry = "expiry: expected a number from 0 to 9223372036854775807, found 9223372036854775808"
    refused = [
        (encoded(fields[:5]), 0, "record: expected an array of 6, found 5"),
        (encoded("record"), 0, "record: expected an array, found a text"),
        (changed(0, ""), 2, domain),
        (changed(0, "Idn/note"), 2, domain),
        (changed(0, "a" * 65), 1, "domain: expected at most 64 bytes, found 65"),
        (changed(0, b"idn/note"), 1, "domain: expected a text, found a byte string"),
        (changed(1, 0), 10, version + "0"),
        (changed(1, 2**32), 10, version + "4294967296"),
        (changed(2, "a note"), 11, "payload: expected a byte string, found a text"),
        (changed(3, 2**63), 18, expiry),
        (changed(3, -1), 18, "expiry: expected an unsigned integer, found a negative integer"),
        (changed(4, bytes(31)), 27, "signer: expected 32 bytes, found 31"),
        (changed(5, bytes(65)), 61, "signature: expected 64 bytes, found 65"),
        (encoded(fields) + b"\x00", 127, "the value ends here; bytes that follow: 1"),
    ]
    return [
        {"record": data.hex(), "position": position, "reason": reason} for data, position, reason in refused
    ]


def contact_vectors() -> dict[str, Any]:
    """One contact field by field, and such as are refused."""
    node_id = bytes.fromhex("1220") + hashlib.sha256(NODE.public_key).digest()
    fields: list[Any] = [node_id, list(ADDRESSES.values()), TRANSPORT_KEY, 7]
    contact = {"domain": "idn/contact"}

    def changed(place: int, value: Any) -> bytes:
        return signed_record(encoded([*fields[:place], value, *fields[place + 1 :]]), **contact)

    foreign = bytes.fromhex("1220") + hashlib.sha256(OTHER.public_key).digest()
    sha1 = bytes.fromhex("1114") + hashlib.sha1(NODE.public_key).digest()
    identity = bytes.fromhex("0020") + NODE.public_key
    naming = ", expected one of sha2-256, sha3-256, keccak-256"
    refused = [
        (changed(0, foreign), 5, "node ID: the node ID is not the hash of the public key"),
        (changed(0, sha1), 2, f"node ID: a node ID made with sha1{naming}"),
        (changed(0, identity), 3, f"node ID: a node ID made with identity{naming}"),
        (changed(1, [b""]), 39, "address: the address is empty"),
        (changed(1, [b"\x04"] * 17), 37, "addresses: expected an array of at most 16, found 17"),
        (changed(1, [bytes(1025)]), 38, "address: expected at most 1024 bytes, found 1025"),
        (changed(2, bytes(31)), 64, "transport key: expected 32 bytes, found 31"),
        (changed(3, -1), 98, "sequence: expected an unsigned integer, found a negative integer"),
        (signed_record(encoded(fields[:3]), **contact), 0, "contact: expected an array of 4, found 3"),
        (signed_record(encoded(fields)), 0, "the record is not valid: wrong domain"),
        (
            signed_record(encoded(fields), **contact, version=2),
            0,
            "the record is not valid: version from the future",
        ),
        (
            signed_record(encoded(fields), **contact, expires_ms=EXPIRES_MS - 1),
            0,
            "the record is not valid: expired",
        ),
        (
            signed_record(encoded(fields), **contact, identity=OTHER),
            5,
            "node ID: the node ID is not the hash of the public key",
        ),
    ]
    return {
        "about": "Contacts of docs/wire.md, asked for at now_ms. Positions are those in the payload.",
        "seed": NODE.seed.hex(),
        "now_ms": EXPIRES_MS - 1,
        "expires_ms": EXPIRES_MS,
        "node_id": node_id.hex(),
        "addresses": [{"text": text, "bytes": data.hex()} for text, data in ADDRESSES.items()],
        "transport_key": TRANSPORT_KEY.hex(),
        "sequence": 7,
        "payload": encoded(fields).hex(),
        "record": signed_record(encoded(fields), **contact).hex(),
        "invalid": [
            {"record": data.hex(), "position": position, "reason": reason}
            for data, position, reason in refused
        ],
    }


def message_vectors() -> dict[str, Any]:
    """Messages as an identity signs them, and signatures by its key that are none of a message."""
    purpose = "idn/message/1"
    messages = [b"", b"hello", bytes(range(256))]
    hello = encoded([purpose, b"hello"])
    record_bytes = encoded([PURPOSE, "idn/note", 1, b"a note", EXPIRES_MS, NODE.public_key])
    refused = [
        ("the message as it is", b"hello", NODE.sign_raw(b"hello")),
        ("another purpose", b"hello", NODE.sign_raw(encoded(["idn/message/2", b"hello"]))),
        ("the message as a text", b"hello", NODE.sign_raw(encoded([purpose, "hello"]))),
        ("a record's", record_bytes, NODE.sign_raw(record_bytes)),
        ("another key's", b"hello", OTHER.sign_raw(hello)),
        *(
            (f"a point with a part of order {order}", b"hello", MovedSigner(NODE.seed, order).sign_raw(hello))
            for order in (2, 4, 8)
        ),
    ]
    return {
        "about": "Messages signed by an identity, docs/wire.md. The private key is its seed, for tests only.",
        "seed": NODE.seed.hex(),
        "public_key": NODE.public_key.hex(),
        "valid": [
            {
                "message": message.hex(),
                "signed": encoded([purpose, message]).hex(),
                "signature": NODE.sign_raw(encoded([purpose, message])).hex(),
            }
            for message in messages
        ],
        "invalid": [
            {"message": message.hex(), "signature": signature.hex(), "why": why}
            for why, message, signature in refused
        ],
    }


VECTORS = {
    "cbor": cbor_vectors,
    "contact": contact_vectors,
    "message": message_vectors,
    "signed_record": signed_record_vectors,
}


def text_of(name: str) -> str:
    """The content of a file of vectors."""
    return json.dumps(VECTORS[name](), indent=1) + "\n"


def main() -> None:
    """Write every file of vectors."""
    FOLDER.mkdir(exist_ok=True)
    for name in VECTORS:
        path = FOLDER / f"{name}.json"
        path.write_text(text_of(name), encoding="utf-8")
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
