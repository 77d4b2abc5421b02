from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from idn import exits

ONE_HOT = torch.tensor([[0.0, 1000.0, 0.0]])
UNIFORM = torch.zeros(1, 3)


def probabilities(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def test_confidence_leaves_at_or_above_the_threshold() -> None:
    outputs = [probabilities([0.5, 0.5], [0.4, 0.6], [0.49, 0.51])]
    assert exits.Confidence([0.5]).should_exit(outputs).tolist() == [True, True, True]
    assert exits.Confidence([0.55]).should_exit(outputs).tolist() == [False, True, False]


def test_normalised_entropy_leaves_at_or_below_the_threshold() -> None:
    assert exits.Entropy([1.0]).should_exit([UNIFORM]).item()
    assert exits.Entropy([0.0]).should_exit([ONE_HOT]).item()
    assert not exits.Entropy([math.nextafter(1.0, 0.0)]).should_exit([UNIFORM]).item()


def test_entropy_in_nats_leaves_strictly_below_the_threshold() -> None:
    log_three = math.log(3)
    assert not exits.Entropy([log_three], normalized=False).should_exit([UNIFORM]).item()
    above = math.nextafter(log_three, 2)
    assert exits.Entropy([above], normalized=False).should_exit([UNIFORM]).item()
    assert not exits.Entropy([0.0], normalized=False).should_exit([ONE_HOT]).item()


def test_margin_is_the_best_probability_minus_the_second() -> None:
    policy = exits.Margin([0.25])
    scores = policy.score(probabilities([0.6, 0.3, 0.1], [0.2, 0.4, 0.4]))
    torch.testing.assert_close(scores, torch.tensor([0.3, 0.0], dtype=torch.float64))
    assert policy.should_exit([probabilities([0.6, 0.3, 0.1], [0.5, 0.4, 0.1])]).tolist() == [True, False]


def test_patience_counts_exits_that_agree() -> None:
    first = torch.eye(3)
    second = torch.eye(3)[[0, 2, 2]]
    policy = exits.Patience([1, 1])
    assert policy.should_exit([first]).tolist() == [False, False, False]
    assert policy.should_exit([first, second]).tolist() == [True, False, True]
    assert exits.Patience([0]).should_exit([first]).all()


def test_a_vote_counts_every_exit_that_gave_this_exits_label() -> None:
    outputs = [torch.eye(3)[rows] for rows in ([0, 1, 2], [1, 1, 0], [0, 1, 1])]
    policy = exits.Vote([1, 2, 2])
    assert policy.scores(outputs).tolist() == [2, 3, 1]
    assert policy.should_exit(outputs[:1]).tolist() == [True, True, True]
    assert policy.should_exit(outputs[:2]).tolist() == [False, True, False]
    assert policy.should_exit(outputs).tolist() == [True, True, False]


def test_patience_is_broken_by_one_exit_that_differs_a_vote_is_not() -> None:
    outputs = [torch.eye(3)[[0]], torch.eye(3)[[1]], torch.eye(3)[[0]]]
    assert exits.Patience([]).scores(outputs).item() == 0
    assert exits.Vote([]).scores(outputs).item() == 2


def test_none_is_never_even_for_a_saturated_softmax() -> None:
    for policy in (
        exits.Confidence([None]),
        exits.Entropy([None]),
        exits.Margin([None]),
        exits.Patience([None]),
        exits.Vote([None]),
    ):
        assert not policy.should_exit([ONE_HOT]).any()


def test_the_last_exit_always_answers() -> None:
    outputs = [UNIFORM, UNIFORM]
    for policy in (
        exits.Confidence([1.0]),
        exits.Entropy([0.0]),
        exits.Margin([1.0]),
        exits.Patience([5]),
        exits.Vote([5]),
    ):
        assert policy.should_exit(outputs).all()


def test_a_temperature_per_exit_divides_that_exits_logits() -> None:
    logits = torch.randn(20, 5, generator=torch.Generator().manual_seed(0))
    policy = exits.Confidence([0.5, 0.5], temperature=[2.0, 0.5])
    expected = torch.softmax(logits.double() / 0.5, 1).amax(1)
    torch.testing.assert_close(policy.score(logits, 1), expected)
    assert torch.equal(policy.should_exit([logits, logits]), expected >= 0.5)


def test_with_thresholds_keeps_all_else() -> None:
    policy = exits.Entropy([0.1], temperature=3.0, normalized=False).with_thresholds([0.2, None])
    assert policy.thresholds == [0.2, None]
    assert policy.temperature == 3.0
    assert not policy.normalized


def test_make_knows_every_name() -> None:
    parameters = exits.fit_learned(np.zeros((1, 3, 2), dtype=np.float32), np.zeros(1, dtype=np.int64))
    for name in exits.names():
        options = {"parameters": parameters} if name == "learned" else {}
        policy = exits.make(name, [1.0, None], **options)
        assert policy.name == policy.rule["name"] == name
        again = exits.policy_of(json.loads(json.dumps(policy.rule)), policy.thresholds)
        assert (type(again), again.thresholds, again.rule) == (type(policy), policy.thresholds, policy.rule)
    with pytest.raises(ValueError, match="'entrpy' is unknown: expected one of confidence, entropy"):
        exits.make("entrpy", [0.1])
    with pytest.raises(ValueError, match="normalized"):
        exits.make("confidence", [0.1], normalized=True)
    with pytest.raises(ValueError, match="parameters"):
        exits.make("learned", [0.1])
    with pytest.raises(ValueError, match="has no name; expected one of confidence"):
        exits.policy_of({"temperature": 2.0}, [0.1])
    with pytest.raises(ValueError, match="patience"):
        exits.policy_of({"name": "patience", "temperature": 2.0}, [1])


def test_a_rule_holds_all_but_the_thresholds() -> None:
    policy = exits.Entropy([0.1], temperature=[3.0, 2.0], normalized=False)
    assert policy.rule == {"name": "entropy", "temperature": [3.0, 2.0], "normalized": False}
    again = exits.policy_of(policy.rule, [0.2])
    assert isinstance(again, exits.Entropy)
    assert (again.thresholds, again.temperature, again.normalized) == ([0.2], [3.0, 2.0], False)


@pytest.mark.parametrize(
    ("policy", "threshold"),
    [
        (exits.Confidence, 1.5),
        (exits.Confidence, -0.1),
        (exits.Confidence, math.nan),
        (exits.Entropy, 1.01),
        (exits.Margin, -1.0),
        (exits.Patience, 1.5),
        (exits.Patience, -1),
        (exits.Vote, 0),
        (exits.Vote, 1.5),
    ],
)
def test_a_threshold_out_of_range_is_named(policy: type[exits.Policy], threshold: float) -> None:
    with pytest.raises(ValueError, match=r"threshold .* is out of range"):
        policy([0.0, threshold])


def test_other_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="temperature is 0"):
        exits.Confidence([0.5], temperature=0.0)
    with pytest.raises(ValueError, match="1 temperature for 2 thresholds"):
        exits.Confidence([0.5, 0.5], temperature=[1.0])
    with pytest.raises(ValueError, match="expected a list"):
        exits.Confidence(0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="outputs is empty"):
        exits.Confidence([0.5]).should_exit([])
    for policy in (exits.Patience([1]), exits.Vote([1])):
        with pytest.raises(ValueError, match="no score of one exit"):
            policy.score(UNIFORM)


def test_nan_logits_name_the_exit_and_the_sample() -> None:
    good = torch.zeros(3, 4)
    bad = good.clone()
    bad[2, 1] = math.nan
    for policy in (
        exits.Confidence([0.5, 0.5]),
        exits.Entropy([0.5, 0.5]),
        exits.Patience([1, 1]),
        exits.Vote([1, 1]),
    ):
        with pytest.raises(ValueError, match=r"exit 2 \(exit_index 1\) .* sample 2"):
            policy.should_exit([good, bad])


def test_logits_of_a_wrong_shape_are_named() -> None:
    with pytest.raises(ValueError, match=r"exit 1 have shape \[4\]"):
        exits.Confidence([0.5]).should_exit([torch.zeros(4)])
    with pytest.raises(ValueError, match="at least 2 classes"):
        exits.Confidence([0.5]).should_exit([torch.zeros(4, 1)])


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=8), st.floats(0.1, 10))
def test_scores_stay_in_their_range(row: list[float], temperature: float) -> None:
    logits = torch.tensor([row], dtype=torch.float64)
    for name in ("confidence", "entropy", "margin"):
        assert 0.0 <= exits.make(name, [0.5], temperature=temperature).score(logits).item() <= 1.0
