"""The steps of a run that need the network: data and training, traces, measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn._words import counted
from idn.errors import RunError
from idn.experiment import files, starting, summary
from idn.experiment.comparison import wilson
from idn.experiment.config import zoo_name

if TYPE_CHECKING:
    import torch

    from idn.branchy import Branchy
    from idn.costs import ExitCosts
    from idn.data import Batches, Dataset, Normalizer, Splits
    from idn.exits import Policy
    from idn.experiment.schema import RunConfig
    from idn.store import Trace

Reporter = Callable[[str], None]
SPLITS = ("validation", "test")


@dataclass(frozen=True)
class Trained:
    """A trained network, in evaluation mode, with its data.

    `batches` gives a split in order, normalised; `seconds` is the time of all epochs, resumed ones included;
    `trunk` what the trunk alone was worth before its exits were trained, None if it never was alone.
    """

    model: Branchy
    batches: Callable[[str], Batches]
    test: Dataset
    normalizer: Normalizer
    costs: ExitCosts
    device: torch.device
    seconds: float
    trunk: dict[str, Any] | None


def data_identity(config: RunConfig) -> str | None:
    """A digest of data of one's own, which may change under its name; None for known data sets."""
    import hashlib

    import numpy as np

    from idn import data

    if config.data.name in [source.name for source in data.registry()]:
        return None
    splits = data.load(
        config.data.name, config.data.root, validation=config.data.validation, seed=config.data.seed
    )
    digest = hashlib.sha256()
    for part in (splits.train, splits.validation, splits.test):
        digest.update(np.ascontiguousarray(part.images).data)
        digest.update(np.ascontiguousarray(part.labels).data)
    return digest.hexdigest()[:16]


def build_model(config: RunConfig, splits: Splits) -> Branchy:
    """Builds the network for the data, with initial weights that follow from the seed alone.

    A network without early exits has one exit, its output.

    :raises ValueError: if it does not fit the images.
    """
    import torch

    from idn import models
    from idn.branchy import Branchy

    _, channels, height, width = splits.train.images.shape
    if height != width:
        raise ValueError(f"images are {height}x{width}; {config.model.name} takes square ones")
    torch.manual_seed(config.training.seed)
    model = models.build(
        config.model.name,
        classes=len(splits.train.classes),
        in_channels=channels,
        image_size=height,
        **config.model.options,  # type: ignore[arg-type]
    )
    if isinstance(model, Branchy):
        return model
    return Branchy(model, {}, example_input=torch.zeros(1, channels, height, width))


def train(
    config: RunConfig,
    run_dir: Path,
    tell: Reporter,
    log: Reporter | None = None,
    start: Path | None = None,
) -> Trained:
    """Loads the data and trains, or continues an interrupted training from its checkpoint.

    :param log: takes the lines of the training; if None, there are bars on a terminal and lines elsewhere.
    :param start: the finished run whose network this one starts from.
    :raises ValueError: for settings that do not fit the data or the network.
    :raises idn.errors.DataError: if the data is missing or damaged.
    """
    import torch

    from idn import costs, data
    from idn.training import Trainer

    splits = data.load(
        config.data.name, config.data.root, validation=config.data.validation, seed=config.data.seed
    )
    model = build_model(config, splits)
    summary.check(config, model.exit_count, len(splits.validation))
    cost = costs.count(model, torch.zeros(1, *splits.train.images.shape[1:]))
    trunk = None
    if start is not None:
        trunk = starting.load(model, config, start)
    elif (name := zoo_name(config)) is not None:
        starting.load_zoo(model, config, name, len(splits.validation))
    tell(
        f"{config.model.name} with {counted(model.exit_count, 'exit')} on {config.data.name}: "
        f"{len(splits.train)} training, {len(splits.validation)} validation, {len(splits.test)} test samples"
    )
    alone = run_dir / "trunk.json"

    def before_stage(index: int) -> None:
        # Only as long as nothing but the trunk was trained is it the trunk alone.
        if index > 0 and all(stage.train == "trunk" for stage in config.training.stages[:index]):
            measured = _trunk_alone(model.trunk, trainer.batches("test"), trainer.device)
            files.write_json(alone, {**measured, "macs": cost.trunk_macs})

    trainer = Trainer(model, splits, config.training, run_dir, log=log, before_stage=before_stage)
    metrics = trainer.fit()
    return Trained(
        model,
        trainer.batches,
        splits.test,
        trainer.normalizer,
        cost,
        trainer.device,
        seconds=sum(float(epoch["time"]["seconds"]) for epoch in metrics),
        trunk=files.read_json(alone) if alone.is_file() else trunk,
    )


def restore(config: RunConfig, run_dir: Path) -> Trained:
    """What a finished run trained, from its model.pt and its data; without `seconds` and `trunk`.

    :raises idn.errors.DataError: if the data is missing or damaged.
    :raises idn.errors.RunError: if the weights are not there, cannot be read, or are not those of the run.
    """
    import torch

    from idn import costs, data
    from idn.data import Batches, Normalizer
    from idn.exits.digest import weights_digest
    from idn.training.devices import resolve_device

    splits = data.load(
        config.data.name, config.data.root, validation=config.data.validation, seed=config.data.seed
    )
    model = build_model(config, splits)
    weights = starting.read_weights(run_dir / "model.pt")
    recorded = files.read_json(run_dir / "summary.json").get("weights_sha256")
    if recorded is not None and (found := weights_digest(weights)) != recorded:
        raise RunError(
            f"{run_dir / 'model.pt'} holds other weights than the run had: their digest is {found}, that in "
            f"summary.json {recorded}; run its config again: --force"
        )
    model.load_state_dict(weights)
    device, normalizer = resolve_device(config.training.device), Normalizer.fit(splits.train.images)
    cost = costs.count(model, torch.zeros(1, *splits.train.images.shape[1:]))

    def batches(split: str) -> Batches:
        size, part = config.training.batch_size, getattr(splits, split)
        return Batches(part, size, normalizer=normalizer, shuffle=False, seed=config.training.seed)

    return Trained(
        model.eval().to(device), batches, splits.test, normalizer, cost, device, seconds=0.0, trunk=None
    )


def save_weights(trained: Trained, run_dir: Path) -> str:
    """Writes the weights to model.pt, as `torch.load(..., weights_only=True)` reads them.

    :returns: their digest, as policy files name the network by.
    :raises idn.errors.RunError: if it cannot be written.
    """
    import io

    import torch

    from idn.exits.digest import weights_digest
    from idn.training.files import write_atomically

    weights = {name: value.cpu().contiguous() for name, value in trained.model.state_dict().items()}
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    write_atomically(run_dir / "model.pt", buffer.getvalue())
    return weights_digest(weights)


def _trunk_alone(trunk: torch.nn.Module, batches: Batches, device: torch.device) -> dict[str, Any]:
    """Accuracy of the trunk by itself, in percent, with its 95 % interval."""
    from idn.branchy import evaluating

    correct = samples = 0
    with evaluating(trunk):
        for images, labels, _ in batches:
            correct += int((trunk(images.to(device)).argmax(dim=1).cpu() == labels).sum())
            samples += len(labels)
    return {"test_accuracy": 100 * correct / samples, "accuracy_interval": list(wilson(correct, samples))}


def record(trained: Trained, config: RunConfig, run_dir: Path) -> dict[str, Trace]:
    """Writes the logits of every exit for validation and test to traces.h5, and reads them back.

    :raises idn.errors.RunError: if a logit is not finite.
    """
    import numpy as np

    from idn import inference, store

    path = run_dir / "traces.h5"
    attributes = {"experiment": config.experiment, "model": config.model.name, "data": config.data.name}
    with store.TraceWriter(path, attributes=attributes) as writer:
        for split in SPLITS:
            logits, labels, index = inference.record(trained.model, trained.batches(split), trained.device)
            if not np.isfinite(logits).all():
                sample, exit_index = np.argwhere(~np.isfinite(logits))[0][:2]
                raise RunError(
                    f"exit {exit_index + 1} gives a logit that is not finite for {split} sample {sample}: "
                    "training has diverged; lower the learning rate"
                )
            writer.append(split, logits=logits, labels=labels, index=index)
    return {split: store.read_trace(path, split) for split in SPLITS}


def measure(trained: Trained, config: RunConfig, policy: Policy) -> dict[str, Any]:
    """Times the network on `timed_images`."""
    from idn.experiment import timing

    images = timed_images(trained, config.measure.samples)
    return timing.measure(trained.model, images, policy, config.measure.repeats)


def timed_images(trained: Trained, count: int) -> torch.Tensor:
    """Test images, normalised, drawn evenly over the split; `count` of them or all."""
    import numpy as np
    import torch

    test = trained.test
    chosen = np.linspace(0, len(test) - 1, min(count, len(test))).round().astype(np.int64)
    images = trained.normalizer(torch.from_numpy(np.ascontiguousarray(test.images[chosen])))
    return images.to(trained.device)
