"""Numbers and other people's texts in sentences."""

from __future__ import annotations

import reprlib

__all__ = ["counted", "printable", "shortened"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """Say how many there are: "1 exit", "2 exits"; `plural` where it is not the noun and an s."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def shortened(value: object) -> str:
    """A value for a message, in one line, cut where it is long, as an array is."""
    return f"{' '.join(reprlib.repr(value).split())} ({type(value).__name__})"


def printable(text: object, limit: int | None = None) -> str:
    r"""Text of a stranger for a terminal or a picture: one line that moves no cursor and turns no text.

    Control characters, line breaks, marks of direction and unassigned characters become escapes such as
    `\x1b`; so does the backslash, which keeps the text unambiguous.

    :param limit: how many characters of the text are shown at most; an ellipsis stands for the rest.
    """
    line = str(text)
    cut = limit is not None and len(line) > limit
    shown = line[: limit - 1] if cut and limit is not None else line
    return "".join(map(_escaped, shown)) + ("…" if cut else "")


def _escaped(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    return character.encode("unicode_escape").decode("ascii")
