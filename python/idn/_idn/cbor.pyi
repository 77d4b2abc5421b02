"""
The deterministic encoding of what is hashed and signed.
"""

from __future__ import annotations

import typing

__all__: list[str] = ["DEFAULT_LIMITS", "Limits", "decode", "encode"]

class Limits:
    """
    What is refused for its size, in both directions.
    """
    def __init__(
        self,
        max_depth: typing.SupportsIndex,
        max_bytes: typing.SupportsIndex,
        max_items: typing.SupportsIndex,
    ) -> None: ...
    @property
    def max_bytes(self) -> int: ...
    @property
    def max_depth(self) -> int: ...
    @property
    def max_items(self) -> int: ...

def decode(data: typing.Any, limits: Limits) -> typing.Any:
    """
    The value whose encoding data is.
    """

def encode(value: typing.Any, limits: Limits) -> bytes:
    """
    The one encoding of a value.
    """

DEFAULT_LIMITS: Limits
