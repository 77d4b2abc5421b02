"""B-LeNet and B-AlexNet against their own trunks, both in our engine, heads and decisions included.

The gain in time, trunk over early exits, beside the gain in operations of the same answers; their ratio is to
be at least 0.9. Two settings each: the zoo's network at the exit rates of its policy on the CIFAR10 test
images, and the rates that the paper publishes, for which 4.1x (28 x 28 x 1) and 1.44x of operations are
expected. Samples that leave lie anywhere in their batch. One thread. The microseconds that any call costs are
the same on both sides, whoever leaves: at batch 1 they are part of what a small network takes.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from leaving import leaving
from side_by_side import arguments, compare, show

import idn

SAMPLES = 512
BATCHES = (1, 16, 128)


def mean_us(engine: idn.Engine, batches: tuple[torch.Tensor, ...]) -> float:
    started = time.perf_counter()
    for x in batches:
        engine(x)
    return 1e6 * (time.perf_counter() - started) / SAMPLES


def gains(
    name: str, model: idn.Branchy, shape: tuple[int, ...], rates: list[float], repeats: int, *, as_json: bool
) -> None:
    images = torch.randn(SAMPLES, *shape, generator=torch.Generator().manual_seed(0))
    example = torch.randn(2, *shape)
    with TemporaryDirectory() as folder:
        idn.export(model, (example,), Path(folder) / "branchy.safetensors")
        idn.export(model.trunk, (example,), Path(folder) / "trunk.safetensors", exits=["output"])
        graph = idn.load(Path(folder) / "branchy.safetensors")
        trunk = idn.load(Path(folder) / "trunk.safetensors")
        engine = idn.Engine(graph, leaving(graph, images, rates[:-1]))
        alone = idn.Engine(trunk, idn.exits.Confidence([]))
        answers = engine(images)
        operations = trunk.operations() / float(answers.operations.double().mean())
        left = torch.bincount(answers.exits, minlength=len(rates)) / SAMPLES
        shown = ", ".join(f"{rate:.1%}" for rate in left.tolist())
        for batch in BATCHES:
            batches = images.split(batch)
            result = compare(
                lambda given=batches: mean_us(engine, given),
                lambda given=batches: mean_us(alone, given),
                repeats,
            )
            times = 1 / result["ratio"]
            found = f"{times:.2f}x in time, {operations:.2f}x in operations, {times / operations:.2f} of it"
            title = f"{name}, batch {batch} ({shown} leave): {found}"
            show(title, result, "us a sample", "time over operations >= 0.9", as_json=as_json)


def main() -> None:
    options = arguments(__doc__, repeats=11)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name in ("b_lenet_cifar10", "b_alexnet_cifar10"):
        card = idn.zoo.card(name)
        rates = [rate / 100 for rate in card.test.exit_rates]
        gains(name, idn.zoo.load(name), card.input_shape, rates, options.repeats, as_json=options.json)
    lenet = idn.models.build("b_lenet", in_channels=1, image_size=28).eval()
    gains(
        "B-LeNet, published rates", lenet, (1, 28, 28), [0.943, 0.057], options.repeats, as_json=options.json
    )
    alexnet = idn.models.build("b_alexnet").eval()
    rates = [0.656, 0.252, 0.092]
    gains("B-AlexNet, published rates", alexnet, (3, 32, 32), rates, options.repeats, as_json=options.json)


if __name__ == "__main__":
    main()
