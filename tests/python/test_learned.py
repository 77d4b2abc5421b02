"""The learned exit score: what it sees, what it finds, and what it refuses."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from idn import exits, inference

Traces = tuple[NDArray[np.float32], NDArray[np.int64]]


def traces(samples: int = 3000, exit_count: int = 3, seed: int = 0) -> Traces:
    """Logits that are right more often, and surer, the later the exit."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, samples)
    logits = rng.normal(size=(samples, exit_count, 5))
    for index in range(exit_count):
        logits[np.arange(samples), index, labels] += 1 + index
    return logits.astype(np.float32), labels


def outputs(logits: NDArray[np.float32], count: int) -> list[torch.Tensor]:
    return [torch.from_numpy(logits[:, k].copy()) for k in range(count)]


def slow_features(logits: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """The five features of exit k, from probabilities."""
    z = logits.astype(np.float64)
    p = np.exp(z[:, k]) / np.exp(z[:, k]).sum(axis=1, keepdims=True)
    best = np.sort(z[:, k], axis=1)
    said = logits.argmax(axis=2)
    agreement = (said[:, :k] == said[:, [k]]).mean(axis=1) if k else np.zeros(len(z))
    return np.stack(
        [
            np.log(p.max(axis=1) / (1 - p.max(axis=1))),
            -(p * np.log(p)).sum(axis=1) / np.log(z.shape[2]),
            best[:, -1] - best[:, -2],
            best[:, -1],
            agreement,
        ],
        axis=1,
    )


def test_the_score_is_the_sigmoid_of_the_standardised_features() -> None:
    logits, labels = traces()
    parameters = exits.fit_learned(logits, labels)
    policy = exits.Learned([None, None], parameters)
    for k in range(3):
        features = slow_features(logits, k)
        if k:  # at the first exit agreement is constant
            np.testing.assert_allclose(parameters.means[k], features.mean(axis=0), rtol=1e-9)
            np.testing.assert_allclose(parameters.deviations[k], features.std(axis=0), rtol=1e-9)
        z = parameters.intercepts[k] + (
            (features - parameters.means[k]) / parameters.deviations[k]
        ) @ np.array(parameters.weights[k])
        # The probabilities above lose a few digits in 1 - p.
        np.testing.assert_allclose(policy.scores(outputs(logits, k + 1)), 1 / (1 + np.exp(-z)), atol=1e-9)


def test_it_is_as_sure_as_it_is_right() -> None:
    policy = exits.Learned([None, None], exits.fit_learned(*traces(20_000)))
    logits, labels = traces(20_000, seed=1)
    for k in range(2):
        scores = policy.scores(outputs(logits, k + 1)).numpy()
        right = logits[:, k].argmax(axis=1) == labels
        for low in np.arange(0.3, 1.0, 0.1):
            within = (scores >= low) & (scores < low + 0.1)
            if within.sum() > 500:
                # Three standard errors of a share among these, and half a bin for a fit that is not perfect.
                error = 3 * math.sqrt(0.25 / within.sum()) + 0.02
                assert abs(right[within].mean() - scores[within].mean()) < error


def test_agreement_with_earlier_exits_makes_it_surer() -> None:
    logits, labels = traces(20_000)
    weights = exits.fit_learned(logits, labels).weights
    assert weights[0][4] == 0.0
    assert weights[1][4] > 0.05


def test_a_sample_leaves_at_or_above_the_threshold() -> None:
    logits, labels = traces(200)
    parameters = exits.fit_learned(logits, labels)
    score = float(exits.Learned([None], parameters).scores(outputs(logits, 1))[7])
    assert exits.Learned([score], parameters).should_exit(outputs(logits, 1))[7]
    assert not exits.Learned([math.nextafter(score, 1)], parameters).should_exit(outputs(logits, 1))[7]


def test_decisions_and_the_search_take_it_as_any_other_criterion() -> None:
    logits, labels = traces(300)
    policy = exits.fit("learned", logits, labels)
    assert policy.thresholds == [None, None]
    front = exits.search(logits, labels, [1, 2, 3], policy)
    for point in front.points[:: max(1, len(front.points) // 10)]:
        answers = inference.from_traces(logits, policy.with_thresholds(point.thresholds))
        assert 100 * float((answers.labels.numpy() == labels).mean()) == pytest.approx(point.accuracy)
        assert float((answers.exits + 1).double().mean()) == pytest.approx(point.cost)


def test_parameters_come_back_from_json_with_the_same_scores() -> None:
    logits, labels = traces(500)
    policy = exits.Learned([0.7, 0.8], exits.fit_learned(logits, labels))
    again = exits.policy_of(json.loads(json.dumps(policy.rule)), policy.thresholds)
    assert torch.equal(again.scores(outputs(logits, 2)), policy.scores(outputs(logits, 2)))
    assert "Learned([0.7, 0.8], parameters of 3 exits)" in repr(policy)


def test_an_exit_that_is_always_right_and_one_that_is_always_wrong_have_finite_scores() -> None:
    labels = np.arange(100) % 5
    sure = 9 * np.eye(5, dtype=np.float32)
    logits = np.stack([sure[labels], sure[(labels + 1) % 5]], axis=1)
    policy = exits.Learned([0.5, 0.5], exits.fit_learned(logits, labels))
    assert policy.scores(outputs(logits, 1)).tolist() == pytest.approx([101 / 102] * 100)
    assert policy.scores(outputs(logits, 2)).tolist() == pytest.approx([1 / 102] * 100)


def test_the_last_exit_needs_no_parameters() -> None:
    logits, labels = traces(50)
    policy = exits.Learned([0.5, 0.5], exits.fit_learned(logits[:, :2], labels))
    assert policy.should_exit(outputs(logits, 3)).all()
    logits[3, 2, 1] = np.nan
    with pytest.raises(ValueError, match=r"exit 3 .* sample 3"):
        policy.should_exit(outputs(logits, 3))
    with pytest.raises(ValueError, match="exit 4 has no parameters: 2 were given"):
        policy.scores([*outputs(logits[:3], 3), torch.zeros(3, 5)])
    with pytest.raises(ValueError, match="parameters are of 2 exits, thresholds of 3"):
        policy.with_thresholds([0.5, 0.5, 0.5])


def test_logits_that_are_not_finite_name_the_exit_and_the_sample() -> None:
    logits, labels = traces(20)
    parameters = exits.fit_learned(logits, labels)
    for value in (np.nan, np.inf):
        logits[4, 1, 2] = value
        with pytest.raises(ValueError, match=r"exit 2 \(exit_index 1\) .* sample 4"):
            exits.Learned([0.5, 0.5], parameters).should_exit(outputs(logits, 2))
        with pytest.raises(ValueError, match=r"exit 2 \(exit_index 1\) .* sample 4"):
            exits.fit_learned(logits, labels)
    with pytest.raises(ValueError, match=r"\(20, 3, 5\) and labels \(19,\)"):
        exits.fit_learned(logits, labels[1:])
    with pytest.raises(ValueError, match="at least one sample"):
        exits.fit_learned(logits[:0], labels[:0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"means": None}, "not lists of numbers"),
        ({"means": [[0.0] * 5]}, "means has 1 exit, intercepts 2"),
        ({"weights": [[0.0] * 5, [0.0] * 4]}, r"weights of exit 2 is \[0.0, 0.0, 0.0, 0.0\], expected 5"),
        ({"weights": [[0.0] * 5, [0.0, 0.0, math.nan, 0.0, 0.0]]}, "weights of exit 2"),
        ({"deviations": [[1.0] * 5, [1.0, 0.0, 1.0, 1.0, 1.0]]}, "deviations of exit 2 .* positive"),
        ({"intercepts": [0.0, math.inf]}, "intercept of exit 2 is inf"),
        ({"intercepts": "ab"}, "could not convert"),
        ({"more": 1}, "got .*more"),
    ],
)
def test_parameters_that_do_not_fit_are_named(change: dict[str, Any], message: str) -> None:
    good = exits.fit_learned(*traces(20, exit_count=2)).as_dict()
    with pytest.raises(ValueError, match=message):
        exits.Learned([0.5], {**good, **change})


def test_fit_makes_every_criterion_ready_and_refuses_a_temperature_where_there_is_none() -> None:
    logits, labels = traces(400)
    for name in exits.names():
        policy = exits.fit(name, logits * 5, labels)
        assert (policy.name, policy.thresholds) == (name, [None, None])
    calibrated = exits.fit("entropy", logits * 5, labels, calibrate=True, normalized=False)
    assert calibrated.temperature == exits.calibrate(logits * 5, labels).temperatures
    assert calibrated.rule["normalized"] is False
    for name in ("patience", "vote", "learned"):
        with pytest.raises(ValueError, match=f"but {name} has none"):
            exits.fit(name, logits, labels, calibrate=True)
    with pytest.raises(ValueError, match="leave out the one given, 2"):
        exits.fit("margin", logits, labels, calibrate=True, temperature=2.0)
