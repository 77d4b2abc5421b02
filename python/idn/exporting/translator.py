"""A traced program, operation by operation, on a tape."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx
from torch.export.graph_signature import InputKind, OutputKind

from idn.exporting.call import Call, Number
from idn.exporting.refusals import module_path, refusal
from idn.exporting.registry import find
from idn.exporting.replacements import instead_of
from idn.exporting.tape import Tape, Value
from idn.exporting.types import DTYPES, dtype_fix

__all__ = ["translate"]

# These only look at a parameter in another way: done in the graph, so that the parameter stays one tensor.
_MOVING = frozenset(
    f"aten.{name}"
    for name in [
        "_unsafe_view.default",
        "expand.default",
        "permute.default",
        "select.int",
        "slice.Tensor",
        "squeeze.default",
        "squeeze.dim",
        "squeeze.dims",
        "t.default",
        "transpose.int",
        "unsqueeze.default",
        "view.default",
    ]
)
_SILENT = ("aten._assert", "aten.sym_constrain", "aten._assert_tensor_metadata")


@dataclass
class _Held:
    """What does not depend on the inputs: its tensor, and how to get it into the graph."""

    content: Any
    name: str
    moved: bool = False


def translate(
    program: torch.export.ExportedProgram, inputs: Sequence[Value], tape: Tape, tiers: Mapping[str, str]
) -> list[Value]:
    """Record a program on a tape, and give the values that it returns.

    :param inputs: the values of the program's inputs.
    :param tiers: labels by path of submodule; an operation has that of the longest path it is within.
    :raises ExportError: for an operation that has no rule, or that its rule refuses.
    """
    return _Translator(program, inputs, tape, tiers).run()


class _Translator:
    def __init__(
        self,
        program: torch.export.ExportedProgram,
        inputs: Sequence[Value],
        tape: Tape,
        tiers: Mapping[str, str],
    ) -> None:
        self._program = program
        self._inputs = inputs
        self._tape = tape
        self._tiers = tiers
        self._held: dict[fx.Node, _Held] = {}
        self._values: dict[fx.Node, Any] = {}
        self._parameters = {str(spec.target) for spec in program.graph_signature.input_specs if spec.target}

    def run(self) -> list[Value]:
        specs = {spec.arg.name: spec for spec in self._program.graph_signature.input_specs}
        given = iter(self._inputs)
        for node in self._program.graph.nodes:
            if node.op == "placeholder":
                spec = specs[node.name]
                if spec.kind == InputKind.USER_INPUT:
                    self._values[node] = next(given)
                else:
                    self._held[node] = _Held(self._tensor(str(spec.target)), str(spec.target))
            elif node.op == "call_function":
                self._function(node)
            elif node.op == "output":
                return self._outputs(node)
            elif node.op != "get_attr":
                raise refusal(node, f"{node.op} {node.target} cannot be exported")
        raise AssertionError("a program has an output")

    def _outputs(self, node: fx.Node) -> list[Value]:
        values = []
        returned: Any = node.args[0]
        for spec, output in zip(self._program.graph_signature.output_specs, returned, strict=True):
            if spec.kind == OutputKind.BUFFER_MUTATION:
                raise refusal(
                    output,
                    f"the module changes its buffer {spec.target!r}, and a graph has no memory",
                    "compute a new tensor, and leave the buffer as it is in evaluation mode",
                )
            if spec.kind == OutputKind.USER_OUTPUT:
                values.append(self._exit(output))
        return values

    def _exit(self, node: fx.Node) -> Value:
        """The value of an exit, which gives F32 whatever the module computes in."""
        if node in self._held or node.op == "placeholder":
            raise refusal(
                node,
                "an exit gives a constant or an input as it is",
                "return logits that are computed from inputs",
            )
        value = self.value(node, node)
        if node.meta["val"].dtype != torch.float32:
            value = self.emit("cast", [value], {"dtype": "F32"}, node)
        return value

    def _tensor(self, target: str) -> torch.Tensor:
        state, constants = self._program.state_dict, self._program.constants
        tensor = state[target] if target in state else constants[target]
        assert isinstance(tensor, torch.Tensor)
        return tensor

    def _function(self, node: fx.Node) -> None:
        if node.target is operator.getitem:
            source, index = node.args
            for known in (self._held, self._values):
                if source in known:
                    whole: Any = known[source]  # type: ignore[index]
                    if isinstance(whole, _Held):
                        self._held[node] = _Held(whole.content[index], node.name)
                    else:
                        self._values[node] = whole[index]
            return
        if isinstance(node.meta.get("val"), (torch.SymInt, torch.SymFloat, torch.SymBool, int, float, bool)):
            return  # sizes are read where they are used
        if str(node.target).startswith(_SILENT):
            return
        if not self._hold(node):
            self._values[node] = self._translated(node)

    def _hold(self, node: fx.Node) -> bool:
        """Compute what does not depend on the inputs."""
        target = node.target
        if not isinstance(target, torch._ops.OpOverload) or not all(
            source in self._held for source in node.all_input_nodes
        ):
            return False
        if torch.Tag.nondeterministic_seeded in target.tags:
            raise refusal(
                node,
                f"{target}: what is random is no part of a graph",
                "draw it once and register it as a buffer",
            )
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), lambda source: self._held[source].content)
        with torch.no_grad():
            content = target(*args, **kwargs)
        sources = [self._held[source] for source in node.all_input_nodes]
        moved = str(target) in _MOVING and any(source.name in self._parameters for source in sources)
        moved = moved or (str(target) in _MOVING and any(source.moved for source in sources))
        self._held[node] = _Held(content, node.name, moved)
        return True

    def _translated(self, node: fx.Node) -> Any:
        translation = find(str(node.target))
        if translation is None:
            raise refusal(
                node, f"{node.target} has no counterpart in the graph", instead_of(str(node.target))
            )
        call = Call(node, self)
        self._check_types(node, call)
        result = translation(call)
        for value, type in zip([result] if isinstance(result, Value) else result, call.results, strict=False):
            if value is not None:
                self._tape.expect(value, type, node)
        return result

    def _check_types(self, node: fx.Node, call: Call) -> None:
        for type in call.results:
            if type.dtype not in DTYPES:
                raise refusal(
                    node,
                    f"{node.target} gives {type.dtype}, which packages do not hold",
                    dtype_fix(type.dtype),
                )

    # What rules ask for (idn.exporting.call.Recorder).

    def value(self, node: fx.Node, user: fx.Node) -> Value:
        if node not in self._values:
            held = self._held[node]
            self._values[node] = (
                self._translated(node) if held.moved else self._tape.constant(held.name, held.content, user)
            )
        value = self._values[node]
        assert isinstance(value, Value)
        return value

    def emit(
        self, operator: str, inputs: Sequence[Value | None], attributes: dict[str, Any], origin: fx.Node
    ) -> Value:
        return self._tape.emit(operator, inputs, attributes, origin, self._tier(origin))

    def constant(self, name: str, tensor: torch.Tensor, origin: fx.Node) -> Value:
        return self._tape.constant(name, tensor, origin)

    def number(self, number: Number, dtype: torch.dtype, origin: fx.Node) -> Value:
        return self._tape.number(number, dtype, origin)

    def _tier(self, node: fx.Node) -> str:
        path = module_path(node)
        within = [name for name in self._tiers if name in ("", path) or path.startswith(f"{name}.")]
        return self._tiers[max(within, key=len)] if within else ""
