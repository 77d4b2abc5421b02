"""What the inputs of several targets are made of."""

from __future__ import annotations

import hashlib

from .encoding import multihash

# The first byte of an input of a format with two forms.
BYTES, TEXT = b"b", b"c"

DATA = b"hello world"
SHA2_256 = multihash(0x12, hashlib.sha256(DATA).digest())
HASHES = {
    "identity": multihash(0x00, DATA),
    "identity-empty": multihash(0x00, b""),
    "identity-longest": multihash(0x00, b"\x01" * 128),
    "sha1": multihash(0x11, hashlib.sha1(DATA, usedforsecurity=False).digest()),
    "sha2-256": SHA2_256,
    "sha2-512": multihash(0x13, hashlib.sha512(DATA).digest()),
    "sha3-256": multihash(0x16, hashlib.sha3_256(DATA).digest()),
    "blake2b-256": multihash(0xB220, hashlib.blake2b(DATA, digest_size=32).digest()),
}


# The key of RFC 8032's first test; known_key.h has it too.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
NODE_ID = multihash(0x12, hashlib.sha256(PUBLIC_KEY).digest())
