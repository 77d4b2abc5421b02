"""
Texts that name their base.
"""

from __future__ import annotations

import typing

__all__: list[str] = ["decode", "encode"]

def decode(text: str) -> bytes:
    """
    The bytes of a text that names its base.
    """

def encode(data: typing.Any, base: str = "base32") -> str:
    """
    The naming character and the text of data.
    """
