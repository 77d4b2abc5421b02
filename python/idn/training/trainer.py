"""Training a network with exits: stages in order, and a checkpoint to go on from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from idn.data import Augment, Batches, Normalizer, Splits
from idn.training import randomness
from idn.training.config import TrainingConfig
from idn.training.devices import laid_out, resolve_device, using_threads
from idn.training.distributed import World, join_world
from idn.training.files import MetricsLog
from idn.training.gradients import GradientNorms
from idn.training.optimizers import make_optimizer
from idn.training.progress import Progress
from idn.training.stage_run import Run, StageRun
from idn.training.stages import logits_of, part_of, prepared
from idn.training.state import Checkpoints, Position
from idn.training.tally import Tally
from idn.training.tensorboard import EventFiles

__all__ = ["Trainer"]


class Trainer:
    """Trains a model with exits, stage by stage, and leaves it trained, in evaluation mode.

    Everything follows from the model, the data and the config; on a CPU, the same number of threads gives the
    same bits. Loss and accuracy are written to `run_dir/metrics.jsonl`, a line per epoch, and the state to
    `run_dir/checkpoint.pt`, from which an interrupted run goes on to the same bits. Under torchrun, each
    process takes its share of every batch; batch norm then sees only that share.

    :param model: a `Branchy`, or any module that gives logits (batch, classes) or a list, one per exit.
    :param splits: the train split is trained on, the validation split measured, the test split not touched.
    :param device: "auto", "cpu" or "cuda", instead of the config's.
    :param log: where lines go, stderr if None; or a `Progress` of the caller's own.
    :param before_stage: called in the main process with the index of each stage that starts at its beginning,
        the model being as the stage before left it; again where a run is resumed just there.
    :raises ValueError: for a device that is not there, a model that does not fit the data, weights or stages
        that do not fit the model, or TensorBoard asked for but not installed.
    """

    def __init__(
        self,
        model: nn.Module,
        splits: Splits,
        config: TrainingConfig,
        run_dir: Path,
        *,
        device: str | None = None,
        log: Progress | Callable[[str], None] | None = None,
        before_stage: Callable[[int], None] | None = None,
    ) -> None:
        self.model = model
        self.splits = splits
        self.config = config
        self.run_dir = Path(run_dir)
        self.device = resolve_device(device or config.device)
        self.normalizer = Normalizer.fit(splits.train.images)
        self._progress = log if isinstance(log, Progress) else Progress(log)
        self._before_stage = before_stage
        self._exits = self._count_exits()
        for stage in config.stages:
            part_of(model, stage, config, self._exits)
        EventFiles.check_installed(wanted=config.tensorboard)

    def fit(self) -> list[dict[str, Any]]:
        """Train, or go on from the checkpoint in the run directory if there is one.

        :returns: the metrics of all epochs, those before an interruption included. Each is a dict: `stage`,
            `epoch` (within the stage, from 1), `lr` (of its last step), `loss` (what was minimised, without
            penalties, averaged over samples); per exit, and None for one not trained, `train_loss`,
            `train_accuracy`, `validation_loss`, `validation_accuracy` (nats, percent; the last two None for
            an epoch that was not measured); and `time`, with `seconds` and `images_per_second` of training.
        :raises ValueError: for a batch size that the processes cannot share.
        :raises idn.errors.RunError: if the loss is no longer finite, a file cannot be written, or the
            checkpoint is damaged or of another model, config or data set.
        """
        with ExitStack() as stack:
            world = stack.enter_context(join_world(self.device.type))
            if self.device.type == "cuda" and world.size > 1:
                self.device = torch.device("cuda", world.local_rank)
            stack.enter_context(using_threads(self.config.threads))
            stack.enter_context(_deterministic_cudnn())
            self.model.to(self.device)
            stack.enter_context(laid_out(self.model))
            run = stack.enter_context(self._prepare(world))
            self._run_stages(run)
            self.model.eval()
            return run.metrics.read()

    def batches(self, split: str, *, batch_size: int | None = None) -> Batches:
        """Return the samples of a split ("train", "validation", "test") in order, normalised as in training.

        :raises ValueError: for another name.
        """
        if split not in ("train", "validation", "test"):
            raise ValueError(f"split is {split!r}, expected 'train', 'validation' or 'test'.")
        return Batches(
            getattr(self.splits, split),
            batch_size or self.config.batch_size,
            normalizer=self.normalizer,
            shuffle=False,
            seed=self.config.seed,
        )

    def _count_exits(self) -> int:
        from idn.branchy import evaluating

        images, _, _ = next(iter(self.batches("train", batch_size=1)))
        self.model.to(self.device)
        with evaluating(self.model):
            logits = logits_of(self.model(images.to(self.device)))
        classes = len(self.splits.train.classes)
        for index, exit_logits in enumerate(logits):
            if exit_logits.shape != (1, classes):
                raise ValueError(
                    f"exit {index + 1} gives {tuple(exit_logits.shape)} for one sample, "
                    f"expected (1, {classes}): {self.splits.train.name!r} has {classes} classes; "
                    f"build the model with classes={classes}."
                )
        return len(logits)

    @contextmanager
    def _prepare(self, world: World) -> Iterator[Run]:
        config = self.config

        def batches(split: str, augment: Augment | None, shuffle: bool) -> Batches:
            return Batches(
                getattr(self.splits, split),
                config.batch_size,
                normalizer=self.normalizer,
                augment=augment,
                shuffle=shuffle,
                seed=config.seed,
                rank=world.rank,
                world=world.size,
            )

        if world.is_main:
            self.run_dir.mkdir(parents=True, exist_ok=True)
        with (
            EventFiles(self.run_dir, enabled=config.tensorboard and world.is_main) as events,
            Progress.quiet_unless(self._progress, wanted=world.is_main) as progress,
        ):
            yield Run(
                config=config,
                device=self.device,
                world=world,
                exits=self._exits,
                train=batches("train", Augment() if config.augment == "crop_flip" else None, shuffle=True),
                validation=batches("validation", None, shuffle=False),
                progress=progress,
                metrics=MetricsLog(self.run_dir / "metrics.jsonl"),
                events=events,
                checkpoints=Checkpoints(self.run_dir, self.model, config, self.splits.train, world),
            )

    def _run_stages(self, run: Run) -> None:
        randomness.seed_everything(self.config.seed + run.world.rank)
        state = run.checkpoints.load()
        start = Position() if state is None else state.position
        if run.world.is_main:
            run.metrics.truncate(0 if state is None else state.metrics_size)
            if state is not None:
                if start.stage == len(self.config.stages):
                    say = f"{run.checkpoints.path} is trained to its end; delete it to train again"
                else:
                    say = (
                        f"going on from {run.checkpoints.path}: stage {start.stage + 1}, "
                        f"epoch {start.epoch + 1}, step {start.step + 1}"
                    )
                run.progress.say(say)
        for index in range(start.stage, len(self.config.stages)):
            stage = self.config.stages[index]
            part = part_of(self.model, stage, self.config, self._exits)
            optimizer = make_optimizer(stage.optimizer, part.parameters, self.config.l2)
            tally, norms = Tally(part.trained), GradientNorms()
            if state is not None and index == start.stage:
                if state.optimizer is not None:
                    optimizer.load_state_dict(state.optimizer)
                    tally.load(state.tally)
                    norms.load(state.tally["gradient_norms"], self.device)
                randomness.set_states(state.randomness)
            first = start if index == start.stage else Position(stage=index)
            if first == Position(stage=index) and run.world.is_main and self._before_stage is not None:
                self._before_stage(index)
            with prepared(part):
                StageRun(run, index, part, optimizer, tally, norms).go(first)
        if run.world.is_main:
            run.metrics.path.touch()  # without a stage there was nothing to write
        self.model.zero_grad(set_to_none=True)


@contextmanager
def _deterministic_cudnn() -> Iterator[None]:
    cudnn = torch.backends.cudnn
    before = (cudnn.deterministic, cudnn.benchmark)
    cudnn.deterministic, cudnn.benchmark = True, False
    try:
        yield
    finally:
        cudnn.deterministic, cudnn.benchmark = before
