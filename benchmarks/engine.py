"""The early-exit engine against what its segments take, B-AlexNet of the zoo, one thread.

At batch 1: the mean over exits of (share * time of the segments up to there); target at most 1.05 of it. At
batch 128 with 60 % leaving at the first exit: the first segment for 128 and the rest for 51; at most 1.15 of
it. With nobody leaving early, and with one in twenty: all exits without an engine; at most 1.05 of it.
Throughput of two processes, and of two threads of one process, against one: at least 1.9 times as much.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from leaving import leaving
from side_by_side import arguments, compare, show

import idn
from idn._native import extension

NAME = "b_alexnet_cifar10"
BATCH = 128


def up_to(graph: idn.Graph, exits: int) -> idn.Graph:
    """The same package with its first exits alone."""
    builder, values = extension.graph.GraphBuilder(), dict[int, int]()
    nodes = sorted(n for segment in graph.segments[:exits] for n in segment.nodes)
    read = {value for n in nodes for value in graph.nodes[n].inputs}
    for one in graph.inputs:
        values[len(values)] = builder.add_input(one.name, one.dtype, list(one.shape))
    for place, one in enumerate(graph.package.constants, start=len(values)):
        if place in read:
            values[place] = builder.add_constant(one["name"], graph.package.tensor(one["name"]))
    for n in nodes:
        node = graph.nodes[n]
        given = [None if value is None else values[value] for value in node.inputs]
        found = builder.add_node(node.operator, given, dict(node.attributes), node.tier, node.version)
        values |= dict(zip(node.outputs, found, strict=True))
    for one in graph.package.exits[:exits]:
        builder.add_exit(one["name"], values[one["value"]])
    return idn.Graph(builder.finish())


def seconds(work: Callable[[], object], times: int) -> float:
    """The mean time of a call."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def one_at_a_time(graph: idn.Graph, images: torch.Tensor, repeats: int, as_json: bool) -> None:
    engine = idn.Engine(graph, leaving(graph, images, [0.6, 0.2]))
    parts = [up_to(graph, count + 1) for count in range(len(graph.exits))]
    samples = [images[i : i + 1] for i in range(len(images))]
    at = engine(images).exits.tolist()

    def ours() -> float:
        return 1e6 * seconds(lambda: [engine(x) for x in samples], 1) / len(samples)

    def theirs() -> float:
        return (
            1e6
            * seconds(lambda: [parts[k].run(x) for k, x in zip(at, samples, strict=True)], 1)
            / len(samples)
        )

    show("batch 1 against its segments", compare(ours, theirs, repeats), "us", "<= 1.05", as_json=as_json)


def sixty_percent(graph: idn.Graph, images: torch.Tensor, repeats: int, as_json: bool) -> None:
    engine = idn.Engine(graph, leaving(graph, images, [0.6, 0.0]))
    first, some = up_to(graph, 1), images[: round(0.4 * len(images))]
    assert int((engine(images).exits == 0).sum()) == len(images) - len(some)

    def theirs() -> float:
        whole = seconds(lambda: first.run(images), 4)
        return 1e3 * (whole + seconds(lambda: graph.run(some), 4) - seconds(lambda: first.run(some), 4))

    result = compare(lambda: 1e3 * seconds(lambda: engine(images), 4), theirs, repeats)
    show(f"batch {BATCH}, 60 % leave at exit 1, against ideal", result, "ms", "<= 1.15", as_json=as_json)


def nobody(graph: idn.Graph, images: torch.Tensor, repeats: int, as_json: bool) -> None:
    for batch, times in ((1, 200), (16, 20), (BATCH, 4)):
        x = images[:batch]
        for share in (0.0, 0.05):
            if share and batch == 1:
                continue
            engine = idn.Engine(graph, leaving(graph, x, [share, share]))
            result = compare(
                lambda e=engine, x=x, n=times: 1e3 * seconds(lambda: e(x), n),
                lambda x=x, n=times: 1e3 * seconds(lambda: graph.run(x), n),
                repeats,
            )
            title = f"batch {batch}, {share:.0%} leave at each early exit, against all exits"
            show(title, result, "ms", "<= 1.05", as_json=as_json)


def work(path: str, seconds_each: float, ready: object, counts: object) -> None:
    """Answer for so long, from the moment all are ready, and say how many samples that were."""
    torch.set_num_threads(1)
    graph = idn.load(path)
    x = torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    engine = idn.Engine(graph, leaving(graph, x, [0.5, 0.2]))
    engine(x)
    ready.wait()  # type: ignore[attr-defined]
    counts.put(answered(engine, x, seconds_each))  # type: ignore[attr-defined]


def answered(engine: idn.Engine, x: torch.Tensor, seconds_each: float) -> float:
    """Samples a second."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds_each:
        engine(x)
        count += len(x)
    return count / (time.perf_counter() - start)


def processes(path: str, count: int) -> float:
    """Samples a second of so many processes at once."""
    context = multiprocessing.get_context("spawn")
    ready, counts = context.Barrier(count), context.Queue()
    started = [context.Process(target=work, args=(path, 2.0, ready, counts)) for _ in range(count)]
    for one in started:
        one.start()
    total = sum(counts.get() for _ in started)
    for one in started:
        one.join()
    return total


def threads(path: str, count: int) -> float:
    """Samples a second of so many Python threads that ask one engine."""
    graph = idn.load(path)
    x = torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    engine = idn.Engine(graph, leaving(graph, x, [0.5, 0.2]))
    engine(x)
    found: list[float] = []
    started = [threading.Thread(target=lambda: found.append(answered(engine, x, 2.0))) for _ in range(count)]
    for one in started:
        one.start()
    for one in started:
        one.join()
    return sum(found)


def main() -> None:
    options = arguments(__doc__, repeats=11)
    torch.set_num_threads(1)
    model = idn.zoo.load(NAME)
    images = torch.randn(BATCH, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.safetensors")
        idn.export(model, (images[:2],), path)
        graph = idn.load(path)
        one_at_a_time(graph, images, options.repeats, options.json)
        sixty_percent(graph, images, options.repeats, options.json)
        nobody(graph, images, options.repeats, options.json)
        turns = min(options.repeats, 5)  # of four seconds each
        for title, rate in (("processes", processes), ("threads", threads)):
            result = compare(lambda r=rate: r(path, 2), lambda r=rate: r(path, 1), turns)
            show(f"two {title} against one", result, "samples/s", ">= 1.9", as_json=options.json)


if __name__ == "__main__":
    main()
