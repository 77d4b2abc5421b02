"""Time per sample: the trunk alone against the network with its exits, one sample at a time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from idn.branchy import Branchy
    from idn.exits import Policy


def measure(
    model: Branchy,
    images: torch.Tensor,
    policy: Policy,
    repeats: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Any]:
    """Times `idn.inference.infer`, heads and decisions included, against the trunk's own forward.

    All are interleaved sample by sample, and the two take turns to go first, so that a slow moment of the
    machine meets all. One pass over the samples is one repeat; what is reported is the median of the repeats'
    means, and as spread the least and the most.

    :param images: (samples, channels, height, width), normalised, on the model's device.
    :returns: `trunk_ms`, `branchy_ms` (per sample), `gain` (trunk / branchy), `exit_ms` (of a sample that
        leaves at each exit, all heads and decisions before it included), `samples`, `repeats`, `threads`, and
        `spread` with `trunk_ms`, `branchy_ms` and `gain` as [least, most].
    :raises ValueError: without samples or repeats.
    """
    import torch

    from idn import inference

    if len(images) == 0 or repeats < 1:
        raise ValueError(f"timing needs samples and repeats, not {len(images)} and {repeats}")
    model.eval()

    def trunk(image: torch.Tensor) -> object:
        return model.trunk(image).argmax(dim=1).cpu()

    def branchy(image: torch.Tensor) -> object:
        return inference.infer(model, image, policy)

    def leaving_at(index: int) -> Callable[[torch.Tensor], object]:
        leaves = _LeaveAt(policy, index)
        return lambda image: inference.infer(model, image, leaves)

    def timed(run: Callable[[torch.Tensor], object], image: torch.Tensor) -> float:
        _wait(image)
        started = clock()
        run(image)
        _wait(image)
        return clock() - started

    samples = [images[index : index + 1] for index in range(len(images))]
    ways: dict[str, Callable[[torch.Tensor], object]] = {"trunk": trunk, "branchy": branchy}
    exits = [f"exit {index}" for index in range(model.exit_count)]
    ways |= {name: leaving_at(index) for index, name in enumerate(exits)}
    means: dict[str, list[float]] = {name: [] for name in ways}
    with torch.inference_mode():
        for image in samples[: min(10, len(samples))]:
            for run in ways.values():
                run(image)
        for repeat in range(repeats):
            seconds = dict.fromkeys(ways, 0.0)
            for index, image in enumerate(samples):
                # The two that are compared stand side by side, and take turns to go first.
                pair = ("trunk", "branchy") if (index + repeat) % 2 == 0 else ("branchy", "trunk")
                for name in (*pair, *exits):
                    seconds[name] += timed(ways[name], image)
            for name, total in seconds.items():
                means[name].append(1000 * total / len(samples))
    gains = [one / other for one, other in zip(means["trunk"], means["branchy"], strict=True)]
    return {
        "trunk_ms": statistics.median(means["trunk"]),
        "branchy_ms": statistics.median(means["branchy"]),
        "gain": statistics.median(means["trunk"]) / statistics.median(means["branchy"]),
        "exit_ms": [statistics.median(means[name]) for name in exits],
        "samples": len(samples),
        "repeats": repeats,
        "threads": torch.get_num_threads(),
        "spread": {
            "trunk_ms": [min(means["trunk"]), max(means["trunk"])],
            "branchy_ms": [min(means["branchy"]), max(means["branchy"])],
            "gain": [min(gains), max(gains)],
        },
    }


class _LeaveAt:
    """Asks a policy at every exit, as ever, but leaves at one exit whatever it says."""

    def __init__(self, policy: Policy, index: int) -> None:
        self._policy = policy
        self._index = index
        self.thresholds = policy.thresholds

    def should_exit(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        return torch.full_like(self._policy.should_exit(outputs), len(outputs) - 1 == self._index)


def _wait(image: torch.Tensor) -> None:
    if image.is_cuda:
        import torch

        torch.cuda.synchronize(image.device)
