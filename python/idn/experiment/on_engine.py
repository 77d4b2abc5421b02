"""A run's network as a package, and that package on the engine: the same answers, and what they cost."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from idn import exits, inference
from idn.data import Normalizer
from idn.engine import Engine
from idn.errors import ExportError
from idn.experiment import timing
from idn.experiment.comparison import wilson
from idn.exporting import export
from idn.graph import Graph, load

if TYPE_CHECKING:
    from idn.branchy import Branchy
    from idn.experiment.schema import RunConfig
    from idn.experiment.steps import Trained
    from idn.store import Trace

PACKAGE = "model.safetensors"
Clock = Callable[[], float]


def of_run(
    trained: Trained, config: RunConfig, policy: exits.Policy, trace: Trace, run_dir: Path
) -> dict[str, Any]:
    """Export the network of a run to model.safetensors, and evaluate it on the engine over the test split.

    :param trace: what the network answered there in plain PyTorch.
    :returns: as `evaluate`, with `time` as `measure`; or `reason`, where the network cannot be exported.
    """
    from idn.experiment import steps

    path = run_dir / PACKAGE
    try:
        write(trained.model, trained.test.images.shape[1:], trained.normalizer, path, trained.test.classes)
        trunk = trunk_of(trained.model, trained.test.images.shape[1:], trained.device)
    except ExportError as error:
        path.unlink(missing_ok=True)
        return {"reason": str(error)}
    engine = Engine(load(path, device=trained.device), policy)
    found = evaluate(engine, trunk, (images for images, _, _ in trained.batches("test")), trace)
    images = steps.timed_images(trained, config.measure.samples)
    return found | {"time": measure(engine, trunk, images, config.measure.repeats)}


def add(run_dir: Path) -> None:
    """Export the network of a finished run and evaluate it on the engine, without training.

    Writes model.safetensors, the entry `engine` of summary.json, and report.html again. The entry has its own
    `environment`, since environment.json is that of the training.

    :raises idn.errors.DataError: if its data is missing or damaged.
    :raises idn.errors.RunError: if its weights are not there, or a file of it is damaged.
    """
    from idn import report
    from idn.experiment import environment, files, steps
    from idn.experiment.schema import RunConfig
    from idn.training.devices import using_threads

    run = report.load(run_dir)
    config = RunConfig.model_validate(run.config)
    policy = exits.policy_of(run.summary.criterion, run.summary.thresholds)
    with using_threads(config.training.threads):
        trained = steps.restore(config, run_dir)
        found = of_run(trained, config, policy, run.trace("test"), run_dir)
        found["environment"] = environment.describe(str(trained.device))
    files.write_json(run_dir / "summary.json", files.read_json(run_dir / "summary.json") | {"engine": found})
    report.write(run_dir)


def write(
    model: Branchy, shape: tuple[int, ...], normalizer: Normalizer, path: Path, classes: list[str]
) -> None:
    """Export a network for images (batch, *shape) that `normalizer` normalised.

    :raises idn.errors.ExportError: for what a graph cannot hold.
    """
    on_cpu = copy.deepcopy(model).cpu()
    export(on_cpu, torch.zeros(1, *shape), path, ranges={"input": normalizer.range}, classes=classes)


def trunk_of(model: Branchy, shape: tuple[int, ...], device: torch.device | str = "cpu") -> Graph:
    """Give the trunk of a network alone as a graph, which is what early exits are compared with.

    :raises idn.errors.ExportError: for what a graph cannot hold.
    """
    on_cpu = copy.deepcopy(model.trunk).cpu()
    with tempfile.TemporaryDirectory() as folder:
        path = export(on_cpu, torch.zeros(1, *shape), Path(folder) / "trunk.safetensors")
        return Graph(load(path).package, device=device)


def evaluate(engine: Engine, trunk: Graph, batches: Iterable[torch.Tensor], trace: Trace) -> dict[str, Any]:
    """Run an engine over a split, and compare it with the same policy on what plain PyTorch recorded.

    :param trunk: the network without its exits.
    :param batches: the images of the split, normalised, in the order of the trace.
    :returns: `samples`, `accuracy` in percent with its 95 % `accuracy_interval`, `exit_rates` in percent,
        `same_labels` and `same_exits`, the percentage of samples with the label and the exit of plain
        PyTorch, `operations` per sample (docs/operations.md), `trunk_operations` and `operation_gain`.
    """
    answers = [engine(images.to(engine.graph.device)) for images in batches]
    labels, left, operations = (
        torch.cat([getattr(one, name) for one in answers]).numpy()
        for name in ("labels", "exits", "operations")
    )
    expected = inference.from_traces(trace.logits, engine.policy)
    correct, samples = int((labels == trace.labels).sum()), len(labels)
    counts = np.bincount(left, minlength=len(engine.graph.exits))
    mean, alone = float(operations.mean()), trunk.operations(1)
    return {
        "samples": samples,
        "accuracy": 100 * correct / samples,
        "accuracy_interval": list(wilson(correct, samples)),
        "exit_rates": [100 * float(count) / samples for count in counts],
        "same_labels": _share(labels, expected.labels),
        "same_exits": _share(left, expected.exits),
        "operations": mean,
        "trunk_operations": alone,
        "operation_gain": alone / mean,
    }


def measure(
    engine: Engine, trunk: Graph, images: torch.Tensor, repeats: int, *, clock: Clock = time.perf_counter
) -> dict[str, Any]:
    """Time an engine against the trunk in an engine of its own, one sample at a time, in turns.

    The method is that of `timing.measure`. Both give label and confidence, and check their input.

    :param images: (samples, ...), normalised, on the engine's device.
    :returns: `trunk_ms`, `branchy_ms`, `gain`, `samples`, `repeats`, `threads` and `spread`.
    :raises ValueError: without samples or repeats.
    """
    ways = _Engines(Engine(trunk, exits.Confidence([])), engine, clock)
    found = timing.over(ways, images, repeats) | {"threads": engine.threads}
    del found["exit_ms"]
    return found


@dataclass(frozen=True)
class _Engines:
    """The trunk and the network with its exits, each on an engine; answers are on the CPU, so are ready."""

    trunk: Engine
    branchy: Engine
    clock: Clock

    def run(self, image: torch.Tensor, *, trunk_first: bool) -> tuple[timing.Times, int]:
        if trunk_first:
            trunk, _ = self._time(self.trunk, image)
            branchy, left = self._time(self.branchy, image)
        else:
            branchy, left = self._time(self.branchy, image)
            trunk, _ = self._time(self.trunk, image)
        return timing.Times(trunk, branchy, []), left

    def _time(self, engine: Engine, image: torch.Tensor) -> tuple[float, int]:
        started = self.clock()
        answers = engine(image)
        return self.clock() - started, int(answers.exits)


def _share(found: NDArray[np.int64], expected: torch.Tensor) -> float:
    return 100 * float((found == expected.numpy()).mean())
