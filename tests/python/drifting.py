"""Answers that drift, and a policy chosen where they did not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from idn import exits
from idn.exits import policy_file
from idn.exits.policy_file import PolicyFile


def traces(samples: int, seed: int, blur: float = 1.0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits of three exits, surer the later; noise that is `blur` times as strong is what drifts."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, samples)
    logits = blur * rng.normal(size=(samples, 3, 5))
    for index in range(3):
        logits[np.arange(samples), index, labels] += 2 + index
    return logits.astype(np.float32), labels


def policy_on(samples: int, seed: int) -> PolicyFile:
    logits, labels = traces(samples, seed)
    return PolicyFile.of(
        exits.Confidence([0.9, 0.8]),
        logits,
        labels,
        [1, 2, 3],
        asked=policy_file.MaxDrop(points=1),
        weights_sha256="0" * 64,
    )
