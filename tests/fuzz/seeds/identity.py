"""Inputs for the targets of identity: CBOR, signed records and contacts, identity files."""

from __future__ import annotations

import hashlib

from .common import BYTES, NODE_ID, PUBLIC_KEY, SEED, SHA2_256, TEXT
from .encoding import cbor, head
from .multiformats import addresses


def cbor_values() -> dict[str, bytes]:
    numbers = [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1]
    deep: object = None
    for _ in range(16):
        deep = [deep]
    return {
        "numbers": cbor([*numbers, *(-1 - number for number in numbers[:-1]), -(2**63)]),
        "scalars": cbor([None, True, False, b"\0\xff", "größer 🙂", b"", "", []]),
        "nested": cbor([1, [2, [3, b"x"], "y"], []]),
        "deepest": cbor(deep),
        "too-deep": cbor([deep]),
        "below-int64": head(1, 2**63),
        "not-shortest": b"\x18\x17",
        "indefinite": b"\x9f\x01\xff",
        "map": b"\xa1\x01\x02",
        "tag": b"\xc1\x01",
        "float": b"\xf9\x3c\x00",
        "undefined": b"\xf7",
        "not-utf8": b"\x62\xc3\x28",
        "surrogate": b"\x63\xed\xa0\x80",
        "cut-off": b"\x58\x20abc",
        "too-many": b"\x9b" + b"\x7f" * 8,
        "claims-twice": b"\x83\x83\x01\x01\x01",
        "more-follow": cbor(1) + cbor(2),
    }


def signed_records() -> dict[str, bytes]:
    def record(payload: bytes = b"", domain: str = "idn/contact", version: int = 1) -> list[object]:
        return [domain, version, payload, 1_000_000, PUBLIC_KEY, b"\x01" * 64]

    address = addresses()["ip4-tcp-p2p"]
    contact: list[object] = [NODE_ID, [address, addresses()["dns"]], b"\x07" * 32, 3]
    records = {
        "record": cbor(record(cbor(contact))),
        "record-of-another-domain": cbor(record(b"payload", "idn/receipt-2", 2**32 - 1)),
        "record-bad-domain": cbor(record(domain="IDN")),
        "record-no-domain": cbor(record(domain="")),
        "record-version-0": cbor(record(version=0)),
        "record-version-over": cbor(record(version=2**32)),
        "record-short-key": cbor([*record()[:4], PUBLIC_KEY[:-1], b"\x01" * 64]),
        "record-cut-off": cbor(record(b"payload"))[:-1],
        "record-more-fields": cbor([*record(), None]),
    }
    contacts = {
        "contact": cbor(contact),
        "contact-no-addresses": cbor([NODE_ID, [], b"\x07" * 32, 0]),
        "contact-16-addresses": cbor([NODE_ID, [b"\x06\x00\x01"] * 16, b"\x07" * 32, 2**63 - 1]),
        "contact-17-addresses": cbor([NODE_ID, [b"\x06\x00\x01"] * 17, b"\x07" * 32, 0]),
        "contact-of-another": cbor([SHA2_256, [address], b"\x07" * 32, 3]),
        "contact-bad-address": cbor([NODE_ID, [address[:-1]], b"\x07" * 32, 3]),
        "contact-negative": cbor([*contact[:3], -1]),
        "contact-short-key": cbor([NODE_ID, [], b"\x07" * 31, 3]),
    }
    return {name: BYTES + one for name, one in records.items()} | {
        name: TEXT + one for name, one in contacts.items()
    }


def identity_files() -> dict[str, bytes]:
    def summed(data: bytes) -> bytes:
        return data + hashlib.sha256(data).digest()

    def locked(passes: int, memory_kib: int) -> bytes:
        limits = passes.to_bytes(4, "little") + memory_kib.to_bytes(4, "little")
        return summed(b"idn-key\x01\x01" + public + limits + b"\x05" * (16 + 24 + 16 + 34 + 32))

    public = NODE_ID + PUBLIC_KEY
    plain = b"idn-key\x01\x00" + public + SEED
    files = {
        "plain": summed(plain),
        "plain-bad-sum": plain + b"\0" * 32,
        "plain-other-seed": summed(plain[:-1] + b"\0"),
        "plain-other-id": summed(b"idn-key\x01\x00" + SHA2_256 + plain[43:]),
        "locked": locked(1, 8),
        "locked-costly": locked(4, 2**20),
        "locked-too-costly": locked(4, 2**20 + 1),
        "locked-no-pass": locked(0, 8),
        "version-2": summed(b"idn-key\x02" + plain[8:]),
        "unknown-protection": summed(b"idn-key\x01\x02" + plain[9:]),
        "too-long": summed(plain) + b"\0",
        "not-ours": b"idn-kex" + plain[7:],
    }
    places = {"node-id": 20, "passes": 75, "memory": 79, "salt": 90, "sealed": 140, "sum": 230}
    changes = {
        f"change-{name}": at.to_bytes(2, "big") + b"\x01" + b"correct horse" for name, at in places.items()
    } | {
        "no-change": b"\0\0\0correct horse",
        "no-change-other-password": b"\0\0\0battery",
        "other-id": b"\x80\0\0correct horse",
    }
    return {name: BYTES + one for name, one in files.items()} | {
        name: TEXT + one for name, one in changes.items()
    }
