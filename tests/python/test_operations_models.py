"""Counts of our own networks as packages: two counts agree, and multiply-adds are those of `idn.costs`."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import torch

import idn
from idn import costs, models
from idn.graph import Graph
from operation_count import node_operations

SMALL: dict[str, dict[str, Any]] = {
    "b_lenet": {},
    "b_alexnet": {},
    "b_alexnet_style": {"width": 0.05},
    "b_resnet": {"depth": 14},
    "b_densenet": {"blocks": [1, 2, 1, 2], "growth": 4},
}
WEIGHTED = ("convolution", "linear", "matrix_multiply")


def multiply_adds(graph: Graph, batch: int) -> list[int]:
    """Of each segment: its convolutions and products of matrices, without biases, two operations each."""
    counts = graph.package.node_operations(batch)
    found = []
    for segment in graph.segments:
        total = 0
        for index in segment.nodes:
            node = graph.nodes[index]
            if node.operator in WEIGHTED:
                total += counts[index]
                if len(node.inputs) == 3:
                    _, shape = graph.package.type(node.outputs[0])
                    added = 1
                    for per_batch, fixed in shape:
                        added *= per_batch * batch + fixed
                    total -= added
        found.append(total)
    return found


@pytest.mark.parametrize("name", SMALL)
def test_both_counts_agree_on_our_networks_and_with_the_costs_of_runs(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    size = 32
    network = models.build(name, image_size=size, **SMALL[name]).eval()
    channels = next(network.parameters()).shape[1]
    images = torch.randn(2, channels, size, size)
    graph = idn.load(idn.export(network, (images,), tmp_path / "model.safetensors"))
    for batch in (1, 5):
        assert graph.package.node_operations(batch) == node_operations(graph.package, batch)
        macs = costs.count(network, images).macs
        assert list(accumulate(multiply_adds(graph, batch))) == [2 * batch * one for one in macs]
