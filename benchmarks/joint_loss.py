"""Joint loss forward and backward against the loop over cross_entropy a user would write.

Three exits, batch 512, 10 classes, one thread and all threads. Target: at most 0.7 of the loop's time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from side_by_side import arguments, compare, show
from torch.nn.functional import cross_entropy

import idn

WEIGHTS = [1.0, 1.0, 1.0]
STEPS = 200


def timed(step: Callable[[], None]) -> Callable[[], float]:
    def microseconds() -> float:
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        return (time.perf_counter() - start) / STEPS * 1e6

    return microseconds


def main() -> None:
    options = arguments(__doc__, repeats=21)
    torch.manual_seed(0)
    logits = [torch.randn(512, 10, requires_grad=True) for _ in range(3)]
    target = torch.randint(0, 10, (512,))

    def ours() -> None:
        torch.autograd.grad(idn.joint_loss(logits, target, WEIGHTS), logits)

    def loop() -> None:
        loss = sum(weight * cross_entropy(z, target) for weight, z in zip(WEIGHTS, logits, strict=True))
        torch.autograd.grad(loss, logits)

    threads = torch.get_num_threads()
    for count in sorted({1, threads}):
        torch.set_num_threads(count)
        result = compare(timed(ours), timed(loop), options.repeats)
        show(f"joint loss, {count} thread(s)", result, "us", "<= 0.7", as_json=options.json)


if __name__ == "__main__":
    main()
