"""The executor on ResNet-110: without passes against eager PyTorch, with them against TorchScript; loading.

One thread, a batch of 16 images of 32 x 32, all ways turn by turn in one run. Targets: 1.02 of eager without
a pass, 0.8 of TorchScript's optimised inference with them; a package of 100 MB ready in 150 ms.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from side_by_side import arguments, compare, show
from torch import nn

import idn
from idn.graph import Graph, Passes

BATCH = 16


def seconds(function: Callable[[], object]) -> Callable[[], float]:
    def timed() -> float:
        started = time.perf_counter()
        function()
        return time.perf_counter() - started

    return timed


def resnet(repeats: int, *, as_json: bool) -> None:
    torch.manual_seed(0)
    module = idn.models.resnet(depth=110, classes=10).eval()
    images = torch.randn(BATCH, 3, 32, 32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "resnet110.safetensors"
        idn.export(module, (images,), path, exits=["final"])
        plain: Graph = idn.load(path, passes=Passes.none())
        quick: Graph = idn.load(path)
        with torch.inference_mode():
            traced = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module, images)))
            for _ in range(3):
                traced(images)
            for graph, theirs, name, target in (
                (plain, lambda: module(images), "no pass against eager", "at most 1.02"),
                (quick, lambda: traced(images), "all passes against TorchScript", "at most 0.8"),
            ):
                torch.testing.assert_close(graph.run(images)[0], module(images), rtol=1e-3, atol=1e-4)
                result = compare(seconds(lambda g=graph: g.run(images)), seconds(theirs), repeats)
                show(f"ResNet-110, {BATCH} images, {name}", result, "s", target, as_json=as_json)


class Wide(nn.Module):
    """A hundred megabytes of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(*[nn.Linear(1024, 1024) for _ in range(24)], nn.Linear(1024, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)  # type: ignore[no-any-return]


def loading(repeats: int, *, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder) / "wide.safetensors", Path(folder) / "wide.pt"
        module = Wide().eval()
        idn.export(module, (torch.randn(2, 1024),), ours, exits=["final"])
        torch.save(module.state_dict(), theirs)

        def load_ours() -> object:
            return idn.load(ours).executor

        def load_theirs() -> object:
            fresh = Wide()
            fresh.load_state_dict(torch.load(theirs, weights_only=True))
            return fresh

        size = ours.stat().st_size / 1e6
        result = compare(seconds(load_ours), seconds(load_theirs), repeats)
        show(
            f"a package of {size:.0f} MB ready, against a state dict", result, "s", "0.15 s", as_json=as_json
        )


def main() -> None:
    options = arguments(__doc__, repeats=15)
    torch.set_num_threads(1)
    resnet(options.repeats, as_json=options.json)
    loading(options.repeats, as_json=options.json)


if __name__ == "__main__":
    main()
