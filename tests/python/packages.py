"""Small packages that tests look at and run."""

from __future__ import annotations

from pathlib import Path

import torch

from idn._native import extension
from idn.graph import Graph

B = (1, 0)  # the batch
HOSTILE = "exit\"'<script>&]]> \\ [red] \u202ex"


def two_exits(first: str = "early", *, licence: str = "Apache-2.0", tier: str = "", size: int = 8) -> Graph:
    """A convolution, a head, a residual block and a second head: seven operators, two exits.

    Shapes: image (B, 3, size, size); four channels; three classes.
    """
    generator = torch.Generator().manual_seed(0)

    def weights(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    builder = extension.graph.GraphBuilder()
    image = builder.add_input("image", "F32", [B, 3, size, size], (0.0, 1.0))
    constants = {
        "block.weight": weights(4, 4, 3, 3),
        "head.bias": weights(3),
        "head.weight": weights(3, 4),
        "stem.bias": weights(4),
        "stem.weight": weights(4, 3, 3, 3),
    }
    value = {name: builder.add_constant(name, tensor) for name, tensor in constants.items()}
    same = {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}
    (stem,) = builder.add_node(
        "convolution", [image, value["stem.weight"], value["stem.bias"]], same, tier=tier
    )
    (pooled,) = builder.add_node("reduce_mean", [stem], {"axes": [2, 3]})
    (early,) = builder.add_node("linear", [pooled, value["head.weight"], value["head.bias"]])
    (block,) = builder.add_node("convolution", [stem, value["block.weight"]], same)
    (joined,) = builder.add_node("add", [block, stem])
    (pooled,) = builder.add_node("reduce_mean", [joined], {"axes": [2, 3]})
    (final,) = builder.add_node("linear", [pooled, value["head.weight"]])
    builder.add_exit(first, early)
    builder.add_exit("final", final)
    return Graph(
        builder.finish(
            classes=["cat", "dog", "\x1b[31mred"], licence=licence, provenance={"made by": "a test\nof idn"}
        )
    )


def saved(graph: Graph, folder: Path) -> Path:
    """The package as a file."""
    path = folder / "model.safetensors"
    graph.save(path)
    return path
