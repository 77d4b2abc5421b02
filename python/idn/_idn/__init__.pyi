"""
The C++ core of idn. Use it through the idn package.
"""

from __future__ import annotations

from . import data, exits, math, multiformats, store

__all__: list[str] = ["build_info", "data", "exits", "math", "multiformats", "store"]

def build_info() -> dict:
    """
    What the C++ part was built with, as text by name.
    """
