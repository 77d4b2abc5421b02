"""When a sample leaves, and how that is chosen: criteria, calibration, threshold search, risk control.

The rules and the searches are computed in C++ (`idn::exits`).
"""

from __future__ import annotations

from idn.exits.calibration import Calibration, Reliability, calibrate, reliability
from idn.exits.criterion import Confidence, Entropy, Margin, Patience, Vote, make, names, policy_of
from idn.exits.drift_detection import Drift, detect_drift
from idn.exits.fitting import fit
from idn.exits.learned import Learned, LearnedParameters, fit_learned
from idn.exits.policy import Policy
from idn.exits.policy_file import PolicyFile
from idn.exits.risk_control import RiskControl, control_risk
from idn.exits.threshold_grid import Grid, grid
from idn.exits.threshold_search import Front, ThresholdPoint, check_apart, search

__all__ = [
    "Calibration",
    "Confidence",
    "Drift",
    "Entropy",
    "Front",
    "Grid",
    "Learned",
    "LearnedParameters",
    "Margin",
    "Patience",
    "Policy",
    "PolicyFile",
    "Reliability",
    "RiskControl",
    "ThresholdPoint",
    "Vote",
    "calibrate",
    "check_apart",
    "control_risk",
    "detect_drift",
    "fit",
    "fit_learned",
    "grid",
    "make",
    "names",
    "policy_of",
    "reliability",
    "search",
]
