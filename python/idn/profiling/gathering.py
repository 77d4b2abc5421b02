"""What it takes to go on with some samples of a batch, as a line over the bytes that are copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from idn.inspection.summary import value_bytes
from idn.profiling.profile_file import GatherTime

if TYPE_CHECKING:
    from idn.graph import Graph, Segment


def fitted(measured: Sequence[tuple[int, float]]) -> GatherTime | None:
    """The line through (bytes, seconds) nearest by squares, of those that neither fall nor begin below 0.

    None where nothing was measured.
    """
    if not measured:
        return None
    count = len(measured)
    mean_bytes = sum(size for size, _ in measured) / count
    mean_seconds = sum(seconds for _, seconds in measured) / count
    spread = sum((size - mean_bytes) ** 2 for size, _ in measured)
    slope = 0.0
    if spread > 0:
        slope = sum((size - mean_bytes) * (seconds - mean_seconds) for size, seconds in measured) / spread
    if slope <= 0:
        return GatherTime(fixed_seconds=mean_seconds, seconds_per_byte=0.0)
    fixed = mean_seconds - slope * mean_bytes
    if fixed < 0:  # then the nearest one begins at 0
        slope = sum(size * seconds for size, seconds in measured) / sum(size**2 for size, _ in measured)
        fixed = 0.0
    return GatherTime(fixed_seconds=fixed, seconds_per_byte=slope)


def live_bytes(graph: Graph, segment: Segment, batch: int) -> int:
    """The bytes that later segments go on with at a batch."""
    return sum(value_bytes(graph, value, batch) for value in segment.live)
