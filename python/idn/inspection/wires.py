"""Where the lines of a drawn graph run: a value that is read further down gets a lane beside the boxes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MOST_LANES = 48  # beyond these, lanes are shared: a drawing stays as wide as a screen


@dataclass(frozen=True)
class Wire:
    """A value from the row that makes it to the rows that read it, in order; lane 0 is next to the boxes."""

    value: int
    row: int
    readers: tuple[int, ...]
    lane: int


def neighbours_and_wires(
    made: Mapping[int, int], readers: Mapping[int, Sequence[int]]
) -> tuple[list[tuple[int, int]], list[Wire]]:
    """Split readings into those from the row just above and those that need a lane.

    :param made: for each value the row that makes it.
    :param readers: for each value the rows that read it.
    :returns: (row, next row) pairs, and the wires. Short wires lie nearest to the boxes, and no two on a lane
        overlap while there are lanes left.
    """
    close, far = [], []
    for value, row in made.items():
        rows = sorted(set(readers.get(value, ())))
        close += [(row, reader) for reader in rows if reader == row + 1]
        if beyond := tuple(reader for reader in rows if reader != row + 1):
            far.append((value, row, beyond))
    lanes = _Lanes()
    far.sort(key=lambda one: (one[2][-1] - one[1], one[1], one[0]))
    return close, [Wire(value, row, rows, lanes.take(row, rows[-1])) for value, row, rows in far]


class _Lanes:
    def __init__(self) -> None:
        self._taken: list[list[tuple[int, int]]] = []  # on each lane, sorted, without overlap

    def take(self, first: int, last: int) -> int:
        """The innermost lane that is free from row to row, and now no longer is."""
        for number, taken in enumerate(self._taken):
            place = bisect_left(taken, (first, last))
            before = place == 0 or taken[place - 1][1] < first
            after = place == len(taken) or taken[place][0] > last
            if before and after:
                taken.insert(place, (first, last))
                return number
        if len(self._taken) < MOST_LANES:
            self._taken.append([(first, last)])
            return len(self._taken) - 1
        return (first + last) % MOST_LANES
