"""A criterion made ready for a network: temperatures and learned scores fitted on validation data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from idn.exits.calibration import calibrate as fit_temperatures
from idn.exits.criterion import make
from idn.exits.learned import fit_learned
from idn.exits.policy import Policy

__all__ = ["fit"]

WITHOUT_TEMPERATURE = ("patience", "vote", "learned")


def fit(
    name: str,
    logits: NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    calibrate: bool = False,
    **options: Any,
) -> Policy:
    """Make a policy that lets nobody out yet, with everything fitted that its criterion has to fit.

    :param name: one of `names()`; "learned" has its scores fitted.
    :param logits: (samples, exits, classes), of validation data.
    :param labels: (samples,).
    :param calibrate: fits one temperature per exit too, where the criterion has a temperature.
    :param options: as of `make`.
    :raises ValueError: for shapes that disagree, an unknown name or option, or a temperature for a criterion
        that has none.
    """
    if logits.ndim != 3:
        raise ValueError(f"logits have shape {logits.shape}, expected (samples, exits, classes).")
    if calibrate:
        check_calibration(name, options.get("temperature", 1.0))
        options = {**options, "temperature": fit_temperatures(logits, labels).temperatures}
    if name == "learned" and "parameters" not in options:
        options = {**options, "parameters": fit_learned(logits, labels)}
    return make(name, [None] * (logits.shape[1] - 1), **options)


def check_calibration(name: str, temperature: object = 1.0) -> None:
    """Refuse to fit a temperature where there is none, or one was given.

    :raises ValueError: naming the criterion, or the temperature.
    """
    if name in WITHOUT_TEMPERATURE:
        raise ValueError(f"calibrate fits temperatures, but {name} has none; leave it out.")
    if temperature != 1.0:
        raise ValueError(f"calibrate fits the temperature; leave out the one given, {temperature}.")
