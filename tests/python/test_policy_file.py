"""A policy file: what it keeps, what it refuses, and whose it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from idn import exits, inference
from idn.errors import PolicyError
from idn.exits import policy_file
from idn.exits.policy_file import PolicyFile

WEIGHTS = "ab" * 32


def traces(samples: int = 200, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Three exits, right more often, and surer, the later the exit."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, samples)
    logits = rng.normal(size=(samples, 3, 5))
    for index in range(3):
        logits[np.arange(samples), index, labels] += 1 + index
    return logits.astype(np.float32), labels


LOGITS, LABELS = traces()
TESTED = {"samples": 100, "measured_loss": 0.01, "mean_cost": 20.0, "tested": 3, "passed": 2}


def made(policy: exits.Policy | None = None, **changes: Any) -> PolicyFile:
    given = {
        "asked": policy_file.MaxDrop(points=1.0),
        "weights_sha256": WEIGHTS,
        **changes,
    }
    return PolicyFile.of(policy or exits.Entropy([0.4, None], 2.0), LOGITS, LABELS, [10, 20, 40], **given)


def every_policy() -> list[exits.Policy]:
    parameters = exits.fit_learned(LOGITS, LABELS)
    temperatures = exits.calibrate(LOGITS, LABELS).temperatures
    return [
        exits.Confidence([0.9, None], temperatures),
        exits.Entropy([0.4, 5e-324], 2.0),
        exits.Entropy([0.4, 0.7], normalized=False),
        exits.Margin([None, None]),
        exits.Patience([None, 1]),
        exits.Vote([1, 2]),
        exits.Learned([0.8, 0.9], parameters),
    ]


@pytest.mark.parametrize("policy", every_policy(), ids=repr)
@pytest.mark.parametrize(
    "asked",
    [
        policy_file.MaxDrop(points=0.5),
        policy_file.Budget(at_most=25.0),
        policy_file.Accuracy(at_least=70.0),
        policy_file.Risk(epsilon=0.1, delta=0.05, bound="clopper_pearson", seed=3),
    ],
    ids=lambda asked: asked.for_,
)
def test_what_was_saved_is_loaded_and_decides_the_same(
    policy: exits.Policy, asked: Any, tmp_path: Path
) -> None:
    kept = made(policy, asked=asked)
    kept.save(tmp_path / "policy.json")
    loaded = PolicyFile.load(tmp_path / "policy.json")
    assert loaded == kept
    again = loaded.policy()
    assert (type(again), again.thresholds, again.rule) == (type(policy), policy.thresholds, policy.rule)
    for one, other in zip(
        inference.from_traces(LOGITS, again), inference.from_traces(LOGITS, policy), strict=True
    ):
        assert torch.equal(one, other)


def test_a_promise_keeps_how_it_was_tested(tmp_path: Path) -> None:
    found = exits.control_risk(LOGITS, LABELS, [10, 20, 40], exits.Entropy([]), epsilon=0.1)
    asked = policy_file.Risk(epsilon=0.1, delta=0.05, bound="clopper_pearson", seed=0)
    kept = made(found.policy, asked=asked, risk=found)
    kept.save(tmp_path / "policy.json")
    loaded = PolicyFile.load(tmp_path / "policy.json")
    assert loaded.risk == kept.risk
    assert loaded.risk is not None
    assert (loaded.risk.samples, loaded.risk.measured_loss) == (100, found.measured_loss)
    assert (loaded.risk.tested, loaded.risk.passed) == (found.tested, found.passed)
    assert (loaded.risk.mean_cost, loaded.risk.saving_epsilon) == (found.cost, found.saving_epsilon)


def test_a_policy_that_promises_nothing_has_no_test_in_its_file() -> None:
    assert "risk" not in json.loads(made().as_json())


def test_it_tells_what_the_policy_does_on_validation() -> None:
    policy = exits.Confidence([0.6, 0.7])
    seen = made(policy).validation
    answers = inference.from_traces(LOGITS, policy)
    assert seen.samples == 200
    assert seen.accuracy == pytest.approx(100 * float((answers.labels.numpy() == LABELS).mean()))
    assert seen.full_accuracy == pytest.approx(100 * float((LOGITS[:, -1].argmax(1) == LABELS).mean()))
    assert seen.mean_cost == pytest.approx(np.array([10, 20, 40])[answers.exits.numpy()].mean())
    assert sum(seen.exit_rates) == pytest.approx(100)
    assert seen.sha256 == policy_file.trace_digest(LOGITS, LABELS)


def test_an_entry_for_the_last_exit_is_refused() -> None:
    with pytest.raises(ValueError, match="the policy has 3 thresholds for 2 early exits"):
        made(exits.Confidence([0.6, 0.7, 0.1]))


def test_the_file_is_readable_and_the_same_every_time(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        made().save(tmp_path / name)
    text = (tmp_path / "a.json").read_text()
    assert text == (tmp_path / "b.json").read_text()
    assert '"thresholds": [\n    0.4,\n    null\n  ]' in text
    assert json.loads(text)["asked"] == {"for": "max_drop", "points": 1.0}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.json", "b.json"]


def test_a_policy_of_another_network_is_refused() -> None:
    made().check(WEIGHTS, exits=3, classes=5)
    with pytest.raises(PolicyError, match=f"its weights_sha256 is {WEIGHTS}, the network's is {'cd' * 32}"):
        made().check("cd" * 32)
    with pytest.raises(PolicyError, match="it is for 3 exits, the network has 4"):
        made().check(WEIGHTS, exits=4)
    with pytest.raises(PolicyError, match="it is for 5 classes, the network has 10"):
        made().check(WEIGHTS, classes=10)


def change(path: tuple[str | int, ...], value: Any) -> str:
    """The text of a file in which one place was changed."""
    whole = json.loads(made(exits.Learned([0.8, 0.9], exits.fit_learned(LOGITS, LABELS))).as_json())
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no policy file"),
        ("[]", "is no policy file"),
        ("{}", "idn: Field required"),
        (made().as_json()[:-20], "is no policy file"),
        ("[" * 100_000, "is no policy file"),
        (made().as_json() + " " * (1 << 20), "larger than 1048576 bytes"),
        (made().as_json().replace('"exits": 3', '"exits": 3, "exits": 3'), "'exits' is there twice"),
        (change(("more",), 1), "more: Extra inputs"),
        (change(("validation", "more"), 1), "validation.more: Extra inputs"),
        (change(("asked", "more"), 1), "asked.max_drop.more: Extra inputs"),
        (change(("idn_policy",), 2), "version 2 of the format is not known"),
        (change(("idn_policy",), True), "idn_policy"),
        (change(("idn_policy",), 1.0), "idn_policy"),
        (change(("exits",), "3"), "exits: Input should be a valid integer"),
        (change(("exits",), True), "exits: Input should be a valid integer"),
        (change(("exits",), 4), "thresholds has 2 entries for 4 exits"),
        (change(("thresholds",), [0.5]), "thresholds has 1 entry for 3 exits"),
        (change(("thresholds", 0), float("nan")), "it holds NaN"),
        (change(("costs", 0), float("-inf")), "it holds -Infinity"),
        (change(("thresholds", 0), 0.5).replace("0.5,", "1e999,"), "thresholds.0: Input should be a finite"),
        (change(("thresholds", 0), 10**400), "thresholds.0"),
        (change(("thresholds", 0), "0.5"), "thresholds.0: Input should be a valid number"),
        (change(("thresholds", 0), True), "thresholds.0: Input should be a valid number"),
        (change(("thresholds", 0), 1.5), "threshold 1.5 is out of range for learned"),
        (change(("costs",), [1.0]), "costs has 1 entry for 3 exits"),
        (change(("weights_sha256",), "ab"), "weights_sha256: String should match"),
        (change(("risk",), {}), "risk.samples: Field required"),
        (change(("risk",), TESTED), "risk is of a promise only, but asked is for max_drop"),
        (change(("asked", "for"), "luck"), "asked: Input tag 'luck'"),
        (change(("criterion",), {"name": "guess"}), "criterion: Input tag 'guess'"),
        (change(("criterion",), {}), "criterion: Unable to extract tag"),
        (change(("criterion",), {"name": ["entropy"]}), "criterion: Input tag"),
        (change(("criterion",), {"name": "vote", "temperature": 1.0}), "criterion.vote.temperature: Extra"),
        (change(("criterion",), {"name": "margin", "temperature": 0.0}), "temperature is 0"),
        (change(("criterion",), {"name": "margin", "temperature": "12"}), "criterion.margin.temperature"),
        (change(("criterion",), {"name": "margin", "temperature": True}), "criterion.margin.temperature"),
        (change(("criterion",), {"name": "margin", "temperature": [1.0, None]}), "temperature"),
        (change(("criterion",), {"name": "margin", "temperature": [1.0] * 4}), "has 4 entries for 3 exits"),
        (change(("criterion",), {"name": "margin", "temperature": [1.0]}), "1 temperature for 2 thresholds"),
        (
            change(("criterion",), {"name": "entropy", "temperature": 1.0, "normalized": 1}),
            "criterion.entropy.normalized: Input should be a valid boolean",
        ),
        (change(("criterion", "parameters", "weights"), [[1.0]]), "weights has 1 exit,"),
        (change(("criterion", "parameters", "weights", 0), [1.0]), "weights of exit 1"),
        (change(("criterion", "parameters", "weights", 0, 0), "1"), "parameters.weights.0.0"),
        (change(("criterion", "parameters", "deviations", 0, 0), 0.0), "expected positive numbers"),
        (change(("criterion", "parameters"), [1.0]), "criterion.learned.parameters"),
        (change(("criterion", "parameters", "more"), 1), "criterion.learned.parameters.more: Extra"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(text)
    with pytest.raises(PolicyError) as refused:
        PolicyFile.load(tmp_path / "policy.json")
    assert message in str(refused.value)
    assert "policy.json" in str(refused.value)


def test_a_file_that_cannot_be_read_or_written_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read: No such file"):
        PolicyFile.load(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(PolicyError, match="is no policy file"):
        PolicyFile.load(tmp_path / "bytes.json")
    with pytest.raises(PolicyError, match="cannot be written"):
        made().save(tmp_path / "no folder" / "policy.json")


def test_arguments_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(200, 3, 5\) and labels \(199,\)"):
        PolicyFile.of(
            exits.Vote([1, 2]),
            LOGITS,
            LABELS[1:],
            [1, 2, 3],
            asked=policy_file.MaxDrop(points=0),
            weights_sha256=WEIGHTS,
        )
    with pytest.raises(ValueError, match="weights_sha256"):
        made(weights_sha256="none")


def test_the_weights_digest_is_of_names_types_shapes_and_bytes_alone() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    weights = model.state_dict()
    digest = policy_file.weights_digest(weights)
    assert digest == policy_file.weights_digest(dict(reversed(weights.items())))
    strided = {
        name: value.t().contiguous().t() if value.dim() == 2 else value for name, value in weights.items()
    }
    assert digest == policy_file.weights_digest(strided)
    changes = {
        "a value": {**weights, "0.bias": weights["0.bias"] + 1},
        "a type": {**weights, "0.bias": weights["0.bias"].double()},
        "a shape": {**weights, "0.bias": weights["0.bias"][None]},
        "a name": {"1.bias.": weights["1.bias"], **{k: v for k, v in weights.items() if k != "1.bias"}},
        "one less": {k: v for k, v in weights.items() if k != "1.bias"},
    }
    digests = {what: policy_file.weights_digest(other) for what, other in changes.items()}
    assert len({digest, *digests.values()}) == len(changes) + 1
    # Half the names and half the values each, so that no boundary can be moved unseen.
    two = {"ab": torch.zeros(2, dtype=torch.uint8), "c": torch.zeros(1, dtype=torch.uint8)}
    moved = {"a": torch.zeros(2, dtype=torch.uint8), "bc": torch.zeros(1, dtype=torch.uint8)}
    assert policy_file.weights_digest(two) != policy_file.weights_digest(moved)
    assert policy_file.weights_digest({"n": torch.tensor(3, dtype=torch.bfloat16)})
    with pytest.raises(ValueError, match="extra is a int, expected a tensor"):
        policy_file.weights_digest({"extra": 3})


def test_the_digests_stay_what_they_are_in_files_already_written() -> None:
    weights = {"w": torch.tensor([[1.0, 2.0]]), "b": torch.tensor(3)}
    assert policy_file.weights_digest(weights) == (
        "8261a36d3daaf067f8f70ef3ac571f4f78019bbe3666aa2c6b6b9b504d2ecf1e"
    )
    trace = np.arange(6, dtype=np.float32).reshape(1, 2, 3), np.array([2])
    assert policy_file.trace_digest(*trace) == (
        "0d3a88577df4dc16d51a8eb5976414df23a2e2b63a9a90b9d46f0b418635ac1c"
    )
