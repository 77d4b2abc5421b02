"""Numbers in sentences."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """Say how many there are: "1 exit", "2 exits"; `plural` where it is not the noun and an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
