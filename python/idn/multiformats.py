"""Names that say what they are: multihash, CID, multibase and unsigned varint (https://multiformats.io).

Every class is made from its text, gives `bytes()` and `str()`, and takes the canonical form alone: what would
not come out the same again is a ValueError with the position, in bytes, and the reason.
"""

from __future__ import annotations

from idn._native import extension

__all__ = ["Cid", "Multihash", "multibase", "varint"]

Cid = extension.multiformats.Cid
Multihash = extension.multiformats.Multihash
multibase = extension.multiformats.multibase
varint = extension.multiformats.varint
