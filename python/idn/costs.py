"""What an answer costs: multiply-accumulate operations and parameters up to each exit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from idn.branchy import Branchy, evaluating

__all__ = ["ExitCosts", "count"]


@dataclass(frozen=True)
class ExitCosts:
    """Costs of one sample. MACs are those of convolutions and matrix products; cheaper layers count nothing.

    Lists have one entry per exit, the trunk's own output last. An exit is reached through the heads of those
    before it, so `macs[k]` and `parameters[k]` count all heads up to k; `*_without_heads[k]` count the trunk
    up to there. `segment_macs[k]` is what the trunk does between the exit before and k, `head_macs[k]` what
    the head of k does (0 for the last). The trunk alone costs `trunk_macs`, all exits together `macs[-1]`.
    """

    exits: list[str]
    segment_macs: list[int]
    head_macs: list[int]
    macs: list[int]
    macs_without_heads: list[int]
    trunk_macs: int
    parameters: list[int]
    parameters_without_heads: list[int]
    trunk_parameters: int

    @property
    def full_macs(self) -> int:
        """MACs of all exits together."""
        return self.macs[-1]


@torch.no_grad()
def count(model: Branchy, example: torch.Tensor) -> ExitCosts:
    """Count the costs of one sample by running the model exit by exit.

    :param example: a batch of at least one input; its first sample is used.
    :returns: MACs as half the floating-point operations that `torch.utils.flop_counter` sees; parameters as
        numbers, each counted where it is first used.
    :raises ValueError: for an empty example, or a network with a recurrent layer, whose operations the
        counter does not see.
    """
    if example.dim() == 0 or len(example) == 0:
        raise ValueError(f"example has shape {tuple(example.shape)}, expected a batch of at least one input.")
    sample = example[:1]
    for name, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, nn.RNNBase):
            raise ValueError(
                f"{name} is an {type(module).__name__}, whose operations cannot be counted yet; "
                "write it with linear layers to have them counted."
            )
    with evaluating(model), _unfused():
        model(sample)  # sizes heads that have yet to be
        before: list[int] = []
        after: list[int] = [0]
        used: set[nn.Parameter] = set()
        reached: list[int] = []

        def note(module: nn.Module, _inputs: object) -> None:
            # Attention uses its projection's weights without calling it.
            used.update(module.parameters(recurse=isinstance(module, nn.MultiheadAttention)))

        def begin(_head: nn.Module, _inputs: object) -> None:
            before.append(counter.get_total_flops() // 2)
            reached.append(sum(parameter.numel() for parameter in used))

        def end(_head: nn.Module, _inputs: object, _output: object) -> None:
            after.append(counter.get_total_flops() // 2)

        with ExitStack() as stack, FlopCounterMode(display=False) as counter:
            for module in model.trunk.modules():
                stack.callback(module.register_forward_pre_hook(note).remove)
            for head in set(model.heads):
                stack.callback(head.register_forward_pre_hook(begin).remove)
                stack.callback(head.register_forward_hook(end).remove)
            model(sample)
        total = counter.get_total_flops() // 2
    segment_macs = [start - stop for start, stop in zip([*before, total], after, strict=True)]
    head_macs = [stop - start for start, stop in zip(before, after[1:], strict=True)] + [0]
    trunk_parameters = sum(parameter.numel() for parameter in model.trunk.parameters())
    parameters_without_heads = [*reached, trunk_parameters]
    head_parameters = []
    counted: set[nn.Parameter] = set(model.trunk.parameters())
    for head in model.heads:
        own = set(head.parameters()) - counted
        head_parameters.append(sum(parameter.numel() for parameter in own))
        counted |= own
    without_heads = list(accumulate(segment_macs))
    return ExitCosts(
        exits=model.exit_names,
        segment_macs=segment_macs,
        head_macs=head_macs,
        macs=[trunk + heads for trunk, heads in zip(without_heads, accumulate(head_macs), strict=True)],
        macs_without_heads=without_heads,
        trunk_macs=without_heads[-1],
        parameters=[
            trunk + heads
            for trunk, heads in zip(parameters_without_heads, accumulate([*head_parameters, 0]), strict=True)
        ],
        parameters_without_heads=parameters_without_heads,
        trunk_parameters=trunk_parameters,
    )


@contextmanager
def _unfused() -> Iterator[None]:
    """Have attention done operation by operation: the counter has no formula for what is fused."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
