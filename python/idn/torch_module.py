"""A graph as ordinary PyTorch code: what a user would run, compile or trace instead of our executor.

An implementation apart from the executor's: tests compare the two, `idn bench` measures them side by side.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from idn.graph import TORCH_TYPES, Graph, Node

__all__ = ["segment_modules", "to_torch"]


def to_torch(graph: Graph, exits: int | None = None) -> fx.GraphModule:
    """Write the graph as a module that gives the logits of its exits as a tuple.

    :param exits: how many, from the first on; all by default.
    :returns: a module in evaluation mode whose parameters are copies of the constants.
    :raises ValueError: for a number of exits that the graph does not have.
    """
    count = len(graph.exits) if exits is None else exits
    if not 1 <= count <= len(graph.exits):
        raise ValueError(f"exits is {exits}, expected from 1 to {len(graph.exits)}, as many as there are.")
    nodes = sorted(n for segment in graph.segments[:count] for n in segment.nodes)
    wanted = [one["value"] for one in graph.package.exits[:count]]
    return _Writer(graph).write(nodes, list(range(len(graph.inputs))), wanted)


def segment_modules(graph: Graph) -> list[fx.GraphModule]:
    """Write each segment as a module of its own.

    The first takes the graph's inputs, the others what the one before gave but its first output; each gives
    its exit's logits, then the values that later segments read.
    """
    modules = []
    given = list(range(len(graph.inputs)))
    for segment, exit_ in zip(graph.segments, graph.package.exits, strict=True):
        modules.append(_Writer(graph).write(list(segment.nodes), given, [exit_["value"], *segment.live]))
        given = list(segment.live)
    return modules


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.root = nn.Module()
        self.code = fx.Graph()
        self.values: dict[int, fx.Node] = {}
        self.batch: fx.Node | None = None

    def write(self, nodes: list[int], given: list[int], wanted: list[int]) -> fx.GraphModule:
        for value in given:
            self.values[value] = self.code.placeholder(f"value_{value}")
        for value in given:
            self._find_batch(value)
        for index in nodes:
            node = self.graph.nodes[index]
            inputs = [None if value is None else self._value(value) for value in node.inputs]
            self.values[node.outputs[0]] = self._apply(node, inputs)
        self.code.output(tuple(self._value(value) for value in wanted))
        return fx.GraphModule(self.root, self.code).eval()

    def _value(self, value: int) -> fx.Node:
        if value not in self.values:  # a constant, as it is first read
            name = self.graph.package.constants[value - len(self.graph.inputs)]["name"]
            self.root.register_buffer(f"constant_{value}", self.graph.package.tensor(name))
            self.values[value] = self.code.get_attr(f"constant_{value}")
        return self.values[value]

    def _find_batch(self, value: int) -> None:
        _, shape = self.graph.package.type(value)
        for axis, (per_batch, fixed) in enumerate(shape):
            if self.batch is None and (per_batch, fixed) == (1, 0):
                self.batch = self.code.call_method("size", (self.values[value], axis))

    def _size(self, size: tuple[int, int]) -> Any:
        per_batch, fixed = size
        if per_batch == 0:
            return fixed
        if self.batch is None:
            raise ValueError("the graph has no input with an axis that is the batch; it can't be written.")
        grown = (
            self.batch if per_batch == 1 else self.code.call_function(operator.mul, (self.batch, per_batch))
        )
        return grown if fixed == 0 else self.code.call_function(operator.add, (grown, fixed))

    def _apply(self, node: Node, inputs: list[fx.Node | None]) -> fx.Node:
        call = self.code.call_function
        attributes = node.attributes
        if node.operator in ("reshape", "expand"):
            sizes = tuple(self._size(size) for size in attributes["shape"])
            function = torch.reshape if node.operator == "reshape" else torch.broadcast_to
            return call(function, (inputs[0], sizes))
        if node.operator == "concatenate":
            return call(torch.cat, (inputs, attributes["axis"]))
        function, arguments, options = _written(node)
        return call(function, (*inputs, *arguments), options)


# Operators that PyTorch has as a function of the same inputs and no attributes.
_PLAIN: dict[str, Any] = {
    "absolute": torch.abs,
    "add": torch.add,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "divide": torch.div,
    "equal": torch.eq,
    "erf": torch.erf,
    "exp": torch.exp,
    "floor": torch.floor,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "less": torch.lt,
    "less_equal": torch.le,
    "linear": F.linear,
    "log": torch.log,
    "logical_and": torch.logical_and,
    "logical_not": torch.logical_not,
    "logical_or": torch.logical_or,
    "matrix_multiply": torch.matmul,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mish": F.mish,
    "multiply": torch.mul,
    "negate": torch.neg,
    "not_equal": torch.ne,
    "power": torch.pow,
    "prelu": F.prelu,
    "reciprocal": torch.reciprocal,
    "relu": F.relu,
    "round": torch.round,
    "rsqrt": torch.rsqrt,
    "select": torch.where,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "silu": F.silu,
    "sin": torch.sin,
    "sqrt": torch.sqrt,
    "subtract": torch.sub,
    "tanh": torch.tanh,
}


def _embed(indices: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    return F.embedding(indices, table)


def _select_rows(x: torch.Tensor, indices: torch.Tensor, axis: int) -> torch.Tensor:
    return torch.index_select(x, axis, indices)


def _slice(x: torch.Tensor, axis: int, start: int, stop: int, step: int) -> torch.Tensor:
    return x[(slice(None),) * axis + (slice(start, stop, step),)]


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None = None,
    *,
    causal: bool,
    scale: float,
) -> torch.Tensor:
    return F.scaled_dot_product_attention(query, key, value, mask, is_causal=causal, scale=scale)


def _normalize_last(
    x: torch.Tensor,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    *,
    axes: int,
    epsilon: float,
) -> torch.Tensor:
    return F.layer_norm(x, x.shape[-axes:], weight, bias, epsilon)


def _normalize_root(
    x: torch.Tensor, weight: torch.Tensor | None = None, *, axes: int, epsilon: float
) -> torch.Tensor:
    return F.rms_norm(x, x.shape[-axes:], weight, epsilon)


def _normalize_batch(
    x: torch.Tensor,
    mean: torch.Tensor,
    variance: torch.Tensor,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    *,
    epsilon: float,
) -> torch.Tensor:
    return F.batch_norm(x, mean, variance, weight, bias, eps=epsilon)


def _normalize_groups(
    x: torch.Tensor,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    *,
    groups: int,
    epsilon: float,
) -> torch.Tensor:
    return F.group_norm(x, groups, weight, bias, epsilon)


def _normalize_instances(
    x: torch.Tensor, weight: torch.Tensor | None = None, bias: torch.Tensor | None = None, *, epsilon: float
) -> torch.Tensor:
    return F.instance_norm(x, weight=weight, bias=bias, eps=epsilon)


def _by_dimensions(name: str, kernel: Sequence[int]) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(F, f"{name}{len(kernel)}d")
    return function


_Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def _written(node: Node) -> _Call:
    """Return the function, what follows the inputs, and the options."""
    name, a = node.operator, node.attributes
    if name in _PLAIN:
        return _PLAIN[name], (), {}
    writer = _WRITERS.get(name)
    if writer is None:
        raise ValueError(f"operator {name!r} can't be written as PyTorch code yet.")
    return writer(a)


def _pad(a: Any) -> _Call:
    amounts = a["amounts"]
    pairs = [amounts[k : k + 2] for k in range(0, len(amounts), 2)]
    return F.pad, ([n for pair in reversed(pairs) for n in pair],), {"value": a["value"]}


def _convolve(a: Any) -> _Call:
    return (
        _by_dimensions("conv", a["stride"]),
        (),
        {key: a[key] for key in ("stride", "padding", "dilation", "groups")},
    )


def _convolve_transposed(a: Any) -> _Call:
    function = getattr(F, f"conv_transpose{len(a['stride'])}d")
    return function, (), {k: a[k] for k in ("stride", "padding", "output_padding", "dilation", "groups")}


def _pool_max(a: Any) -> _Call:
    options = {key: a[key] for key in ("stride", "padding", "dilation")}
    return _by_dimensions("max_pool", a["kernel"]), (a["kernel"],), options | {"ceil_mode": a["ceil"]}


def _pool_average(a: Any) -> _Call:
    options = {"ceil_mode": a["ceil"], "count_include_pad": a["count_padding"]}
    function = _by_dimensions("avg_pool", a["kernel"])
    return function, (a["kernel"], a["stride"], a["padding"]), options


def _reduce(function: Callable[..., Any]) -> Callable[[Any], _Call]:
    return lambda a: (function, (a["axes"],), {"keepdim": a["keep"]})


def _place(function: Callable[..., Any]) -> Callable[[Any], _Call]:
    return lambda a: (function, (a["axis"],), {"keepdim": a["keep"]})


def _resize(a: Any) -> _Call:
    options = {"size": a["size"], "mode": a["mode"]}
    return (
        F.interpolate,
        (),
        options if a["mode"] == "nearest" else options | {"align_corners": a["align_corners"]},
    )


_WRITERS: dict[str, Callable[[Any], _Call]] = {
    "adaptive_average_pool": lambda a: (_by_dimensions("adaptive_avg_pool", a["size"]), (a["size"],), {}),
    "adaptive_max_pool": lambda a: (_by_dimensions("adaptive_max_pool", a["size"]), (a["size"],), {}),
    "argmax": _place(torch.argmax),
    "argmin": _place(torch.argmin),
    "attention": lambda a: (_attend, (), {"causal": a["causal"], "scale": a["scale"]}),
    "average_pool": _pool_average,
    "batch_normalization": lambda a: (_normalize_batch, (), {"epsilon": a["epsilon"]}),
    "cast": lambda a: (torch.Tensor.to, (TORCH_TYPES[a["dtype"]],), {}),
    "clamp": lambda a: (torch.clamp, (a["least"], a["most"]), {}),
    "convolution": _convolve,
    "cumulative_sum": lambda a: (torch.cumsum, (a["axis"],), {}),
    "elu": lambda a: (F.elu, (a["alpha"],), {}),
    "embedding": lambda _: (_embed, (), {}),
    "flip": lambda a: (torch.flip, (a["axes"],), {}),
    "gather": lambda a: (_select_rows, (a["axis"],), {}),
    "gelu": lambda a: (F.gelu, (), {"approximate": a["approximation"]}),
    "group_normalization": lambda a: (
        _normalize_groups,
        (),
        {"groups": a["groups"], "epsilon": a["epsilon"]},
    ),
    "instance_normalization": lambda a: (_normalize_instances, (), {"epsilon": a["epsilon"]}),
    "interpolate": _resize,
    "layer_normalization": lambda a: (_normalize_last, (), {"axes": a["axes"], "epsilon": a["epsilon"]}),
    "leaky_relu": lambda a: (F.leaky_relu, (a["slope"],), {}),
    "local_response_normalization": lambda a: (
        F.local_response_norm,
        (a["size"], a["alpha"], a["beta"], a["k"]),
        {},
    ),
    "log_softmax": lambda a: (torch.log_softmax, (a["axis"],), {}),
    "max_pool": _pool_max,
    "pad": _pad,
    "permute": lambda a: (torch.permute, (a["order"],), {}),
    "pixel_shuffle": lambda a: (F.pixel_shuffle, (a["factor"],), {}),
    "reduce_max": _reduce(torch.amax),
    "reduce_mean": _reduce(torch.mean),
    "reduce_min": _reduce(torch.amin),
    "reduce_sum": _reduce(torch.sum),
    "root_mean_square_normalization": lambda a: (
        _normalize_root,
        (),
        {"axes": a["axes"], "epsilon": a["epsilon"]},
    ),
    "slice": lambda a: (_slice, (a["axis"], a["start"], a["stop"], a["step"]), {}),
    "softmax": lambda a: (torch.softmax, (a["axis"],), {}),
    "softplus": lambda a: (F.softplus, (a["beta"], a["threshold"]), {}),
    "tile": lambda a: (torch.tile, (a["times"],), {}),
    "transposed_convolution": _convolve_transposed,
    "variance": lambda a: (
        torch.var,
        (a["axes"],),
        {"correction": a["correction"], "keepdim": a["keep"]},
    ),
}
