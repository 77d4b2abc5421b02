"""Inputs for the targets of identity/multiformats."""

from __future__ import annotations

from .common import BYTES, HASHES, NODE_ID, PUBLIC_KEY, SHA2_256, TEXT
from .encoding import base32, base58, base64_url, field, multihash, varint


def varints() -> dict[str, bytes]:
    return {
        "zero": b"\x00",
        "two-bytes": varint(300),
        "greatest": varint(2**63 - 1),
        "too-great": varint(2**63),
        "not-shortest": b"\x80\x00",
        "cut-off": b"\xff\xff",
        "more-follow": b"\x07\x07",
    }


def multibases() -> dict[str, bytes]:
    data = b"\0\0Decentralize everything!\xff"
    texts = {
        "f": "f" + data.hex(),
        "b": "b" + base32(data),
        "z": "z" + base58(data),
        "u": "u" + base64_url(data),
        "f-odd": "f0",
        "f-upper": "fFF",
        "b-loose-bits": "bab",
        "b-one-too-many": "baaa",
        "z-foreign": "z0OIl",
        "z-ones": "z1111",
        "u-padded": "uAA==",
        "u-loose-bits": "uAB",
        "unknown": "m00",
        "empty": "",
    }
    return {name: TEXT + text.encode() for name, text in texts.items()} | {
        "bytes": BYTES + data,
        "no-bytes": BYTES,
        "zeros": BYTES + b"\0" * 40,
    }


def multihashes() -> dict[str, bytes]:
    wrong = {
        "unknown": multihash(0x1E, b"\0" * 32),
        "too-short": SHA2_256[:-1],
        "too-long": SHA2_256 + b"\0",
        "wrong-length": multihash(0x12, b"\0" * 20),
        "identity-too-long": multihash(0x00, b"\x01" * 129),
        "length-not-shortest": b"\x12\xa0\x00" + SHA2_256[2:],
        "code-alone": b"\x12",
    }
    texts = {
        "text-sha2-256": base58(SHA2_256),
        "text-identity": base58(HASHES["identity"]),
        "text-identity-empty": "11",
        "text-foreign": base58(SHA2_256)[:-1] + "0",
        "text-cut-off": base58(SHA2_256)[:-3],
    }
    return {name: BYTES + data for name, data in (HASHES | wrong).items()} | {
        name: TEXT + text.encode() for name, text in texts.items()
    }


def cids() -> dict[str, bytes]:
    codecs = {"raw": 0x55, "dag-pb": 0x70, "dag-cbor": 0x71, "libp2p-key": 0x72, "json": 0x0200}
    valid = {f"v1-{name}": b"\x01" + varint(code) + SHA2_256 for name, code in codecs.items()}
    raw = valid["v1-raw"]
    data = valid | {
        "v1-identity": b"\x01\x55" + HASHES["identity"],
        "v0": SHA2_256,
        "v0-too-short": SHA2_256[:-1],
        "v2": b"\x02" + raw[1:],
        "unknown-codec": b"\x01\x56" + SHA2_256,
        "version-not-shortest": b"\x81\x00" + raw[1:],
        "too-long": raw + b"\0",
    }
    texts = {
        "text-v0": base58(SHA2_256),
        "text-v0-in-z": "z" + base58(SHA2_256),
        "text-v0-in-b": "b" + base32(SHA2_256),
        "text-v0-cut-off": base58(SHA2_256)[:-1],
        "text-b": "b" + base32(raw),
        "text-f": "f" + raw.hex(),
        "text-z": "z" + base58(raw),
        "text-u": "u" + base64_url(raw),
        "text-b-foreign": "b" + base32(raw)[:-1] + "1",
    }
    return {name: BYTES + one for name, one in data.items()} | {
        name: TEXT + text.encode() for name, text in texts.items()
    }


def addresses() -> dict[str, bytes]:
    ip4 = b"\x04\x7f\x00\x00\x01"
    tcp = b"\x06\x0f\xa1"
    p2p = b"\xa5\x03" + varint(len(NODE_ID)) + NODE_ID
    return {
        "ip4-tcp": ip4 + tcp,
        "ip4-tcp-p2p": ip4 + tcp + p2p,
        "ip6-udp": b"\x29" + b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\x01" + b"\x91\x02\x0f\xa1",
        "dns": b"\x35\x0bexample.org",
        "dns4-dns6": b"\x36\x01a\x37\x04b-_9",
        "unix": b"\x90\x03\x08/tmp/idn",
        "memory": b"\x89\x06" + b"\0" * 7 + b"\x2a",
        "p2p-twice": p2p + p2p,
        "p2p-identity": b"\xa5\x03\x26" + multihash(0, b"\x08\x01\x12\x20" + PUBLIC_KEY),
        "unix-then-more": b"\x90\x03\x02/a" + tcp,
        "dns-like-a-number": b"\x35\x05127.1",
        "unknown": b"\x2f\x00",
        "cut-off": ip4[:-1],
        "length-not-shortest": b"\x35\x81\x00a",
    }


def _address_texts() -> dict[str, str]:
    peer = base58(NODE_ID)
    return {
        "text-ip4-tcp-p2p": f"/ip4/127.0.0.1/tcp/4001/p2p/{peer}",
        "text-ip6-udp": "/ip6/2001:db8::1/udp/4001",
        "text-ip6-ip4": "/ip6/::ffff:1.2.3.4",
        "text-ip6-hexadecimal": "/ip6/::ffff:102:304",
        "text-ip6-full": "/ip6/1:2:3:4:5:6:7:8/tcp/0",
        "text-ip6-longest-gap": "/ip6/1:0:0:2::3",
        "text-dns": "/dns/example.org/tcp/443",
        "text-dns4-dns6": "/dns4/a/dns6/xn--nxasmq6b",
        "text-dns-upper": "/dns/Example.org",
        "text-dns-like-a-number": "/dns4/0x7f",
        "text-unix": "/unix/tmp/größer",
        "text-unix-slash": "/unix/tmp/",
        "text-memory": "/memory/18446744073709551615",
        "text-memory-over": "/memory/18446744073709551616",
        "text-p2p-cid": "/p2p/b" + base32(b"\x01\x72" + NODE_ID),
        "text-leading-zero": "/ip4/127.0.0.01/tcp/080",
        "text-slash": "/ip4/1.2.3.4/",
        "text-port-over": "/tcp/65536",
        "text-relay": f"/ip4/1.2.3.4/tcp/1/p2p/{peer}/ip4/5.6.7.8/tcp/2/p2p/{peer}",
    }


def multiaddrs() -> dict[str, bytes]:
    return {name: BYTES + one for name, one in addresses().items()} | {
        name: TEXT + text.encode() for name, text in _address_texts().items()
    }


def unixfs_blocks() -> dict[str, bytes]:
    raw = b"\x01\x55" + SHA2_256

    def link(total: int, cid: bytes = raw, name: bytes | None = b"") -> bytes:
        named = b"" if name is None else field(2, name)
        return field(2, field(1, cid) + named + field(3, total))

    def sizes(file: int, *parts: int, kind: int = 2) -> bytes:
        return field(1, field(1, kind) + field(3, file) + b"".join(field(4, part) for part in parts))

    blocks = {
        "file": link(11) + link(300) + sizes(311, 11, 300),
        "file-of-subtree": link(20, b"\x01\x70" + SHA2_256) + sizes(11, 11),
        "file-wrong-sum": link(11) + sizes(12, 11),
        "file-wrong-total": link(12) + sizes(11, 11),
        "file-one-size-too-few": link(11) + link(11) + sizes(11, 11),
        "file-empty-part": link(0) + sizes(0, 0),
        "file-overflow": link(2**63 - 1) + link(2**63 - 1) + sizes(0, 2**63 - 1, 2**63 - 1),
        "folder": link(11, name=b"name") + sizes(0, kind=1),
        "v0-link": link(20, SHA2_256) + sizes(11, 11),
        "data-first": sizes(11, 11) + link(11),
        "data-alone": field(1, b"anything"),
        "no-total": field(2, field(1, raw)),
        "no-name": link(11, name=None) + sizes(11, 11),
        "name-not-utf8": link(11, name=b"\xff"),
        "cut-off": link(11)[:-1],
        "empty": b"",
    }
    # Steps of the target's Forest: 4 n makes a chunk of n bytes, 1 + 4 (n - 1) a node above the last n trees,
    # 2 + ... one that lies about them, 3 + 4 n repeats the nth tree from the top.
    trees = {
        "tree": bytes([20, 20, 5, 12, 24, 5, 5]),
        "tree-repeated": bytes([4, *[3, 5] * 9]),
        "tree-repeated-too-large": bytes([4, *[3, 5] * 10]),
        "tree-deep": bytes([4] + [1] * 64),
        "tree-too-deep": bytes([4] + [1] * 65),
        "tree-that-lies": bytes([20, 20, 2 + 4 * (1 + 4), 1]),
        "tree-that-lies-evenly": bytes([20, 2 + 4 * (4 + 16), 1]),
        "tree-with-empty-part": bytes([0, 20, 5]),
        "chunk": bytes([40]),
    }
    return {name: BYTES + one for name, one in blocks.items()} | {
        name: TEXT + one for name, one in trees.items()
    }
