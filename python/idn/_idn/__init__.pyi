"""
The C++ core of idn. Use it through the idn package.
"""

from __future__ import annotations

from . import cbor, content, data, exits, graph, identity, math, multiformats, signed_record, store

__all__: list[str] = [
    "build_info",
    "cbor",
    "content",
    "data",
    "exits",
    "graph",
    "identity",
    "math",
    "multiformats",
    "signed_record",
    "store",
]

def build_info() -> dict:
    """
    What the C++ part was built with, as text by name.
    """
