"""One traced operation as a rule sees it: arguments by name, types, and what it records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import fx

from idn.errors import ExportError
from idn.exporting.dimensions import Dimension, dimension
from idn.exporting.refusals import refusal
from idn.exporting.tape import Value
from idn.exporting.types import DTYPES, TensorType, dtype_fix, dtype_name

__all__ = ["Call", "Number", "Recorder", "Rule"]

Number = bool | int | float


class Recorder(Protocol):
    """Where a rule's values come from and where its operators go."""

    def value(self, node: fx.Node, user: fx.Node) -> Value:
        """Give the value of a traced tensor."""

    def emit(
        self, operator: str, inputs: Sequence[Value | None], attributes: dict[str, Any], origin: fx.Node
    ) -> Value:
        """Record an operator applied."""

    def constant(self, name: str, tensor: torch.Tensor, origin: fx.Node) -> Value:
        """Record a tensor of the package."""

    def number(self, number: Number, dtype: torch.dtype, origin: fx.Node) -> Value:
        """Record a number as a tensor without axes."""


class Call:
    """A traced operation. Arguments have the names of torch's schema; what is left out has its default."""

    def __init__(self, node: fx.Node, recorder: Recorder) -> None:
        self.node = node
        self._recorder = recorder
        self._arguments: dict[str, Any] = {}
        schema = node.target._schema  # type: ignore[union-attr]
        for index, argument in enumerate(schema.arguments):
            if index < len(node.args):
                value: Any = node.args[index]
            elif argument.name in node.kwargs:
                value = node.kwargs[argument.name]
            else:
                value = argument.default_value if argument.has_default_value() else None
            self._arguments[argument.name] = value

    # What it is given.

    def given(self, name: str) -> Any:
        """The argument as traced: a number, a text, a list, a node or None."""
        return self._arguments[name]

    def has(self, name: str) -> bool:
        """Whether the operation takes an argument of this name."""
        return name in self._arguments

    def value(self, name: str) -> Value:
        """The value of a tensor argument."""
        return self.of(self._arguments[name])

    def optional(self, name: str) -> Value | None:
        """The value of a tensor argument that may be left out."""
        given = self._arguments[name]
        return None if given is None else self.of(given)

    def values(self, name: str) -> list[Value]:
        """The values of a list of tensors."""
        return [self.of(given) for given in self._arguments[name]]

    def of(self, given: Any) -> Value:
        """The value of a traced tensor."""
        return self._recorder.value(given, self.node)

    def integer(self, name: str) -> int:
        """A whole number that does not depend on the batch."""
        return self._fixed(self._arguments[name], name)

    def integers(self, name: str, length: int | None = None) -> list[int]:
        """Whole numbers that do not depend on the batch; a single one stands for `length` of them."""
        given = self._arguments[name]
        numbers = [self._fixed(one, name) for one in (given if isinstance(given, (list, tuple)) else [given])]
        return numbers * length if length is not None and len(numbers) == 1 else numbers

    def number(self, name: str) -> float:
        """A number that does not depend on the batch."""
        given = self._arguments[name]
        if isinstance(given, fx.Node):
            raise self.number_refusal(name, given, "use a number that is always the same")
        return float(given)

    def number_refusal(self, name: str, given: fx.Node, instead: str) -> ExportError:
        """Make the error for a number that is computed: from the batch's size, or read out of a tensor."""
        read = _reading(given)
        if read is None:
            return self.refusal(f"{name} is a number computed from the batch's size", instead)
        return refusal(
            read,
            "a value is read out of a tensor, as by .item(), which a graph cannot",
            "keep the tensor and compute with it, as in x * x.max()",
        )

    def bound(self, name: str) -> Number | fx.Node | None:
        """An argument that may be a number, a tensor, left out, or not there at all."""
        given: Number | fx.Node | None = self._arguments.get(name)
        return given

    def axis(self, name: str = "dim", source: str = "self") -> int:
        """An axis of a tensor argument, counted from the front."""
        return self.integer(name) % max(self.type(source).rank, 1)

    def axes(self, name: str = "dim", source: str = "self") -> list[int]:
        """Axes of a tensor argument in ascending order; all of them where the argument is None or empty."""
        rank = self.type(source).rank
        given = self._arguments[name]
        if given is None or given == []:
            return list(range(rank))
        return sorted(axis % max(rank, 1) for axis in self.integers(name))

    def _fixed(self, given: Any, name: str) -> int:
        if isinstance(given, fx.Node):
            if _reading(given) is not None:
                raise self.number_refusal(name, given, "")
            value = given.meta.get("val")
            size = dimension(value) if isinstance(value, (int, torch.SymInt)) else None
            if size is None or size[0]:
                raise self.refusal(f"{name} depends on the batch's size", "let it be a fixed number")
            return size[1]
        return int(given)

    # Types.

    def type(self, name: str) -> TensorType:
        """The type of a tensor argument."""
        return self.type_of(self._arguments[name])

    def type_of(self, given: Any) -> TensorType:
        """The type of a traced tensor."""
        return self._type(given.meta["val"])

    @property
    def result(self) -> TensorType:
        """The type of what the operation gives, of the first of several."""
        value = self.node.meta["val"]
        return self._type(value[0] if isinstance(value, (list, tuple)) else value)

    @property
    def results(self) -> list[TensorType]:
        """The types of all that the operation gives."""
        value = self.node.meta["val"]
        return [self._type(one) for one in (value if isinstance(value, (list, tuple)) else [value])]

    def _type(self, value: torch.Tensor) -> TensorType:
        sizes: list[Dimension] = []
        for size in value.shape:
            read = dimension(size)
            if read is None:
                raise self.refusal(
                    f"a size is {size}, expected a multiple of the batch and a fixed number",
                    "reshape so that each size is fixed, the batch or a fixed number of times the batch",
                )
            sizes.append(read)
        return TensorType(value.dtype, tuple(sizes))

    # What it records.

    def emit(self, operator: str, *inputs: Value | None, **attributes: Any) -> Value:
        """Record an operator of the graph applied to values."""
        return self._recorder.emit(operator, inputs, attributes, self.node)

    def scalar(self, number: Number, dtype: torch.dtype) -> Value:
        """A number as a tensor without axes."""
        return self._recorder.number(number, dtype, self.node)

    def tensor(self, name: str, tensor: torch.Tensor) -> Value:
        """A tensor that the rule itself brings."""
        return self._recorder.constant(f"{self.node.name}.{name}", tensor, self.node)

    def cast(self, value: Value, source: torch.dtype, target: torch.dtype) -> Value:
        """Give a value in another element type, itself where it is of that type."""
        if source == target:
            return value
        if target not in DTYPES:
            raise self.refusal(f"the result is {target}, which packages do not hold", dtype_fix(target))
        return self.emit("cast", value, dtype=dtype_name(target))

    def reshape(self, value: Value, source: TensorType, *shape: Dimension | int) -> Value:
        """Give a value in another shape, itself where it has that shape."""
        wanted = tuple((0, size) if isinstance(size, int) else size for size in shape)
        return value if wanted == source.shape else self.emit("reshape", value, shape=list(wanted))

    def expand(self, value: Value, source: TensorType, target: TensorType) -> Value:
        """Repeat axes of one element until a value has a shape, itself where it has that shape."""
        return value if source.shape == target.shape else self.emit("expand", value, shape=list(target.shape))

    def permute(self, value: Value, order: Sequence[int]) -> Value:
        """Give the axes of a value in another order, itself where it is the same."""
        return value if list(order) == sorted(order) else self.emit("permute", value, order=list(order))

    def slice(self, value: Value, axis: int, start: int, stop: int, step: int = 1) -> Value:
        """Give every `step`-th element of an axis from start to before stop."""
        return self.emit("slice", value, axis=axis, start=start, stop=stop, step=step)

    def join(self, values: Sequence[Value], axis: int) -> Value:
        """Give values one after the other along an axis, a single one as it is."""
        return values[0] if len(values) == 1 else self.emit("concatenate", *values, axis=axis)

    def refusal(self, reason: str, instead: str = "") -> ExportError:
        """Make the error that says why the operation is refused, with the line that made it."""
        return refusal(self.node, f"{self.node.target}: {reason}", instead)


def _reading(number: fx.Node) -> fx.Node | None:
    """The traced operation that read a value out of a tensor, which a number was computed from."""
    if str(number.target) in ("aten.item.default", "aten._local_scalar_dense.default"):
        return number
    if isinstance(number.meta.get("val"), torch.Tensor):
        return None
    return next((found for source in number.all_input_nodes if (found := _reading(source)) is not None), None)


Rule = Callable[[Call], "Value | Sequence[Value | None]"]
