"""B-LeNet and B-AlexNet against their own trunks, both in our engine, heads and decisions included.

The gain in time, trunk over early exits, beside the gain in operations at the same exit rates; their ratio is
to be at least 0.9. Two settings each: the zoo's network at the exit rates of its policy on the CIFAR10 test
images, and the rates that the paper publishes, for which 4.1x (28 x 28 x 1) and 1.44x of operations are
expected. Batch 1, one thread.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from side_by_side import arguments, compare, show

import idn

SAMPLES = 200


def engines(graph: idn.Graph) -> list[idn.Engine]:
    """For each exit an engine in which every sample leaves there."""
    count = len(graph.exits) - 1
    rules = [[None] * k + [0.0] * (k < count) + [None] * max(0, count - k - 1) for k in range(count + 1)]
    return [idn.Engine(graph, idn.exits.Confidence(rule)) for rule in rules]


def mean_seconds(engine: idn.Engine, x: torch.Tensor) -> float:
    started = time.perf_counter()
    for _ in range(SAMPLES):
        engine(x)
    return (time.perf_counter() - started) / SAMPLES


def gain(
    name: str, model: idn.Branchy, shape: tuple[int, ...], rates: list[float], repeats: int, *, as_json: bool
) -> None:
    x = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    example = torch.randn(2, *shape)
    with TemporaryDirectory() as folder:
        idn.export(model, (example,), Path(folder) / "branchy.safetensors")
        idn.export(model.trunk, (example,), Path(folder) / "trunk.safetensors", exits=["output"])
        graph = idn.load(Path(folder) / "branchy.safetensors")
        trunk = idn.load(Path(folder) / "trunk.safetensors")
        reached, total = [], 0
        for segment in graph.segments:
            total += segment.operations
            reached.append(total)
        operations = trunk.operations() / sum(rate * cost for rate, cost in zip(rates, reached, strict=True))
        each = engines(graph)
        alone = idn.Engine(trunk, idn.exits.Confidence([]))

        def ours() -> float:
            return 1e6 * sum(rate * mean_seconds(one, x) for rate, one in zip(rates, each, strict=True))

        def theirs() -> float:
            return 1e6 * mean_seconds(alone, x)

        result = compare(ours, theirs, repeats)
    times = 1 / result["ratio"]
    shown = ", ".join(f"{rate:.1%}" for rate in rates)
    found = f"{times:.2f}x in time, {operations:.2f}x in operations, {times / operations:.2f} of it"
    title = f"{name} ({shown}): {found}"
    show(title, result, "us", "time over operations >= 0.9", as_json=as_json)


def main() -> None:
    options = arguments(__doc__, repeats=11)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name in ("b_lenet_cifar10", "b_alexnet_cifar10"):
        card = idn.zoo.card(name)
        rates = [rate / 100 for rate in card.test.exit_rates]
        gain(name, idn.zoo.load(name), card.input_shape, rates, options.repeats, as_json=options.json)
    lenet = idn.models.build("b_lenet", in_channels=1, image_size=28).eval()
    gain(
        "B-LeNet, published rates", lenet, (1, 28, 28), [0.943, 0.057], options.repeats, as_json=options.json
    )
    alexnet = idn.models.build("b_alexnet").eval()
    rates = [0.656, 0.252, 0.092]
    gain("B-AlexNet, published rates", alexnet, (3, 32, 32), rates, options.repeats, as_json=options.json)


if __name__ == "__main__":
    main()
