"""Places for exits: where all that follows in a trunk depends on one tensor.

Found in the graph that autograd records of one run: the output of a submodule is such a place if every path
from the input to the logits goes through it. So the inside of a residual block is none, and its output is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from idn import costs
from idn.branchy import Branchy, evaluating

__all__ = ["Place", "Scan", "find"]

_LEAST_SAVED = 0.02  # share of the trunk; an exit above would not pay for its head
_BATCH = 3  # told apart from one by a module that folds the batch into another dimension


@dataclass(frozen=True)
class Place:
    """The output of a submodule: what the trunk costs up to there, and its shape, the batch left out."""

    name: str
    macs: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Scan:
    """What is known of a trunk: its places, the lowest first, multiply-accumulates, classes and an input."""

    places: list[Place]
    macs: int
    classes: int
    example: torch.Tensor


@dataclass(frozen=True, eq=False)
class _Output:
    shape: torch.Size
    node: Any  # what autograd holds for the operation that made it


def find(trunk: nn.Module, images: torch.Tensor, most: int) -> Scan:
    """Find the places of a trunk, at most `most`, spread over its cost, and none in the last 2 % of it.

    Of places at the same cost, the last with the most dimensions stands for all: after the activation and the
    pooling, before the flattening, and of a container and its last child the container.

    :param images: at least three, (batch, ...).
    :raises ValueError: for a trunk that does not take the images or gives no logits, or has no place.
    """
    if isinstance(trunk, Branchy):
        raise ValueError("the trunk is a Branchy, which has exits already; pass its trunk: model.trunk.")
    images = images[:_BATCH]
    names, classes = _cuts(trunk, images)
    blanks = {name: _Blank(classes) for name in names}
    example = images[:1]
    counted = costs.count(Branchy(trunk, blanks, example_input=example), example)
    shapes = dict(names)
    by_cost: dict[int, Place] = {}
    # The order of execution is that of the exits; the last one is the trunk's own output.
    for name, macs in zip(counted.exits[:-1], counted.macs_without_heads[:-1], strict=True):
        before = by_cost.get(macs)
        if 0 < macs <= (1 - _LEAST_SAVED) * counted.trunk_macs and (
            before is None or len(shapes[name]) >= len(before.shape)
        ):
            by_cost[macs] = Place(name, macs, shapes[name])
    if not by_cost:
        raise ValueError(
            "the trunk has no place for an early exit: none of its submodules runs once, gives one tensor "
            "(batch, ...) on which all that follows depends, and leaves 2 % of the multiply-accumulates to "
            "be saved. Give its layers or blocks modules of their own."
        )
    return Scan(_spread(list(by_cost.values()), most), counted.trunk_macs, classes, example)


class _Blank(nn.Module):
    """A head that computes nothing, to have the trunk alone counted."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features.new_zeros(len(features), self.classes)


def _cuts(trunk: nn.Module, images: torch.Tensor) -> tuple[dict[str, tuple[int, ...]], int]:
    """The submodules whose output cuts the trunk in two, with its shape, and the number of classes."""
    outputs: dict[str, list[_Output | None]] = {}

    def hook_for(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            usable = isinstance(output, torch.Tensor) and output.dim() > 1 and len(output) == len(images)
            seen = _Output(output.shape, output.grad_fn) if usable else None  # type: ignore[attr-defined]
            outputs.setdefault(name, []).append(seen)

        return hook

    leaf = images.detach().clone()
    with ExitStack() as stack:
        stack.enter_context(evaluating(trunk))
        stack.enter_context(torch.enable_grad())
        for name, module in trunk.named_modules():
            if name:
                stack.callback(module.register_forward_hook(hook_for(name)).remove)
        source = leaf.requires_grad_().view_as(leaf)  # an operation of its own, so that the input has a node
        try:
            logits = trunk(source)
        except RuntimeError as error:
            raise ValueError(
                f"the trunk does not take images of shape {tuple(images.shape[1:])}: {error}"
            ) from error
    if not isinstance(logits, torch.Tensor) or logits.dim() != 2 or len(logits) != len(images):
        found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else f"a {type(logits).__name__}"
        raise ValueError(
            f"the trunk gives {found} for {len(images)} images, expected logits (batch, classes)."
        )
    edges = _graph(logits.grad_fn)
    once = {name: seen[0] for name, seen in outputs.items() if len(seen) == 1}
    cuts = {
        name: tuple(output.shape[1:])
        for name, output in once.items()
        if output is not None and _separates(edges, output.node, logits.grad_fn, source.grad_fn)
    }
    return cuts, logits.shape[1]


def _graph(root: Any) -> dict[Any, list[Any]]:
    """Every operation that leads to `root`, with those directly before it."""
    edges: dict[Any, list[Any]] = {}
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if node not in edges:
            edges[node] = [before for before, _ in node.next_functions if before is not None]
            waiting += edges[node]
    return edges


def _separates(edges: dict[Any, list[Any]], node: Any, end: Any, start: Any) -> bool:
    """Whether every path from `start` to `end` goes through `node`, which is neither."""
    if node not in edges or node in (start, end) or start not in edges:
        return False
    seen, waiting = {node}, [end]
    while waiting:
        at = waiting.pop()
        if at is start:
            return False
        if at not in seen:
            seen.add(at)
            waiting += edges[at]
    return True


def _spread(places: list[Place], most: int) -> list[Place]:
    """Leave out places until `most` are left: each time the one nearest in cost to the one before it."""
    places = sorted(places, key=lambda place: place.macs)
    while len(places) > most:
        gaps = [after.macs - before.macs for before, after in pairwise(places)]
        del places[1 + gaps.index(min(gaps))]
    return places
