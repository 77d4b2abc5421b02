"""When a sample leaves, and how that is chosen: criteria, calibration, threshold search, risk control.

The rules and the searches are computed in C++ (`idn::exits`).
"""

from __future__ import annotations

from idn.exits.calibration import Calibration, Reliability, calibrate, reliability
from idn.exits.criterion import Confidence, Entropy, Margin, Patience, Policy, make, names
from idn.exits.risk_control import RiskControl, control_risk
from idn.exits.threshold_search import Front, ThresholdPoint, search

__all__ = [
    "Calibration",
    "Confidence",
    "Entropy",
    "Front",
    "Margin",
    "Patience",
    "Policy",
    "Reliability",
    "RiskControl",
    "ThresholdPoint",
    "calibrate",
    "control_risk",
    "make",
    "names",
    "reliability",
    "search",
]
