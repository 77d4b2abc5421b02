"""Calibration: one temperature per exit, fitted on validation logits, and how true confidence is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from idn._native import extension

__all__ = ["Calibration", "Reliability", "calibrate", "reliability"]


@dataclass(frozen=True)
class Calibration:
    """What was fitted for each exit, in order.

    `temperatures` go into a policy's `temperature`; `loss_before` and `loss_after` are the mean negative
    log-likelihood in nats at temperature 1 and at the fitted one.
    """

    temperatures: list[float]
    loss_before: list[float]
    loss_after: list[float]


@dataclass(frozen=True)
class Reliability:
    """What a reliability diagram draws, and its summary.

    `edges` (bins + 1) divide confidence into bins of equal width; per bin, `samples` are counted, and
    `confidence` and `accuracy` averaged (0 where the bin is empty). `error` is the expected calibration error
    in [0, 1]: the mean gap between the two, by share of samples.
    """

    edges: NDArray[np.float64]
    samples: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    error: float


def calibrate(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> Calibration:
    """Fit a temperature to every exit, by Newton's method on the negative log-likelihood.

    A temperature does not change which label an exit gives, only how sure it says it is (section 3.4.3).
    Where any temperature fits better than the last, the bound of 0.01 or 100 is returned. Source: Guo et al.,
    "On calibration of modern neural networks", ICML 2017.

    :param logits: (samples, exits, classes), of validation data.
    :param labels: (samples,).
    :raises ValueError: for other shapes, logits that are not finite or labels out of range.
    """
    if logits.ndim != 3:
        raise ValueError(f"logits have shape {logits.shape}, expected (samples, exits, classes).")
    fits = [extension.exits.fit_temperature(logits[:, k], labels) for k in range(logits.shape[1])]
    return Calibration(
        [fit.temperature for fit in fits], [fit.loss_before for fit in fits], [fit.loss_after for fit in fits]
    )


def reliability(
    logits: NDArray[np.float32], labels: NDArray[np.int64], temperature: float = 1.0, bins: int = 15
) -> Reliability:
    """Compare the confidence of one exit with how often it is right.

    :param logits: (samples, classes), of one exit.
    :param labels: (samples,).
    :param bins: 1 to 10,000; a confidence on an edge belongs to the bin below it.
    :raises ValueError: for other shapes, logits that are not finite, labels or numbers out of range.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}, expected 1 to 10000.")
    found = extension.exits.reliability(logits, labels, temperature, bins)
    return Reliability(
        np.array([0.0, *(one.upper for one in found)]),
        np.array([one.samples for one in found], dtype=np.int64),
        np.array([one.confidence for one in found]),
        np.array([one.accuracy for one in found]),
        float(extension.exits.expected_calibration_error(found)),
    )
