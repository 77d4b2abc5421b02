"""Functions that torch writes in Python in smaller ones, kept whole while a module is traced."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

__all__ = ["KeptWhole", "local_response_norm"]

_LIBRARY = torch.library.Library("idn_exporting", "DEF")
_LIBRARY.define("local_response_norm(Tensor input, int size, float alpha, float beta, float k) -> Tensor")


@torch.library.impl(_LIBRARY, "local_response_norm", "CompositeExplicitAutograd")
def local_response_norm(input: torch.Tensor, size: int, alpha: float, beta: float, k: float) -> torch.Tensor:
    """Compute `F.local_response_norm`, as one operator that tracing does not look into."""
    return F.local_response_norm(input, size, alpha, beta, k)


def _as_input(input: torch.Tensor, *_: Any) -> torch.Tensor:
    return torch.empty_like(input)


torch.library.register_fake("idn_exporting::local_response_norm", _as_input, lib=_LIBRARY)


_LIBRARY.define(
    "lstm(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, "
    "bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)"
)
torch.library.impl(_LIBRARY, "lstm", "CompositeExplicitAutograd")(torch.lstm)


def _states_as_given(
    input: torch.Tensor,
    hx: list[torch.Tensor],
    _params: Any,
    _has_biases: bool,
    _num_layers: int,
    _dropout: float,
    _train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    int(input.shape[1 if batch_first else 0])  # the length: unrolled, it has to be a number, as for torch
    hidden, cell = hx
    size = hidden.shape[2] * (2 if bidirectional else 1)
    return input.new_empty((*input.shape[:2], size)), torch.empty_like(hidden), torch.empty_like(cell)


torch.library.register_fake("idn_exporting::lstm", _states_as_given, lib=_LIBRARY)


class KeptWhole(TorchFunctionMode):
    """While it is active, local response normalisation is one operator and attention stays attention.

    So does an LSTM: what torch 2.11 makes of it gives its last states a wrong shape.

    `nn.MultiheadAttention` takes its attention apart where it is asked for the weights, which is its default.
    Here the output comes from the whole operator, and the weights, where somebody uses them, from a
    computation of their own.
    """

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        # Of packed sequences, which are refused elsewhere, the second argument is a tensor.
        if function is torch.lstm and len(args) > 1 and isinstance(args[1], (list, tuple)):
            return torch.ops.idn_exporting.lstm(*args, **kwargs)
        if function is F.local_response_norm:
            return _local_response_norm(*args, **kwargs)
        if function is F.multi_head_attention_forward:
            given = _attention_signature().bind(*args, **kwargs)
            if given.arguments.get("need_weights", True):
                _, weights = function(*args, **kwargs)
                given.arguments["need_weights"] = False
                output, _ = function(*given.args, **given.kwargs)
                return output, weights
        return function(*args, **kwargs)


def _local_response_norm(
    input: torch.Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    return torch.ops.idn_exporting.local_response_norm(input, size, alpha, beta, k)


@functools.cache
def _attention_signature() -> inspect.Signature:
    return inspect.signature(F.multi_head_attention_forward)
