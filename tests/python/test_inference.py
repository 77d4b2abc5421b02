"""The reference of Figure 3.2: batches decide like single samples, and traces like the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from idn import exits, inference, models
from idn.branchy import Branchy


@pytest.fixture
def model() -> Branchy:
    torch.manual_seed(0)
    return models.b_alexnet(in_channels=1, image_size=8).eval()


@pytest.fixture
def images() -> torch.Tensor:
    return 3 * torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def thresholds_that_split(model: Branchy, images: torch.Tensor, policy: exits.Policy) -> list[float | None]:
    """For each early exit a value between the two middle scores, so that half would leave."""
    with torch.no_grad():
        logits = model(images)
    scores = [policy.score(logits[k], k).sort().values for k in range(model.exit_count - 1)]
    return [float(score[len(score) // 2 - 1 : len(score) // 2 + 1].mean()) for score in scores]


POLICIES = [
    exits.Confidence([0.5, 0.5]),
    exits.Entropy([0.5, 0.5]),
    exits.Entropy([0.5, 0.5], normalized=False),
    exits.Margin([0.5, 0.5]),
]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_a_batch_is_decided_like_its_samples_one_by_one(
    model: Branchy, images: torch.Tensor, policy: exits.Policy
) -> None:
    policy = policy.with_thresholds(thresholds_that_split(model, images, policy))
    batch = inference.infer(model, images, policy)
    assert set(batch.exits.tolist()) == {0, 1, 2}
    for sample in range(len(images)):  # Figure 3.2, line by line
        with torch.no_grad():
            logits = model(images[sample : sample + 1])
        for n in range(3):
            if n == 2 or bool(policy.should_exit(logits[: n + 1])):
                break
        probabilities = logits[n].double().softmax(dim=1)
        assert int(batch.exits[sample]) == n
        assert int(batch.labels[sample]) == int(probabilities.argmax())
        # float32 convolutions of another batch size may round otherwise
        assert float(batch.confidences[sample]) == pytest.approx(float(probabilities.max()), rel=1e-5)


@pytest.mark.parametrize("policy", [*POLICIES, exits.Patience([1, 1])], ids=repr)
def test_traces_are_decided_like_the_network(
    model: Branchy, images: torch.Tensor, policy: exits.Policy
) -> None:
    if policy.name != "patience":
        policy = policy.with_thresholds(thresholds_that_split(model, images, policy))
    labels = torch.zeros(40, dtype=torch.int64)
    logits, _, _ = inference.record(model, [(images, labels, labels)])
    network, traces = inference.infer(model, images, policy), inference.from_traces(logits, policy)
    assert torch.equal(network.labels, traces.labels)
    assert torch.equal(network.exits, traces.exits)
    torch.testing.assert_close(network.confidences, traces.confidences, rtol=1e-5, atol=0)


def test_layers_after_the_last_needed_exit_do_not_run(model: Branchy, images: torch.Tensor) -> None:
    ran: list[int] = []
    model.trunk.conv3.register_forward_pre_hook(lambda _m, inputs: ran.append(len(inputs[0])))
    inference.infer(model, images, exits.Confidence([0.0, None]))
    assert ran == []
    policy = exits.Confidence([0.5, 0.5])
    policy = policy.with_thresholds(thresholds_that_split(model, images, policy))
    ran.clear()
    prediction = inference.infer(model, images, policy)
    assert ran == [int((prediction.exits > 0).sum())]  # those that left are not computed on


def test_never_means_that_the_last_exit_answers(model: Branchy, images: torch.Tensor) -> None:
    prediction = inference.infer(model, images, exits.Confidence([None, None]))
    assert prediction.exits.tolist() == [2] * 40
    assert torch.equal(prediction.labels, model.trunk(images).argmax(dim=1))


def test_a_model_that_is_no_chain_gives_the_same_answers_in_a_batch() -> None:
    class Skipping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(6, 6)
            self.second = nn.Linear(6, 6)
            self.last = nn.Linear(6, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.first(x)
            return self.last(x + self.second(x))

    torch.manual_seed(0)
    x = 3 * torch.randn(30, 6)
    model = Branchy(Skipping(), {"first": "linear", "second": "linear"}, example_input=x).eval()
    policy = exits.Confidence([0.5, 0.5])
    policy = policy.with_thresholds(thresholds_that_split(model, x, policy))
    batch = inference.infer(model, x, policy)
    assert len(set(batch.exits.tolist())) == 3
    for sample in range(len(x)):
        alone = inference.infer(model, x[sample : sample + 1], policy)
        assert (int(alone.labels), int(alone.exits)) == (int(batch.labels[sample]), int(batch.exits[sample]))


def test_an_empty_batch_has_empty_answers(model: Branchy) -> None:
    prediction = inference.infer(model, torch.zeros(0, 1, 8, 8), exits.Confidence([0.5, 0.5]))
    assert [len(part) for part in prediction] == [0, 0, 0]


def test_nan_logits_are_refused_by_exit_and_sample(model: Branchy, images: torch.Tensor) -> None:
    images[7] = float("nan")
    with pytest.raises(ValueError, match=r"(?i)exit 1.*sample 7|sample 7.*exit 1"):
        inference.infer(model, images, exits.Confidence([0.5, 0.5]))


@pytest.mark.parametrize("count", [1, 3, 4])
def test_a_policy_for_another_number_of_exits_is_refused(
    model: Branchy, images: torch.Tensor, count: int
) -> None:
    policy = exits.Confidence([0.5] * count)
    message = rf"has {count} thresholds? for 2 early exits; .*Entropy\(\[0\.5, 0\.5\]\)"
    with pytest.raises(ValueError, match=message):
        inference.infer(model, images, policy)
    with pytest.raises(ValueError, match=message):
        inference.from_traces(np.zeros((2, 3, 10), np.float32), policy)


@pytest.mark.parametrize("policy", [0.5, [0.5, 0.5], None])
def test_what_is_no_policy_is_refused_with_an_example(
    model: Branchy, images: torch.Tensor, policy: Any
) -> None:
    message = r"expected one of idn\.exits, such as idn\.exits\.Entropy\(\[0\.5, 0\.5\]\)"
    with pytest.raises(ValueError, match=message):
        inference.infer(model, images, policy)
    with pytest.raises(ValueError, match=message):
        inference.from_traces(np.zeros((2, 3, 10), np.float32), policy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.numpy(), r"x is a numpy\.ndarray, expected a torch\.Tensor"),
        (lambda x: x.tolist(), "x is a list, expected a torch.Tensor"),
        (lambda x: x.sum(), r"x is of shape \(\), expected"),
        (lambda x: x.to(torch.uint8), r"dtype torch\.uint8, the network torch\.float32; .*Normalizer"),
        (lambda x: x.double(), r"dtype torch\.float64, the network torch\.float32"),
        (lambda x: x[0], r"shape \(1, 8, 8\), expected \(batch, 1, height, width\); of one image, x\[None\]"),
        (lambda x: x[:, 0], r"shape \(40, 8, 8\), expected \(batch, 1, height, width\)"),
        (lambda x: x.expand(-1, 3, -1, -1), r"shape \(40, 3, 8, 8\), expected \(batch, 1, height, width\)"),
    ],
)
def test_images_that_are_no_batch_for_the_network_are_refused_with_what_it_takes(
    model: Branchy, images: torch.Tensor, change: Callable[[torch.Tensor], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        inference.infer(model, change(images), exits.Confidence([0.5, 0.5]))


def test_one_image_that_the_network_takes_for_a_batch_is_refused() -> None:
    trunk = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(16, 5)
    )
    model = Branchy(trunk, {"1": nn.Sequential(nn.Flatten(), nn.Linear(16, 5))}).eval()
    with pytest.raises(
        ValueError, match=r"4 answers for 3 inputs: x has shape \(3, 8, 8\), expected \(batch, 3"
    ):
        inference.infer(model, torch.zeros(3, 8, 8), exits.Confidence([0.5]))


def test_what_else_fails_in_a_network_is_not_explained_away(images: torch.Tensor) -> None:
    class Broken(nn.Module):
        def forward(self, _x: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("the network's own trouble")

    model = Branchy(nn.Sequential(Broken(), nn.Linear(3, 3)), {"0": nn.Linear(3, 3)}).eval()
    with pytest.raises(RuntimeError, match="own trouble"):
        inference.infer(model, images, exits.Confidence([0.5]))


def test_a_module_that_is_no_branchy_is_refused_with_the_way_out(images: torch.Tensor) -> None:
    with pytest.raises(TypeError, match=r"Identity, expected an idn.Branchy, .* idn.export, then idn.Engine"):
        inference.infer(torch.nn.Identity(), images, exits.Entropy([0.5]))  # type: ignore[arg-type]


def test_a_model_in_training_mode_is_refused(model: Branchy, images: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"call model.eval\(\) first"):
        inference.infer(model.train(), images, exits.Confidence([0.5, 0.5]))


def test_recording_keeps_order_and_mode(model: Branchy, images: torch.Tensor) -> None:
    index = torch.arange(40)
    batches = [(images[:25], index[:25] % 10, index[:25]), (images[25:], index[25:] % 10, index[25:])]
    model.train()
    logits, labels, places = inference.record(model, batches)
    assert model.training
    assert logits.shape == (40, 3, 10)
    assert logits.dtype == np.float32
    assert labels.tolist() == [i % 10 for i in range(40)]
    assert places.tolist() == list(range(40))
    with torch.no_grad():
        expected = torch.stack(model.eval()(images), dim=1).numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)  # float32, another batch size


def test_recording_nothing_is_refused(model: Branchy) -> None:
    with pytest.raises(ValueError, match="no batch"):
        inference.record(model, [])


def test_traces_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        inference.from_traces(np.zeros((2, 3), np.float32), exits.Confidence([0.5]))
