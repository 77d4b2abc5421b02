"""Early exit as a user would write it around any rival: segment by segment, deciding in Python between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from idn.benching import rivals
from idn.torch_module import segment_modules

if TYPE_CHECKING:
    from idn.exits import Policy
    from idn.graph import Graph

__all__ = ["Chain"]


class Chain:
    """A graph's segments in one rival; samples that leave are dropped before the next segment.

    Values are dropped by rows of their first axis, so it takes graphs whose values between segments have the
    batch there.

    :raises idn.benching.rivals.Unavailable: where the rival refuses a segment.
    """

    def __init__(
        self, name: str, graph: Graph, policy: Policy, inputs: Sequence[torch.Tensor], threads: int
    ) -> None:
        self.policy = policy
        self.segments: list[rivals.Function] = []
        for segment in graph.segments:
            for value in segment.live:
                shape = graph.package.type(value)[1]
                if not shape or tuple(shape[0]) != (1, 0):
                    raise rivals.Unavailable("a value between its segments has no batch as first axis")
        given = list(inputs)
        for module in segment_modules(graph):
            function = rivals.make(name, module, given, threads)
            self.segments.append(function)
            given = list(function(given))[1:]

    def __call__(self, inputs: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return labels and exits, int64 (batch,), in the order of the input."""
        rows = torch.arange(len(inputs[0]))
        labels, exits = torch.empty_like(rows), torch.empty_like(rows)
        outputs: list[torch.Tensor] = []
        values = list(inputs)
        for index, segment in enumerate(self.segments):
            logits, *values = segment(values)
            outputs.append(logits)
            if index + 1 == len(self.segments):
                leaves = torch.ones(len(rows), dtype=torch.bool)
            else:
                leaves = self.policy.should_exit(outputs)
            left = rows[leaves]
            labels[left], exits[left] = logits[leaves].argmax(dim=1), index
            if leaves.all():
                break
            if leaves.any():
                stays = ~leaves
                rows, outputs = rows[stays], [output[stays] for output in outputs]
                values = [value[stays] for value in values]
        return labels, exits
