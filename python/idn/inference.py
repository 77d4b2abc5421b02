"""Early-exit inference in plain PyTorch (Figure 3.2): the reference for faster engines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from idn._words import counted
from idn.branchy import evaluating

if TYPE_CHECKING:
    from idn.branchy import Branchy

__all__ = ["Decider", "Prediction", "from_traces", "infer", "record"]


class Decider(Protocol):
    """What decides where samples leave: an `idn.exits.Policy`, or anything that answers as one does."""

    thresholds: list[float | None]

    def should_exit(self, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Say for each sample, from the logits of the exits so far, whether it leaves: bool (batch,)."""
        ...


class Prediction(NamedTuple):
    """What a network with exits answers for each sample of a batch.

    labels: int64 (batch,). exits: int64 (batch,), the exit that answered, from 0. confidences: float64
    (batch,), the highest probability at that exit, without temperature.
    """

    labels: torch.Tensor
    exits: torch.Tensor
    confidences: torch.Tensor


@torch.no_grad()
def infer(model: Branchy, x: torch.Tensor, policy: Decider) -> Prediction:
    """Classify a batch, letting each sample leave at the first exit that is sure enough (Figure 3.2).

    Samples that left are no longer computed, and the rest of the network is not run once all have left. Put
    the model in evaluation mode first. Each sample is decided on by itself.

    :param x: (batch, ...).
    :returns: answers in the order of the input.
    :raises ValueError: for NaN among the logits, naming exit and sample (its place among those still there),
        a model in training mode, a policy with another number of thresholds than there are early exits, or
        images that are no batch of tensors as the network takes them.
    :raises TypeError: for a module that is no `Branchy`.
    """
    if not hasattr(model, "stream"):
        raise TypeError(
            f"model is a {_type_name(model)}, expected an idn.Branchy, which runs exit by exit; any other "
            "module that returns its exits' logits runs so as a package: idn.export, then idn.Engine."
        )
    if not isinstance(x, torch.Tensor) or x.dim() == 0:
        found = f"of shape {tuple(x.shape)}" if isinstance(x, torch.Tensor) else f"a {_type_name(x)}"
        raise ValueError(
            f"x is {found}, expected a torch.Tensor (batch, ...), as torch.from_numpy makes one of an array."
        )
    _check_policy(policy, model.exit_count)
    if model.training:
        raise ValueError("the model is in training mode, where dropout is random; call model.eval() first.")
    labels = torch.empty(len(x), dtype=torch.int64, device=x.device)
    exits = torch.empty_like(labels)
    confidences = torch.empty_like(labels, dtype=torch.float64)
    if len(x) == 0:
        return Prediction(labels, exits, confidences)
    remaining = torch.arange(len(x), device=x.device)
    outputs: list[torch.Tensor] = []
    stream = model.stream(x)
    try:
        logits = next(stream)
    except RuntimeError as error:
        if (why := _misfit(model, x)) is None:
            raise
        raise ValueError(why) from error
    if len(logits) != len(x):
        why = _misfit(model, x) or f"x has shape {tuple(x.shape)}, expected (batch, ...)."
        raise ValueError(f"the network gives {len(logits)} answers for {len(x)} inputs: {why}")
    for n in range(model.exit_count):
        outputs.append(logits)
        leaves = policy.should_exit(outputs)
        if n == model.exit_count - 1:
            leaves = torch.ones_like(leaves)
        left = remaining[leaves]
        confidences[left], labels[left] = logits[leaves].double().softmax(dim=1).max(dim=1)
        exits[left] = n
        if leaves.all():
            break
        remaining, outputs = remaining[~leaves], [output[~leaves] for output in outputs]
        logits = stream.send(~leaves)
    stream.close()
    return Prediction(labels, exits, confidences)


@torch.no_grad()
def from_traces(logits: torch.Tensor | NDArray[np.float32], policy: Decider) -> Prediction:
    """Decide as `infer` does, from the recorded logits of all exits and without the network.

    :param logits: (samples, exits, classes), as `record` gives them.
    :raises ValueError: for another shape, NaN among the logits of an exit that is asked, or another number of
        thresholds than there are early exits.
    """
    recorded = torch.as_tensor(logits)
    if recorded.dim() != 3:
        raise ValueError(f"logits have shape {tuple(recorded.shape)}, expected (samples, exits, classes).")
    samples, count, _ = recorded.shape
    _check_policy(policy, count)
    labels = torch.empty(samples, dtype=torch.int64, device=recorded.device)
    exits = torch.empty_like(labels)
    confidences = torch.empty_like(labels, dtype=torch.float64)
    remaining = torch.arange(samples, device=recorded.device)
    for n in range(count):
        if len(remaining) == 0:
            break
        outputs = list(recorded[remaining, : n + 1].unbind(dim=1))
        leaves = policy.should_exit(outputs)
        if n == count - 1:
            leaves = torch.ones_like(leaves)
        left = remaining[leaves]
        confidences[left], labels[left] = outputs[-1][leaves].double().softmax(dim=1).max(dim=1)
        exits[left] = n
        remaining = remaining[~leaves]
    return Prediction(labels, exits, confidences)


def record(
    model: nn.Module,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
    device: torch.device | str = "cpu",
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Run every exit on every sample, in evaluation mode, and return what was seen.

    :param model: gives its exits' logits in order, as `Branchy` does; its mode is put back afterwards.
    :param batches: (images, labels, index), as `idn.data.Batches` gives them.
    :returns: logits float32 (samples, exits, classes), labels int64 (samples,), index int64 (samples,).
    :raises ValueError: if there is no batch.
    """
    with evaluating(model):
        rows = [
            (torch.stack(list(model(images.to(device))), dim=1).float().cpu(), labels.cpu(), index.cpu())
            for images, labels, index in batches
        ]
    if not rows:
        raise ValueError("there is no batch to record; pass batches of at least one sample.")
    logits, labels, index = (torch.cat(column) for column in zip(*rows, strict=True))
    return logits.numpy(), labels.numpy(), index.numpy()


def _check_policy(policy: Decider, exits: int) -> None:
    example = f"idn.exits.Entropy({[0.5] * (exits - 1)})"
    if not (hasattr(policy, "thresholds") and hasattr(policy, "should_exit")):
        raise ValueError(f"policy is {policy!r}, expected one of idn.exits, such as {example}.")
    if len(policy.thresholds) != exits - 1:
        raise ValueError(
            f"the policy has {counted(len(policy.thresholds), 'threshold')} for "
            f"{counted(exits - 1, 'early exit')}; expected one for each, such as {example}."
        )


def _misfit(model: Branchy, x: torch.Tensor) -> str | None:
    """What is probably wrong with a batch that the network refused, and what it takes; None if unknown."""
    weight = next(model.trunk.parameters(), None)
    if weight is not None and x.dtype != weight.dtype:
        return (
            f"x has dtype {x.dtype}, the network {weight.dtype}; images are normalised before, as "
            "idn.data.Normalizer does it."
        )
    if weight is not None and x.device != weight.device:
        return f"x is on {x.device}, the network on {weight.device}; move one to the other."
    first = next((part for part in model.trunk.modules() if getattr(part, "weight", None) is not None), None)
    if isinstance(first, nn.Conv2d) and (x.dim() != 4 or x.shape[1] != first.in_channels):
        return (
            f"x has shape {tuple(x.shape)}, expected (batch, {first.in_channels}, height, width); of one "
            "image, x[None]."
        )
    return None


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
