"""What is in a package and what it costs, part by part: as values, and as a picture.

Counts are worked out from shapes (docs/operations.md); nothing is run and no weight is read.
"""

from __future__ import annotations

from idn.inspection.drawing import draw
from idn.inspection.summary import Inspection, NodeSummary, SegmentSummary, inspect

__all__ = ["Inspection", "NodeSummary", "SegmentSummary", "draw", "inspect"]
