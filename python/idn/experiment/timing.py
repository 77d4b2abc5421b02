"""Time per sample: the trunk alone against the network with its exits, one sample at a time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

    from idn.branchy import Branchy
    from idn.exits import Policy

Clock = Callable[[], float]


def measure(
    model: Branchy, images: torch.Tensor, policy: Policy, repeats: int, *, clock: Clock = time.perf_counter
) -> dict[str, Any]:
    """Times `idn.inference.infer`, heads and decisions included, against the trunk's own forward.

    Sample by sample three things run in turn: the trunk, the network under its policy, and the network with
    every exit asked and none taken, which is looked at after each exit. The first two take turns to go first,
    so that a slow moment of the machine meets both. One pass over the samples is one repeat.

    Samples that take the same way do the same work, so a repeat's time of a way is the median of its samples:
    one that the machine interrupted does not count. The network's own is the mean of its exits' medians, by
    the share that leaves at each. Ratios are taken within a repeat, and of all the median of the repeats is
    reported, with the least and the most as spread.

    :param images: (samples, channels, height, width), normalised, on the model's device.
    :returns: `trunk_ms`, `branchy_ms` (per sample), `gain` (trunk / branchy), `exit_ms` (of a sample that
        leaves at each exit, all heads and decisions before it included; never less than at the exit before),
        `samples`, `repeats`, `threads`, and `spread` with `trunk_ms`, `branchy_ms` and `gain` as [least,
        most].
    :raises ValueError: without samples or repeats.
    """
    import torch

    model.eval()
    with torch.inference_mode():
        return over(_Ways(model, policy, clock), images, repeats) | {"threads": torch.get_num_threads()}


class Ways(Protocol):
    """The ways that are timed against each other."""

    def run(self, image: torch.Tensor, *, trunk_first: bool) -> tuple[Times, int]:
        """Times all ways on a batch of one, in seconds; also gives the exit the sample left at."""
        ...


def over(ways: Ways, images: torch.Tensor, repeats: int) -> dict[str, Any]:
    """Times ways as `measure` does, which is the same but for `threads`.

    :raises ValueError: without samples or repeats.
    """
    if len(images) == 0 or repeats < 1:
        raise ValueError(f"timing needs samples and repeats, not {len(images)} and {repeats}")
    samples = [images[index : index + 1] for index in range(len(images))]
    for image in samples[: min(10, len(samples))]:
        ways.run(image, trunk_first=True)
    found = [_repeat(ways, samples, number) for number in range(repeats)]
    trunk, branchy = [one.trunk for one in found], [one.branchy for one in found]
    gains = [one.trunk / one.branchy for one in found]
    trunk_ms = statistics.median(trunk)
    return {
        "trunk_ms": trunk_ms,
        "branchy_ms": statistics.median(branchy),
        "gain": statistics.median(gains),
        "exit_ms": [
            trunk_ms * statistics.median(one.exits[index] / one.trunk for one in found)
            for index in range(len(found[0].exits))
        ],
        "samples": len(samples),
        "repeats": repeats,
        "spread": {
            "trunk_ms": [min(trunk), max(trunk)],
            "branchy_ms": [min(branchy), max(branchy)],
            "gain": [min(gains), max(gains)],
        },
    }


@dataclass(frozen=True)
class Times:
    """Of one sample in seconds, or of one repeat in milliseconds; `exits` one for each exit, or none."""

    trunk: float
    branchy: float
    exits: list[float]


def _repeat(ways: Ways, samples: Sequence[torch.Tensor], number: int) -> Times:
    times: list[Times] = []
    by_exit: dict[int, list[float]] = {}
    for index, image in enumerate(samples):
        one, left = ways.run(image, trunk_first=(index + number) % 2 == 0)
        times.append(one)
        by_exit.setdefault(left, []).append(one.branchy)
    shares = [(len(some) / len(samples), statistics.median(some)) for some in by_exit.values()]
    return Times(
        1000 * statistics.median(one.trunk for one in times),
        1000 * sum(share * seconds for share, seconds in shares),
        [1000 * statistics.median(column) for column in zip(*(one.exits for one in times), strict=True)],
    )


class _Ways:
    """The ways through the network that are timed, for one sample after the other."""

    def __init__(self, model: Branchy, policy: Policy, clock: Clock) -> None:
        self._model = model
        self._policy = policy
        self._clock = clock

    def run(self, image: torch.Tensor, *, trunk_first: bool) -> tuple[Times, int]:
        """Times all ways, in seconds; also gives the exit the sample left at."""
        if trunk_first:
            trunk = self._trunk(image)
            branchy, left = self._branchy(image)
        else:
            branchy, left = self._branchy(image)
            trunk = self._trunk(image)
        return Times(trunk, branchy, self._exits(image)), left

    def _trunk(self, image: torch.Tensor) -> float:
        started = self._now(image)
        self._model.trunk(image).argmax(dim=1).cpu()
        return self._now(image) - started

    def _branchy(self, image: torch.Tensor) -> tuple[float, int]:
        from idn import inference

        started = self._now(image)
        found = inference.infer(self._model, image, self._policy)
        return self._now(image) - started, int(found.exits)

    def _exits(self, image: torch.Tensor) -> list[float]:
        from idn import inference

        asked = _AskedAndStaying(self._policy, lambda: self._now(image))
        started = self._now(image)
        inference.infer(self._model, image, asked)
        # What follows a decision to leave, the label and its confidence, is seen at the last exit only.
        after = self._now(image) - asked.decided[-1]
        return [decided - started + after for decided in asked.decided]

    def _now(self, image: torch.Tensor) -> float:
        """The time once what was begun on the image's device is done."""
        if image.is_cuda:
            import torch

            torch.cuda.synchronize(image.device)
        return self._clock()


class _AskedAndStaying:
    """Asks a policy at every exit, as ever, notes when it had decided, and lets nobody leave."""

    def __init__(self, policy: Policy, now: Callable[[], float]) -> None:
        self._policy = policy
        self._now = now
        self.thresholds = policy.thresholds
        self.decided: list[float] = []

    def should_exit(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        stays = torch.zeros_like(self._policy.should_exit(outputs))
        self.decided.append(self._now())
        return stays
