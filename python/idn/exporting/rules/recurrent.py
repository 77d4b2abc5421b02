"""Recurrent networks, unrolled: a graph has no loop, so the length must be fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from idn.exporting.call import Call
from idn.exporting.dimensions import Dimension
from idn.exporting.registry import rule
from idn.exporting.tape import Value

State = tuple[Value, ...]


@dataclass
class _Weights:
    """What one direction of one layer learns."""

    of_input: Any
    of_state: Any
    input_bias: Any = None
    state_bias: Any = None
    projection: Any = None


@dataclass
class _Cell:
    """One step: from the input's share of the gates and the state to the next state."""

    call: Call
    weights: _Weights
    size: int

    def _linear(self, value: Value, weight: Any, bias: Any) -> Value:
        return self.call.emit(
            "linear", value, self.call.of(weight), None if bias is None else self.call.of(bias)
        )

    def shares(self, inputs: Value) -> Value:
        """What the inputs give to the gates, of all steps at once."""
        return self._linear(inputs, self.weights.of_input, self.weights.input_bias)

    def of_state(self, hidden: Value) -> Value:
        return self._linear(hidden, self.weights.of_state, self.weights.state_bias)

    def gate(self, value: Value, index: int, axis: int = 1) -> Value:
        return self.call.slice(value, axis, index * self.size, (index + 1) * self.size)

    def lstm(self, share: Value, state: State) -> State:
        emit = self.call.emit
        gates = emit("add", share, self.of_state(state[0]))
        taken, kept, shown = (emit("sigmoid", self.gate(gates, index)) for index in (0, 1, 3))
        new = emit("tanh", self.gate(gates, 2))
        cell = emit("add", emit("multiply", kept, state[1]), emit("multiply", taken, new))
        hidden = emit("multiply", shown, emit("tanh", cell))
        if self.weights.projection is not None:
            hidden = self._linear(hidden, self.weights.projection, None)
        return hidden, cell

    def gru(self, share: Value, state: State) -> State:
        emit = self.call.emit
        (hidden,) = state
        own = self.of_state(hidden)
        reset, update = (
            emit("sigmoid", emit("add", self.gate(share, index), self.gate(own, index))) for index in (0, 1)
        )
        new = emit("tanh", emit("add", self.gate(share, 2), emit("multiply", reset, self.gate(own, 2))))
        # (1 - update) new + update hidden
        return (emit("add", emit("multiply", update, emit("subtract", hidden, new)), new),)

    def tanh(self, share: Value, state: State) -> State:
        return (self.call.emit("tanh", self.call.emit("add", share, self.of_state(state[0]))),)

    def relu(self, share: Value, state: State) -> State:
        return (self.call.emit("relu", self.call.emit("add", share, self.of_state(state[0]))),)


_GATES = {"lstm": 4, "gru": 3, "tanh": 1, "relu": 1}


def _step(cell: _Cell, kind: str) -> Callable[[Value, State], State]:
    step: Callable[[Value, State], State] = getattr(cell, kind)
    return step


def _grouped(call: Call, kind: str) -> Iterator[_Weights]:
    """The parameters, a layer and direction each, as torch lists them."""
    given: Sequence[Any] = call.given("params")
    biases = bool(call.given("has_biases"))
    directions = call.integer("num_layers") * (2 if call.given("bidirectional") else 1)
    each = len(given) // directions
    for start in range(0, len(given), each):
        part = list(given[start : start + each])
        projection = part.pop() if kind == "lstm" and each % 2 else None
        of_input, of_state, *rest = part
        input_bias, state_bias = rest if biases else (None, None)
        yield _Weights(of_input, of_state, input_bias, state_bias, projection)


@rule("aten.lstm.input", "idn_exporting.lstm.default")
def _lstm(call: Call) -> tuple[Value, ...]:
    return _unrolled(call, "lstm", list(call.given("hx")))


@rule("aten.gru.input")
def _gru(call: Call) -> tuple[Value, ...]:
    return _unrolled(call, "gru", [call.given("hx")])


@rule("aten.rnn_tanh.input")
def _rnn_tanh(call: Call) -> tuple[Value, ...]:
    return _unrolled(call, "tanh", [call.given("hx")])


@rule("aten.rnn_relu.input")
def _rnn_relu(call: Call) -> tuple[Value, ...]:
    return _unrolled(call, "relu", [call.given("hx")])


def _unrolled(call: Call, kind: str, states: list[Any]) -> tuple[Value, ...]:
    """All layers and directions; gives the outputs and the last state of each kind, as torch does."""
    if call.given("train") and call.number("dropout") > 0:
        raise call.refusal("dropout is on in evaluation mode", "call module.eval() within, or use nn.LSTM")
    type = call.type("input")
    time = 1 if call.given("batch_first") else 0
    (growing, length), batch = type.shape[time], type.shape[1 - time]
    if growing:
        raise call.refusal(
            "the length grows with the batch", "use batch_first=True for (batch, length, size)"
        )
    both = 2 if call.given("bidirectional") else 1
    initial = [call.of(state) for state in states]
    sizes = [call.type_of(state).shape[2] for state in states]
    last: list[list[Value]] = [[] for _ in states]
    directions = [call.value("input")]
    for index, weights in enumerate(_grouped(call, kind)):
        if index % both == 0:
            inputs, directions = call.join(directions, 2), []
        state = tuple(
            call.emit("reshape", call.slice(whole, 0, index, index + 1), shape=[batch, size])
            for whole, size in zip(initial, sizes, strict=True)
        )
        cell = _Cell(call, weights, call.type_of(weights.of_state).shape[0][1] // _GATES[kind])
        place = (time, length, batch)
        steps, final = _direction(call, kind, cell, inputs, state, place, backwards=index % both == 1)
        directions.append(_in_time(call, steps, time, batch, sizes[0]))
        for kept, value, size in zip(last, final, sizes, strict=True):
            kept.append(call.emit("reshape", value, shape=[(0, 1), batch, size]))
    return call.join(directions, 2), *(call.join(values, 0) for values in last)


def _direction(
    call: Call,
    kind: str,
    cell: _Cell,
    inputs: Value,
    state: State,
    place: tuple[int, int, Dimension],
    *,
    backwards: bool,
) -> tuple[list[Value], State]:
    time, length, batch = place
    shares = cell.shares(inputs)
    steps: list[Value] = []
    for moment in reversed(range(length)) if backwards else range(length):
        share = call.slice(shares, time, moment, moment + 1)
        share = call.emit("reshape", share, shape=[batch, (0, _GATES[kind] * cell.size)])
        state = _step(cell, kind)(share, state)
        steps.append(state[0])
    return (steps[::-1] if backwards else steps), state


def _in_time(call: Call, steps: list[Value], time: int, batch: Dimension, size: Dimension) -> Value:
    shape = [batch, size]
    shape.insert(time, (0, 1))
    return call.join([call.emit("reshape", step, shape=shape) for step in steps], time)


@rule(
    "aten.lstm_cell.default",
    "aten.gru_cell.default",
    "aten.rnn_tanh_cell.default",
    "aten.rnn_relu_cell.default",
)
def _cell(call: Call) -> Value | tuple[Value, ...]:
    name = str(call.node.target).split(".")[1]
    kind = name.removesuffix("_cell").removeprefix("rnn_")
    weights = _Weights(*(call.given(part) for part in ("w_ih", "w_hh", "b_ih", "b_hh")))
    size = call.type("w_hh").shape[0][1] // _GATES[kind]
    cell = _Cell(call, weights, size)
    given = call.given("hx")
    state = tuple(call.of(one) for one in (given if isinstance(given, (list, tuple)) else [given]))
    result = _step(cell, kind)(cell.shares(call.value("input")), state)
    return result if len(call.results) > 1 else result[0]
