"""What a translation records, before it becomes a graph: only what the exits need is emitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx

from idn.exporting.refusals import refusal
from idn.exporting.replacements import APART
from idn.exporting.types import DTYPES, TensorType, dtype_fix, dtype_name

__all__ = ["Tape", "Value"]

# What the graph says of operators over the batch, which may be empty or large.
_MIXES = ("may be empty", "as many as the square of the batch")


@dataclass(eq=False)
class Value:
    """A value of the graph to be: an input, a constant, or what a step gives."""

    name: str = ""


@dataclass
class _Step:
    operator: str
    inputs: list[Value | None]
    attributes: dict[str, Any]
    tier: str
    origin: fx.Node
    output: Value = field(default_factory=Value)


class Tape:
    """Inputs, constants and operators in the order in which they are recorded."""

    def __init__(self) -> None:
        self._inputs: list[tuple[Value, TensorType, tuple[float, float] | None]] = []
        self._constants: dict[str, tuple[Value, torch.Tensor]] = {}
        self._names: dict[tuple[Any, ...], str] = {}
        self._steps: list[_Step] = []
        self._expected: dict[Value, tuple[TensorType, fx.Node]] = {}

    def input(self, name: str, type: TensorType, range: tuple[float, float] | None) -> Value:
        """Record an input; `range` is what its values are made for."""
        value = Value(name)
        self._inputs.append((value, type, range))
        return value

    def constant(self, name: str, tensor: torch.Tensor, origin: fx.Node) -> Value:
        """Record a tensor of the package; one that is there already, under whatever name, stays one.

        :raises ExportError: for a type that packages do not hold.
        """
        if tensor.dtype not in DTYPES:
            raise refusal(
                origin, f"{name} is {tensor.dtype}, which packages do not hold", dtype_fix(tensor.dtype)
            )
        place = (tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride(), str(tensor.device))
        known = self._names.get(place) if tensor.numel() else None
        if known is not None:
            return self._constants[known][0]
        while name in self._constants:
            name += "_"
        self._names[place] = name
        self._constants[name] = (Value(name), tensor)
        return self._constants[name][0]

    def number(self, number: float, dtype: torch.dtype, origin: fx.Node) -> Value:
        """Record a number as a tensor without axes."""
        if dtype not in DTYPES:
            raise refusal(origin, f"a number of {dtype} is used", dtype_fix(dtype))
        name = f"number.{dtype_name(dtype)}.{number!r}"
        if name not in self._constants:
            self._constants[name] = (Value(name), torch.tensor(number, dtype=dtype))
        return self._constants[name][0]

    def emit(
        self,
        operator: str,
        inputs: Sequence[Value | None],
        attributes: Mapping[str, Any],
        origin: fx.Node,
        tier: str,
    ) -> Value:
        """Record an operator applied to values."""
        step = _Step(operator, list(inputs), dict(attributes), tier, origin)
        self._steps.append(step)
        return step.output

    def expect(self, value: Value, type: TensorType, origin: fx.Node) -> None:
        """Remember what tracing says of a value, to compare it with what the graph says."""
        self._expected[value] = (type, origin)

    def build(self, builder: Any, exits: Sequence[tuple[str, Value]]) -> None:
        """Hand what the exits need to a `GraphBuilder`, the exits included.

        :raises ExportError: for a step that the graph refuses, with the line that made it.
        """
        needed = {value for _, value in exits}
        for step in reversed(self._steps):
            if step.output in needed:
                needed.update(value for value in step.inputs if value is not None)
        ids: dict[Value, int] = {}
        for value, type, range in self._inputs:
            ids[value] = builder.add_input(value.name, dtype_name(type.dtype), list(type.shape), range)
        for name, (value, tensor) in sorted(self._constants.items(), key=lambda item: item[0].encode()):
            if value in needed:
                ids[value] = builder.add_constant(name, tensor.detach().cpu().contiguous())
        for step in self._steps:
            if step.output not in needed:
                continue
            inputs = [None if value is None else ids[value] for value in step.inputs]
            try:
                (ids[step.output],) = builder.add_node(step.operator, inputs, step.attributes, step.tier)
            except ValueError as error:
                reason = str(error).rstrip(".").removeprefix(f"operator {step.operator!r}: ")
                mixes = any(words in reason for words in _MIXES)
                raise refusal(step.origin, reason, APART if mixes else "") from error
            self._check(builder, step.output, ids[step.output])
        for name, value in exits:
            builder.add_exit(name, ids[value])

    def _check(self, builder: Any, value: Value, index: int) -> None:
        if value not in self._expected:
            return
        type, origin = self._expected[value]
        dtype, shape = builder.type(index)
        if (dtype, tuple(map(tuple, shape))) != (dtype_name(type.dtype), type.shape):
            raise refusal(origin, f"the graph gives {dtype} {shape} where torch gives {type}")
