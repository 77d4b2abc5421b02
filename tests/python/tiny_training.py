"""A small problem to train on, shared by the training tests and by the processes they start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from idn.branchy import Branchy
from idn.data import Dataset, Splits
from idn.training import Trainer, TrainingConfig


def tiny_splits(samples: int = 70) -> Splits:
    """Four classes of 1x8x8 images, told apart by which quarter is bright."""
    generator = np.random.default_rng(0)

    def part(name: str, count: int) -> Dataset:
        labels = generator.integers(0, 4, count)
        images = generator.integers(0, 120, (count, 1, 8, 8))
        for image, label in zip(images, labels, strict=True):
            row, column = 4 * (label // 2), 4 * (label % 2)
            image[0, row : row + 4, column : column + 4] += 100
        return Dataset(name, images.astype(np.uint8), labels.astype(np.int64), list("abcd"))

    return Splits(part("tiny/train", samples), part("tiny/validation", 30), part("tiny/test", 30))


def tiny_model(dropout: float = 0.5, norm: bool = True) -> Branchy:
    """A chain with one exit, with batch norm and dropout unless told otherwise."""
    torch.manual_seed(3)
    trunk = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4) if norm else nn.Identity(),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(256, 4),
    )
    return Branchy(trunk, {"2": "linear"}, example_input=torch.zeros(1, 1, 8, 8))


def tiny_config(**changes: Any) -> TrainingConfig:
    """Two stages of two epochs, in five steps each."""
    settings: dict[str, Any] = {
        "stages": [
            {"train": "trunk", "epochs": 2, "optimizer": {"name": "adam", "lr": 0.01}},
            {
                "train": "joint",
                "epochs": 2,
                "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True},
                "schedule": {"name": "sgdr", "period": 2},
            },
        ],
        "batch_size": 16,
        "augment": "crop_flip",
        "seed": 7,
        "device": "cpu",
        "threads": 1,
        "l1": 1e-4,
        "l2": 1e-3,
        "gradient_norms": True,
        "checkpoint_every_steps": 2,
    }
    return TrainingConfig.model_validate({**settings, **changes})


def quiet(_line: str) -> None:
    """A log that shows nothing."""


def train(run_dir: Path, **changes: Any) -> Trainer:
    """Train the tiny model in `run_dir`."""
    trainer = Trainer(tiny_model(), tiny_splits(), tiny_config(**changes), run_dir, log=quiet)
    trainer.fit()
    return trainer
