"""The training loop: the epochs and steps of one stage."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from idn.data import Batches
from idn.errors import RunError
from idn.loss import joint_loss
from idn.training.config import Stage, TrainingConfig
from idn.training.devices import channels_last
from idn.training.distributed import World
from idn.training.files import MetricsLog
from idn.training.gradients import GradientNorms
from idn.training.optimizers import add_l1_gradient, penalised
from idn.training.progress import Progress
from idn.training.schedule import learning_rate
from idn.training.stages import Part, logits_of
from idn.training.state import Checkpoints, Position
from idn.training.tally import Tally, Totals
from idn.training.tensorboard import EventFiles

__all__ = ["Run", "StageRun"]


@dataclass(frozen=True)
class Run:
    """What all stages of a run share, in one process."""

    config: TrainingConfig
    device: torch.device
    world: World
    exits: int
    train: Batches
    validation: Batches
    progress: Progress
    metrics: MetricsLog
    events: EventFiles
    checkpoints: Checkpoints


@dataclass
class StageRun:
    """One stage of a run."""

    run: Run
    index: int
    part: Part
    optimizer: torch.optim.Optimizer
    tally: Tally
    norms: GradientNorms
    lr: float = 0.0
    module: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self.module = self.part.module
        if self.run.world.size > 1:
            self.module = DistributedDataParallel(self.part.module)

    @property
    def stage(self) -> Stage:
        """The config of this stage."""
        return self.run.config.stages[self.index]

    def go(self, start: Position) -> None:
        """Train from `start`, which is in this stage, to its end."""
        for epoch in range(start.epoch, self.stage.epochs):
            self._epoch(epoch, start.step if epoch == start.epoch else 0)

    def _epoch(self, epoch: int, first_step: int) -> None:
        run = self.run
        title = f"{self.stage.train} {epoch + 1}/{self.stage.epochs}"
        run.train.set_epoch(self._epochs_before() + epoch)
        run.progress.begin_epoch(title, len(run.train), first_step)
        self.part.module.train()
        if self.part.frozen is not None:
            self.part.frozen.eval()
        every = run.config.checkpoint_every_steps
        began = time.perf_counter() - self.tally.seconds
        for step, (images, labels, _) in enumerate(run.train.starting_at(first_step), start=first_step):
            loss = self._step(epoch, step, images.to(run.device), labels.to(run.device))
            run.progress.step(step + 1, loss)
            self.tally.seconds = time.perf_counter() - began
            if every is not None and (step + 1) % every == 0 and step + 1 < len(run.train):
                self._save(Position(self.index, epoch, step + 1))
        self._finish_epoch(title, epoch)

    def _step(self, epoch: int, step: int, images: torch.Tensor, labels: torch.Tensor) -> float:
        config, world = self.run.config, self.run.world
        self.lr = learning_rate(
            self.stage.schedule, self.stage.optimizer.lr, epoch + step / len(self.run.train)
        )
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr
        self.optimizer.zero_grad(set_to_none=True)
        logits = self._logits(self.module, images)
        loss = joint_loss(logits, labels, self.part.weights, divide_by_classes=config.divide_by_classes)
        # DDP averages over processes, however many samples each had; this makes it the mean of the batch.
        everyones = world.sum(torch.tensor([float(len(labels))], device=self.run.device))
        share = len(labels) * world.size / float(everyones)
        scaled = loss if share == 1 else loss * share
        scaled.backward()
        value = float(world.sum(scaled.detach())) / world.size
        if not math.isfinite(value):
            bad = [not bool(torch.isfinite(exit_logits).all()) for exit_logits in logits]
            raise self._diverged(f"loss is {value}", f"epoch {epoch + 1}, step {step + 1}", bad)
        if config.gradient_norms:
            self.norms.add(self.part.module)
        if config.l1:
            add_l1_gradient(penalised(self.part.parameters), config.l1)
        self.optimizer.step()
        self.tally.add(float(loss.detach()), logits, labels)
        return value

    def _logits(self, module: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
        enabled = self.run.config.precision == "bfloat16"
        with torch.autocast(self.run.device.type, torch.bfloat16, enabled=enabled):
            logits = logits_of(module(channels_last(images)))[: self.part.trained]
        return [exit_logits.float() for exit_logits in logits]

    def _diverged(self, what: str, when: str, bad: Sequence[bool]) -> RunError:
        exits = [str(self.part.first + index) for index, is_bad in enumerate(bad, start=1) if is_bad]
        where = f" (not finite: exit {', '.join(exits)})" if exits else ""
        return RunError(
            f"the {what} in stage {self.index + 1} ({self.stage.train}), {when}{where}: "
            f"training has diverged. Lower optimizer.lr, which is {self.lr:g}, and run again in a new "
            "directory."
        )

    def _finish_epoch(self, title: str, epoch: int) -> None:
        run = self.run
        last = epoch + 1 == self.stage.epochs
        trained = self.tally.total(run.world, run.device)
        measured = None
        if last or (epoch + 1) % run.config.evaluate_every_epochs == 0:
            measured = self._evaluate()
            bad = [not math.isfinite(loss) for loss in measured.losses]
            if any(bad):
                raise self._diverged("validation loss is not finite", f"after epoch {epoch + 1}", bad)
        seconds = max(self.tally.seconds, 1e-9)
        metrics: dict[str, Any] = {
            "stage": self.stage.train,
            "epoch": epoch + 1,
            "lr": self.lr,
            "loss": trained.loss,
            "train_loss": self._per_exit(trained.losses),
            "train_accuracy": self._per_exit(trained.accuracies),
            "validation_loss": None if measured is None else self._per_exit(measured.losses),
            "validation_accuracy": None if measured is None else self._per_exit(measured.accuracies),
            "time": {"seconds": seconds, "images_per_second": trained.samples / seconds},
        }
        if run.config.gradient_norms:
            metrics["gradient_norms"] = self.norms.take()
        self.tally = Tally(self.part.trained)
        if run.world.is_main:
            run.metrics.append(metrics)
            run.events.add(self._epochs_before() + epoch + 1, metrics)
            run.progress.end_epoch(title, metrics)
        if last:
            self._save(Position(self.index + 1))
        elif (epoch + 1) % run.config.checkpoint_every_epochs == 0:
            self._save(Position(self.index, epoch + 1))

    @torch.no_grad()
    def _evaluate(self) -> Totals:
        self.part.module.eval()
        self.run.world.share(
            self.part.module.buffers()
        )  # batch norm's: DDP does so before training steps only
        tally = Tally(self.part.trained)
        for images, labels, _ in self.run.validation:
            logits = self._logits(self.part.module, images.to(self.run.device))
            tally.add(0.0, logits, labels.to(self.run.device))
        return tally.total(self.run.world, self.run.device)

    def _per_exit(self, values: list[float]) -> list[float | None]:
        padded: list[float | None] = [None] * self.run.exits
        padded[self.part.first : self.part.first + self.part.trained] = values
        return padded

    def _save(self, position: Position) -> None:
        self.run.checkpoints.save(
            position,
            optimizer=self.optimizer.state_dict() if position.stage == self.index else None,
            tally={**self.tally.state(), "gradient_norms": self.norms.state()},
            metrics_size=self.run.metrics.size,
        )

    def _epochs_before(self) -> int:
        return sum(stage.epochs for stage in self.run.config.stages[: self.index])
