"""Random graphs that nearly fit: calls over all operators with odd shapes, attributes and constants.

A graph is planned, and built anew with each call that is tried, as constants come before nodes in a builder.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from idn._idn import graph as core
from idn.graph import TORCH_TYPES

Size = tuple[int, int]  # so many for each sample, and a fixed part
Ref = tuple[str, int] | None  # "input", "constant" or "node", and which

FLOATS = ("F32", "F16", "BF16")
SMALL = (1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 4, 0)
ODD_INTEGERS = (0, -1, 1, 2, 7, 255, 65536, -65536, 2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63))
ODD_NUMBERS = (0.0, -1.0, 1e-30, 1e300, -1e300, 1e-12, 1e308)
OPERATORS: Mapping[str, Mapping[str, Any]] = {one["name"]: one for one in core.operators()}


def tensor(source: random.Random, dtype: str, shape: Sequence[int], *, odd: bool) -> torch.Tensor:
    """Small numbers, or where they are to be odd sometimes those at the edges of the type."""
    generator = torch.Generator().manual_seed(source.getrandbits(32))
    if dtype == "BOOL":
        return torch.randint(0, 2, shape, generator=generator).to(torch.bool)  # other bytes make no package
    if dtype not in FLOATS:
        filled = torch.randint(0, 3, shape, generator=generator).to(TORCH_TYPES[dtype])
        if odd and filled.numel() > 0 and source.random() < 0.1:
            limits = torch.iinfo(filled.dtype)
            filled.view(-1)[0] = source.choice([limits.min, limits.max, limits.max // 2, 100])
        return filled
    made = torch.randn(shape, generator=generator).to(TORCH_TYPES[dtype])
    if odd and made.numel() > 0 and source.random() < 0.2:
        edges = [float("inf"), float("-inf"), float("nan"), 1e-40, 3e38, 0.0, -0.0]
        made.view(-1)[source.randrange(made.numel())] = source.choice(edges)
    return made


@dataclass
class Node:
    """An operator that is applied."""

    operator: str
    inputs: list[Ref]
    attributes: dict[str, Any]


@dataclass
class Plan:
    """What a graph is to be made of."""

    inputs: list[tuple[str, list[Size]]] = field(default_factory=list)
    constants: list[torch.Tensor] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)

    def build(self) -> tuple[core.GraphBuilder, dict[tuple[str, int], int]]:
        """A builder that took all of it, and the value of each part; a ValueError where it takes one not."""
        builder = core.GraphBuilder()
        values: dict[tuple[str, int], int] = {}
        for index, (dtype, shape) in enumerate(self.inputs):
            values["input", index] = builder.add_input(f"x{index}", dtype, shape)
        for index, constant in enumerate(self.constants):
            values["constant", index] = builder.add_constant(f"c{index:04}", constant)
        for index, node in enumerate(self.nodes):
            inputs = [None if one is None else values[one] for one in node.inputs]
            values["node", index] = builder.add_node(node.operator, inputs, node.attributes)[0]
        return builder, values


class Drawer:
    """Draws graphs; its seed fixes them."""

    def __init__(self, seed: int) -> None:
        """From a seed."""
        self.source = random.Random(seed)

    def size(self) -> int:
        """Mostly small, seldom 0."""
        return self.source.choice(SMALL)

    def shape(self, *, grows: bool) -> list[Size]:
        """Up to five sizes, the first mostly the batch where one may grow."""
        shape: list[Size] = [(0, self.size()) for _ in range(self.source.choice((4, 2, 3, 4, 1, 5, 2, 0)))]
        if grows and shape:
            axis = self.source.randrange(len(shape)) if self.source.random() < 0.1 else 0
            shape[axis] = self.source.choice(((1, 0), (1, 0), (1, 0), (2, 0), (1, 1)))
        return shape

    def call(self, operator: str, plan: Plan) -> Plan | None:
        """The plan with one call of an operator more; nothing where the builder takes it not."""
        builder, values = plan.build()
        types = {ref: builder.type(value) for ref, value in values.items()}
        rules = OPERATORS[operator]["inputs"]
        more = Plan(list(plan.inputs), list(plan.constants), list(plan.nodes))
        first = self.any_value(types, dtypes(rules[0]))
        if first is None:
            more.inputs.append((self.source.choice(dtypes(rules[0])), self.shape(grows=True)))
            first = ("input", len(more.inputs) - 1)
            types[first] = more.inputs[-1]
        attributes = self.attributes(operator, types[first][1])
        node = Node(operator, [first], attributes)
        before = [types[first]]
        count = self.source.randrange(1, 5) if rules[-1]["repeated"] else len(rules)
        for index in range(1, count):
            rule = rules[min(index, len(rules) - 1)]
            if rule["optional"] and self.source.random() < 0.5:
                node.inputs.append(None)
                before.append(("", []))
                continue
            ref = self.next_input(node, rule, before, types, more)
            node.inputs.append(ref)
            before.append(types[ref])
        more.nodes.append(node)
        try:
            more.build()
        except ValueError:
            return None
        return more

    def any_value(
        self, types: Mapping[tuple[str, int], tuple[str, list[Size]]], allowed: Sequence[str]
    ) -> tuple[str, int] | None:
        """One of the values of an allowed type."""
        possible = [ref for ref, (dtype, _) in types.items() if dtype in allowed]
        return self.source.choice(possible[-3:]) if possible else None

    def next_input(
        self,
        node: Node,
        rule: Mapping[str, Any],
        before: Sequence[tuple[str, list[Size]]],
        types: dict[tuple[str, int], tuple[str, list[Size]]],
        plan: Plan,
    ) -> tuple[str, int]:
        """A value that is there, or a constant of a shape that suits."""
        wanted = before[0][0]
        if wanted not in dtypes(rule) or rule["name"] in ("table", "then"):
            wanted = self.source.choice(dtypes(rule))
        if rule["name"] == "otherwise":
            wanted = before[1][0]
        same = [ref for ref, (dtype, _) in types.items() if dtype == wanted]
        if same and self.source.random() < 0.3:
            return self.source.choice(same)
        shape = self.suiting(node, rule["name"], before)
        if any(size < 0 for size in shape) or abs_product(shape) > 1 << 16:
            shape = [1]
        plan.constants.append(tensor(self.source, wanted, shape, odd=True))
        ref = ("constant", len(plan.constants) - 1)
        types[ref] = (wanted, [(0, size) for size in shape])
        return ref

    def suiting(self, node: Node, name: str, before: Sequence[tuple[str, list[Size]]]) -> list[int]:
        """The shape that a constant needs in this place, or now and then another."""
        shape = [each + fixed for each, fixed in before[0][1]]
        last = shape[-1] if shape else 1
        channels = shape[1] if len(shape) > 1 else 1
        groups = min(max(node.attributes.get("groups", 1), 1), 64)
        weight = [size for _, size in before[1][1]] if len(before) > 1 else []
        if self.source.random() < 0.06:
            return [size for _, size in self.shape(grows=False)]
        match node.operator, name:
            case "transposed_convolution", "bias":
                return [weight[1] * groups] if len(weight) > 1 else [1]
            case (("convolution" | "linear"), "bias"):
                return weight[:1]
            case "layer_normalization", "bias" if weight:
                return weight
            case "convolution", _:
                out = self.source.randrange(1, 4) * groups
                return [out, max(channels // groups, 1), *(self.source.randrange(1, 4) for _ in shape[2:])]
            case "transposed_convolution", _:
                return [channels, *(self.source.randrange(1, 4) for _ in shape[1:])]
            case "linear", _:
                return [self.source.randrange(1, 6), last]
            case "matrix_multiply", _:
                return [last, self.size()]
            case (("layer_normalization" | "root_mean_square_normalization"), _):
                axes = min(max(node.attributes.get("axes", 1), 1), len(shape))
                return shape[len(shape) - axes :]
            case _ if node.operator.endswith("normalization") or node.operator == "prelu":
                return [channels]
            case _, "table":
                return [self.size(), self.size()]
            case _, "indices":
                return [self.size()]
            case _, "mask":
                return [1]
            case _, ("key" | "value" | "inputs"):
                return shape
        left_out = self.source.randrange(len(shape) + 1)
        return [
            1 if each > 0 or self.source.random() < 0.3 else fixed for each, fixed in before[0][1][left_out:]
        ]

    def attributes(self, operator: str, shape: Sequence[Size]) -> dict[str, Any]:
        """Attributes that suit a first input of a shape, one of them odd now and then."""
        given: dict[str, Any] = {}
        for rule in OPERATORS[operator]["attributes"]:
            if rule["fallback"] is not None and self.source.random() < 0.5:
                continue
            value = self.attribute(operator, rule, shape, given)
            given[rule["name"]] = self.spoiled(value) if self.source.random() < 0.05 else value
        return given

    def attribute(
        self, operator: str, rule: Mapping[str, Any], shape: Sequence[Size], given: Mapping[str, Any]
    ) -> Any:
        source, name, rank = self.source, rule["name"], len(shape)
        near = [each + fixed for each, fixed in shape]
        match rule["kind"]:
            case "true or false":
                return source.random() < 0.5
            case "number":
                return (
                    source.choice(ODD_NUMBERS)
                    if source.random() < 0.1
                    else source.choice((1.0, 0.5, 1e-5, 2.0))
                )
            case "word":
                return source.choice(rule["words"])
            case "integer" if name == "axis":
                return source.randrange(max(rank, 1))
            case "integer" if name == "axes":
                return 1 + source.randrange(max(rank, 1))
            case "integer" if name == "groups" and rank > 1 and source.random() < 0.5:
                return near[1]
            case "integer" if name == "stop":
                axis = given["axis"]
                return near[axis] if 0 <= axis < rank else 1
            case "integer":
                return max(rule["least"], -2) + source.randrange(4)
            case "list of dimensions":
                return self.expanded(shape) if operator == "expand" else self.viewed(shape)
        if name == "axes":
            return [axis for axis in range(rank) if source.random() < 0.5] or [0]
        if name == "order":
            return source.sample(range(rank), rank)
        if name == "amounts":
            return [source.randrange(3) for _ in range(2 * rank)]
        if name == "times":
            return [source.randrange(1, 4) for _ in range(rank)]
        spread = {"padding": 2, "output_padding": 2, "size": 5}.get(name, 3)
        return [rule["least"] + source.randrange(spread) for _ in range(max(rank - 2, 1))]

    def expanded(self, shape: Sequence[Size]) -> list[Size]:
        """A shape that another one can be repeated to."""
        before: list[Size] = [(0, self.size()) for _ in range(self.source.randrange(3))]
        return before + [(0, self.size()) if size == (0, 1) else size for size in shape]

    def viewed(self, shape: Sequence[Size]) -> list[Size]:
        """The same elements with neighbours joined."""
        view: list[Size] = []
        for each, fixed in shape:
            if view and self.source.random() < 0.5 and (view[-1][0] == 0 or each == 0):
                last_each, last_fixed = view[-1]
                view[-1] = (last_each * fixed + last_fixed * each, last_fixed * fixed)
            else:
                view.append((each, fixed))
        return view or [(0, 1)]

    def spoiled(self, value: Any) -> Any:
        """Another value of the same kind, of which nothing is expected."""
        if isinstance(value, bool | str):
            return value
        if isinstance(value, int):
            return self.source.choice(ODD_INTEGERS)
        if isinstance(value, float):
            return self.source.choice((float("nan"), *ODD_NUMBERS))
        if not value or not isinstance(value[0], int):
            return [*value, (0, self.source.choice(ODD_INTEGERS))]
        at = self.source.randrange(len(value))
        return [*value[:at], self.source.choice(ODD_INTEGERS), *value[at + 1 :]]


def abs_product(shape: Sequence[int]) -> int:
    """How many elements a shape has."""
    product = 1
    for size in shape:
        product *= size
    return product


def dtypes(rule: Mapping[str, Any]) -> list[str]:
    """The types that an input of an operator may be of."""
    return re.findall(r"\w+", str(rule["dtypes"]).replace(" or ", " "))


def finished(plan: Plan) -> core.Package:
    """The package of a plan in which every value that nothing reads leads to one exit."""
    joined = Plan(list(plan.inputs), list(plan.constants), list(plan.nodes))
    read = {ref for node in plan.nodes for ref in node.inputs}
    exit_shape: list[Size] = [(1, 0), (0, 2)]

    def then(operator: str, inputs: list[Ref], **attributes: Any) -> tuple[str, int]:
        joined.nodes.append(Node(operator, inputs, attributes))
        return ("node", len(joined.nodes) - 1)

    answer: tuple[str, int] | None = None
    for index in range(len(plan.nodes)):
        ref = ("node", index)
        if ref in read:
            continue
        builder, values = joined.build()
        dtype, shape = builder.type(values[ref])
        if dtype != "F32":
            ref = then("cast", [ref], dtype="F32")
        if shape:
            ref = then("reduce_sum", [ref], axes=list(range(len(shape))))
        ref = then("expand", [ref], shape=exit_shape)
        answer = ref if answer is None else then("add", [answer, ref])
    assert answer is not None
    builder, values = joined.build()
    builder.add_exit("final", values[answer])
    return builder.finish()
