"""
Unsigned numbers of variable length.
"""

from __future__ import annotations

import typing

__all__: list[str] = ["decode", "encode", "read"]

def decode(data: typing.Any) -> int:
    """
    The number that data is.
    """

def encode(value: typing.SupportsIndex) -> bytes:
    """
    The shortest encoding of a number from 0 to 2^63 - 1.
    """

def read(data: typing.Any) -> tuple[int, int]:
    """
    The number at the beginning of data, and how many bytes it took.
    """
