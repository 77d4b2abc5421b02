"""Training settings: what is refused, the learning rate, the optimizers and the penalties."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from idn.training import OptimizerConfig, ScheduleConfig, TrainingConfig
from idn.training.optimizers import add_l1_gradient, make_optimizer, penalised
from idn.training.schedule import learning_rate


def config(**changes: Any) -> TrainingConfig:
    return TrainingConfig.model_validate({"stages": [{"epochs": 1}], **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": [{"epochs": 0}]},
        {"stages": [{"epochs": 1, "train": "head"}]},
        {"stages": [{"epochs": 1, "optimizer": {"lr": 0}}]},
        {"stages": [{"epochs": 1, "optimizer": {"lr": float("nan")}}]},
        {"stages": [{"epochs": 1, "optimizer": {"lr": float("inf")}}]},
        {"stages": [{"epochs": 1, "optimizer": {"betas": [0.9, 1.0]}}]},
        {"stages": [{"epochs": 1, "schedule": {"name": "cosine"}}]},
        {"stages": [{"epochs": 1, "schedule": {"name": "sgdr", "period": 0}}]},
        {"batch_size": 0},
        {"seed": -1},
        {"exit_weights": "same"},
        {"exit_weights": [1.0, -1.0]},
        {"exit_weights": [0.0, 0.0]},
        {"exit_weights": {"alpha": 1.5}},
        {"exit_weights": {"alfa": 0.5}},
        {"augment": "flip"},
        {"precision": "float16"},
        {"device": "tpu"},
        {"l1": -1e-3},
        {"l2": float("nan")},
        {"threads": 0},
        {"checkpoint_every_steps": 0},
        {"epochs": 3},
    ],
    ids=str,
)
def test_a_setting_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**changes)


def test_nesterov_without_momentum_is_refused_with_the_fix() -> None:
    with pytest.raises(ValidationError, match="nesterov needs name: sgd and a momentum above 0"):
        OptimizerConfig(name="sgd", nesterov=True)
    with pytest.raises(ValidationError, match=r"momentum is 0\.9 but the optimizer is adam"):
        OptimizerConfig(momentum=0.9)


def test_settings_survive_json() -> None:
    for weights in ("equal", [0.2, 0.8], {"alpha": 0.9}):
        settings = config(exit_weights=weights, stages=[{"epochs": 2, "schedule": {"name": "sgdr"}}])
        assert TrainingConfig.model_validate_json(settings.model_dump_json()) == settings


def test_settings_are_checked_without_loading_torch() -> None:
    code = "import sys, idn.training.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("period", "factor", "minimum"), [(3, 1, 0.0), (2, 2, 0.01), (1, 3, 0.0)])
def test_sgdr_is_torchs_cosine_annealing_with_warm_restarts(period: int, factor: int, minimum: float) -> None:
    steps = 4
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.3)
    torchs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, period * steps, factor, minimum)
    schedule = ScheduleConfig(name="sgdr", period=period, factor=factor, minimum_lr=minimum)
    for step in range(60):
        # rounding of one cosine
        assert learning_rate(schedule, 0.3, step / steps) == pytest.approx(torchs.get_last_lr()[0], rel=1e-12)
        optimizer.step()
        torchs.step()


def test_a_constant_rate_is_constant() -> None:
    assert {learning_rate(ScheduleConfig(), 0.3, epochs) for epochs in (0, 0.5, 99)} == {0.3}


def one_step(config: OptimizerConfig, steps: int, l1: float = 0.0, l2: float = 0.0) -> list[torch.Tensor]:
    weight = nn.Parameter(torch.tensor([[2.0, -1.0]], dtype=torch.float64))
    bias = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    optimizer = make_optimizer(config, [weight, bias], l2)
    for _ in range(steps):
        optimizer.zero_grad()
        (0.5 * (weight * weight).sum() + bias.sum()).backward()  # gradients: weight, and 1
        add_l1_gradient(penalised([weight, bias]), l1)
        optimizer.step()
    return [weight.detach()[0], bias.detach()]


def test_sgd_with_penalties_is_what_the_formula_says() -> None:
    weight, bias = one_step(OptimizerConfig(name="sgd", lr=0.1), 1, l1=0.5, l2=0.25)
    # w - lr (w + l1 sign(w) + l2 w); the bias knows no penalty
    assert weight.tolist() == pytest.approx([2 - 0.1 * (2 + 0.5 + 0.5), -1 + 0.1 * (1 + 0.5 + 0.25)])
    assert bias.tolist() == pytest.approx([3 - 0.1])


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_is_what_the_formula_says(nesterov: bool) -> None:
    weight, _ = one_step(OptimizerConfig(name="sgd", lr=0.1, momentum=0.9, nesterov=nesterov), 3)
    expected, velocity = 2.0, 0.0
    for _ in range(3):
        velocity = 0.9 * velocity + expected
        expected -= 0.1 * (expected + 0.9 * velocity if nesterov else velocity)
    assert float(weight[0]) == pytest.approx(expected)


def test_adam_is_what_the_formula_says() -> None:
    weight, _ = one_step(OptimizerConfig(lr=0.1, betas=(0.8, 0.9), eps=1e-3), 3)
    expected, first, second = 2.0, 0.0, 0.0
    for t in (1, 2, 3):
        first, second = 0.8 * first + 0.2 * expected, 0.9 * second + 0.1 * expected**2
        step = (first / (1 - 0.8**t)) / (math.sqrt(second / (1 - 0.9**t)) + 1e-3)
        expected -= 0.1 * step
    assert float(weight[0]) == pytest.approx(expected)
