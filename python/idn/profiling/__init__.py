"""How long each segment of a package takes on this machine, and what energy: measured, and kept beside it.

`idn.Engine` weighs with it whether making a batch smaller between two exits pays (docs/profile.md).
"""

from __future__ import annotations

from idn.profiling.energy import Rapl
from idn.profiling.measure import profile
from idn.profiling.profile_file import (
    Energy,
    EnergyPoint,
    GatherTime,
    Machine,
    Profile,
    SegmentTimes,
    TimePoint,
    place,
)

__all__ = [
    "Energy",
    "EnergyPoint",
    "GatherTime",
    "Machine",
    "Profile",
    "Rapl",
    "SegmentTimes",
    "TimePoint",
    "place",
    "profile",
]
