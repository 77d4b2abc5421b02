"""A small network with exits whose arithmetic is exact, as a `Branchy` and as a package.

Inputs are small whole numbers, weights small multiples of 1/4 or 1/16, so that every product and sum is a
multiple of a power of two far within float32: logits come out the same whatever the batch, the order of a
kernel's sums, or who else is in the batch. Then decisions can be compared exactly, thresholds right at a
sample's score included.
"""

from __future__ import annotations

import torch
from torch import nn

from idn._native import extension
from idn.branchy import Branchy
from idn.graph import Graph

FEATURES = 6
WIDTH = 8


def network(
    exits: int, classes: int, seed: int, provenance: dict[str, str] | None = None
) -> tuple[Branchy, Graph]:
    """The network in plain PyTorch, and the same as a package."""
    model = branchy(exits, classes, seed)
    return model, package(model, exits, provenance or {})


def branchy(exits: int, classes: int, seed: int) -> Branchy:
    """Blocks of a linear layer and a ReLU, a linear head after each; the last is the trunk's own."""
    random = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for k in range(exits):
        block = nn.Sequential(_linear(FEATURES if k == 0 else WIDTH, WIDTH, 1 / 4, random), nn.ReLU())
        layers.append(block)
    layers.append(_linear(WIDTH, classes, 1 / 16, random))
    heads: dict[str, nn.Module | str] = {
        str(k): _linear(WIDTH, classes, 1 / 16, random) for k in range(exits - 1)
    }
    return Branchy(nn.Sequential(*layers), heads).eval()


def package(model: Branchy, exits: int, provenance: dict[str, str]) -> Graph:
    """The same operators and weights, put together by hand."""
    builder = extension.graph.GraphBuilder()
    value = builder.add_input("x", "F32", [(1, 0), FEATURES])
    layers = {f"block{k}": model.trunk[k][0] for k in range(exits)}  # type: ignore[index]
    layers |= {f"head{k}": head for k, head in enumerate([*model.heads, model.trunk[exits]])}  # type: ignore[index]
    tensors = {
        f"{name}.{part}": getattr(one, part) for name, one in layers.items() for part in ("weight", "bias")
    }
    values = {name: builder.add_constant(name, tensors[name]) for name in sorted(tensors)}
    answers = []
    for k in range(exits):
        for name in (f"block{k}", f"head{k}"):
            given = [value, values[f"{name}.weight"], values[f"{name}.bias"]]
            (found,) = builder.add_node("linear", given)
            if name.startswith("head"):
                answers.append(found)
            else:
                (value,) = builder.add_node("relu", [found])
    for k, answer in enumerate(answers):
        builder.add_exit(f"exit{k + 1}", answer)
    names = [f"class {c}" for c in range(answers and model.trunk[exits].out_features)]  # type: ignore[index]
    return Graph(builder.finish(classes=names, provenance=provenance))


def inputs(samples: int, seed: int) -> torch.Tensor:
    """Whole numbers from -3 to 3: (samples, FEATURES)."""
    return torch.randint(-3, 4, (samples, FEATURES), generator=torch.Generator().manual_seed(seed)).float()


def _linear(inputs: int, outputs: int, unit: float, random: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        for tensor in (layer.weight, layer.bias):
            tensor.copy_(unit * torch.randint(-4, 5, tensor.shape, generator=random))
    return layer
