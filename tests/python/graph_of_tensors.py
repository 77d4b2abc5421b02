"""Packages made step by step in a test, with tensors for the constants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from idn._idn import graph as native

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DTYPES = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
B = (1, 0)  # the batch, as a size
Size = int | tuple[int, int]


def one_operator(
    operator: str,
    inputs: Sequence[torch.Tensor | None],
    attributes: Mapping[str, object],
    *,
    constants: Sequence[int] = (),
    fixed: Sequence[int] = (),
) -> native.Package:
    """A package whose only exit is one operator's output, flattened to float32 (B, elements of a sample).

    inputs: example tensors; the first size of each is the batch, but for those named in `constants`, which
    become constants, and in `fixed`, which are inputs that do not grow. An output of one class gets a
    second one, since an exit has two at least.
    """
    builder = native.GraphBuilder()
    values: dict[int, int] = {}
    for index, tensor in enumerate(inputs):
        if tensor is None or index in constants:
            continue
        shape: list[Size] = list(tensor.shape)
        if index not in fixed:
            shape[0] = B
        values[index] = builder.add_input(f"x{index}", DTYPES[tensor.dtype], shape)
    for index in constants:
        tensor = inputs[index]
        assert tensor is not None
        values[index] = builder.add_constant(f"c{index:03}", tensor)
    given = [None if tensor is None else values[index] for index, tensor in enumerate(inputs)]
    (output,) = builder.add_node(operator, given, dict(attributes))
    builder.add_exit("exit", flattened(builder, output))
    return builder.finish()


def flattened(builder: native.GraphBuilder, value: int) -> int:
    """The value as float32 (B, elements of a sample), each sample twice if it has one element."""
    dtype, shape = builder.type(value)
    if dtype != "F32":
        (value,) = builder.add_node("cast", [value], {"dtype": "F32"})
    each = 1
    for per_batch, fixed in shape:
        each *= max(per_batch, fixed)
    (value,) = builder.add_node("reshape", [value], {"shape": [B, each]})
    if each == 1:
        (value,) = builder.add_node("concatenate", [value, value], {"axis": 1})
    return value


def as_exit(output: torch.Tensor, batch: int) -> torch.Tensor:
    """What the exit of `one_operator` gives for this output."""
    flat = output.to(torch.float32).reshape(batch, -1) if batch else torch.empty(0, 1)
    return flat.repeat(1, 2) if batch and flat.shape[1] == 1 else flat
