"""Time per sample: the trunk alone against the network with its exits, one sample at a time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
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

    The two are interleaved sample by sample and take turns to go first, so that a slow moment of the machine
    meets both. One pass over the samples is one repeat; what is reported is the median of the repeats' means,
    and as spread the least and the most.

    :param images: (samples, channels, height, width), normalised, on the model's device.
    :returns: `trunk_ms`, `branchy_ms` (per sample), `gain` (trunk / branchy), `samples`, `repeats`,
        `threads`, and `spread` with `trunk_ms`, `branchy_ms` and `gain` as [least, most].
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

    def timed(run: Callable[[torch.Tensor], object], image: torch.Tensor) -> float:
        _wait(image)
        started = clock()
        run(image)
        _wait(image)
        return clock() - started

    samples = [images[index : index + 1] for index in range(len(images))]
    means: dict[str, list[float]] = {"trunk": [], "branchy": []}
    with torch.inference_mode():
        for image in samples[: min(10, len(samples))]:
            trunk(image)
            branchy(image)
        for repeat in range(repeats):
            seconds = {"trunk": 0.0, "branchy": 0.0}
            for index, image in enumerate(samples):
                turns: list[tuple[str, Callable[[torch.Tensor], object]]]
                turns = [("trunk", trunk), ("branchy", branchy)]
                for name, run in turns if (index + repeat) % 2 == 0 else reversed(turns):
                    seconds[name] += timed(run, image)
            for name, total in seconds.items():
                means[name].append(1000 * total / len(samples))
    gains = [one / other for one, other in zip(means["trunk"], means["branchy"], strict=True)]
    return {
        "trunk_ms": statistics.median(means["trunk"]),
        "branchy_ms": statistics.median(means["branchy"]),
        "gain": statistics.median(means["trunk"]) / statistics.median(means["branchy"]),
        "samples": len(samples),
        "repeats": repeats,
        "threads": torch.get_num_threads(),
        "spread": {
            "trunk_ms": [min(means["trunk"]), max(means["trunk"])],
            "branchy_ms": [min(means["branchy"]), max(means["branchy"])],
            "gain": [min(gains), max(gains)],
        },
    }


def _wait(image: torch.Tensor) -> None:
    if image.is_cuda:
        import torch

        torch.cuda.synchronize(image.device)
