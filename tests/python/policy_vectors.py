"""Policy files and what they decide, as Python writes and decides them: the C++ tests read them.

`python tests/python/policy_vectors.py` writes them to tests/data/policies.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from idn import exits, inference
from idn.exits.policy_file import MaxDrop, PolicyFile, Risk, RiskTest

DATA = Path(__file__).resolve().parents[1] / "data" / "policies"
WEIGHTS = "0123456789abcdef" * 4


def logits() -> NDArray[np.float32]:
    """The logits of four exits for 300 samples of 5 classes: surer the later, some rounded, so scores tie."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 5, 300)
    made = rng.normal(size=(300, 4, 5))
    for index in range(4):
        made[np.arange(300), index, labels] += 1 + index
    made[::3] = np.round(made[::3])
    return made.astype(np.float32)


def labels() -> NDArray[np.int64]:
    """The right classes, as `logits` drew them."""
    return np.random.default_rng(5).integers(0, 5, 300)


def parameters() -> exits.LearnedParameters:
    """What is fitted to them, rounded, so that it is the same wherever it is fitted."""
    fitted = exits.fit_learned(logits(), labels())
    rows = (
        [[round(one, 6) for one in row] for row in each]
        for each in (fitted.means, fitted.deviations, fitted.weights)
    )
    return exits.LearnedParameters(*rows, [round(one, 6) for one in fitted.intercepts])


def files() -> dict[str, PolicyFile]:
    """One file for each criterion, with one and several temperatures, and a promise, by name."""
    policies = {
        "confidence": exits.Confidence([0.5, None, 0.75], [1.5, 1.0, 0.7, 2.0]),
        "entropy": exits.Entropy([0.4, 0.5, 0.6], 1.25),
        "entropy_nats": exits.Entropy([0.5, 0.75, 1.0], normalized=False),
        "margin": exits.Margin([0.5, 0.25, 0.5], 2.0),
        "patience": exits.Patience([None, 1, 2]),
        "vote": exits.Vote([None, 2, 2]),
        "learned": exits.Learned([0.75, 0.8, 0.9], parameters()),
    }
    made = {
        name: PolicyFile.of(
            policy,
            logits(),
            labels(),
            [10, 20, 40, 80.5],
            asked=MaxDrop(points=1.0),
            weights_sha256=WEIGHTS,
        )
        for name, policy in policies.items()
    }
    test = RiskTest(samples=150, measured_loss=-0.01, mean_cost=20.0, tested=3, passed=0, saving_epsilon=0.25)
    risk = Risk(epsilon=0.01, delta=0.05, bound="clopper_pearson", seed=3)
    made["risk"] = made["margin"].model_copy(update={"asked": risk, "risk": test})
    return made


def decided(file: PolicyFile) -> NDArray[np.int64]:
    """Labels and exits that the plain-PyTorch reference decides: int64 (2, samples)."""
    answers = inference.from_traces(torch.from_numpy(logits()), file.policy())
    return torch.stack([answers.labels, answers.exits]).numpy()


def main() -> None:
    """Write all files."""
    DATA.mkdir(exist_ok=True)
    np.save(DATA / "logits.npy", logits())
    for name, file in files().items():
        (DATA / f"{name}.json").write_text(file.as_json(), encoding="utf-8")
        np.save(DATA / f"{name}.npy", decided(file))


if __name__ == "__main__":
    main()
