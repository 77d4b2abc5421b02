"""What a policy does on recorded traces: accuracy, who leaves where, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from idn.experiment.comparison import wilson

if TYPE_CHECKING:
    from idn.exits import Policy


@dataclass(frozen=True)
class Evaluation:
    """A policy on one split.

    `accuracy` and `exit_rates` (one per exit) in percent, `accuracy_interval` its 95 % Wilson interval,
    `mean_macs` per sample with every head that ran.
    """

    samples: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    exit_rates: list[float]
    mean_macs: float

    def as_dict(self) -> dict[str, Any]:
        """The values as summary.json holds them."""
        return {
            "samples": self.samples,
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.accuracy_interval),
            "exit_rates": self.exit_rates,
            "mean_macs": self.mean_macs,
        }


def evaluate(
    logits: NDArray[np.float32], labels: NDArray[np.int64], macs: Sequence[int], policy: Policy
) -> Evaluation:
    """Applies a policy to traces, with the decisions `idn.inference.infer` would take.

    :param logits: (samples, exits, classes).
    :param labels: (samples,).
    :param macs: cumulative, one per exit, heads included.
    :raises ValueError: if the shapes disagree or there are no samples.
    """
    from idn import inference

    check_traces(logits, labels, macs)
    prediction = inference.from_traces(logits, policy)
    exits = np.asarray(prediction.exits)
    correct = int(np.count_nonzero(np.asarray(prediction.labels) == labels))
    counts = np.bincount(exits, minlength=logits.shape[1])
    samples = len(labels)
    return Evaluation(
        samples=samples,
        accuracy=100 * correct / samples,
        accuracy_interval=wilson(correct, samples),
        exit_rates=[100 * float(count) / samples for count in counts],
        mean_macs=float(counts @ np.asarray(macs, dtype=np.float64)) / samples,
    )


def exit_accuracies(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> list[float]:
    """The accuracy of every exit answering for all samples, in percent.

    :param logits: (samples, exits, classes).
    """
    return [100 * float(share) for share in (logits.argmax(axis=2) == labels[:, None]).mean(axis=0)]


def check_traces(logits: NDArray[Any], labels: NDArray[Any], macs: Sequence[int]) -> None:
    """Refuses traces whose shapes disagree.

    :raises ValueError: naming both shapes.
    """
    if logits.ndim != 3 or labels.shape != logits.shape[:1] or len(macs) != logits.shape[1]:
        raise ValueError(
            f"logits {logits.shape}, labels {labels.shape} and {len(macs)} MACs disagree: expected (samples, "
            "exits, classes), (samples,) and one number per exit"
        )
    if len(labels) == 0:
        raise ValueError("the traces hold no samples; record at least one")
