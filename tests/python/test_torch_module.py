"""A graph written as PyTorch code: what it answers, cut at exits and into segments."""

from __future__ import annotations

import pytest
import torch

from idn.graph import Graph
from idn.torch_module import segment_modules, to_torch
from test_graph import BATCH, builder_with_input, two_exits


def reference(graph: Graph, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    first, second = graph.package.tensor("first"), graph.package.tensor("second")
    early = x.flatten(1) @ first.T
    return early, early.relu() @ second.T


@pytest.mark.parametrize("batch", [1, 5])
def test_it_answers_as_the_operators_say(batch: int) -> None:
    graph = two_exits()
    x = torch.randn(batch, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    for found, expected in zip(to_torch(graph)(x), reference(graph, x), strict=True):
        torch.testing.assert_close(found, expected)


def test_it_can_end_at_an_exit() -> None:
    graph = two_exits()
    outputs = to_torch(graph, exits=1)(torch.zeros(2, 1, 4, 4))
    assert [tuple(output.shape) for output in outputs] == [(2, 3)]
    with pytest.raises(ValueError, match="exits is 3, expected from 1 to 2"):
        to_torch(graph, exits=3)


def test_segments_hand_on_what_later_ones_read() -> None:
    graph = two_exits()
    x = torch.randn(4, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    first, second = segment_modules(graph)
    early, *live = first(x)
    (final,) = second(*live)
    expected = reference(graph, x)
    torch.testing.assert_close(early, expected[0])
    torch.testing.assert_close(final, expected[1])


def test_sizes_that_grow_with_the_batch_follow_it() -> None:
    builder = builder_with_input()
    (rows,) = builder.add_node("reshape", [0], {"shape": [(4, 0), 4]})
    (flat,) = builder.add_node("reshape", [rows], {"shape": [BATCH, 16]})
    builder.add_exit("final", flat)
    module = to_torch(Graph(builder.finish()))
    for batch in (1, 3):
        x = torch.randn(batch, 1, 4, 4, generator=torch.Generator().manual_seed(batch))
        assert torch.equal(module(x)[0], x.flatten(1))
