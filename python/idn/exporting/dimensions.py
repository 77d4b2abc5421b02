"""Sizes as the graph knows them: per_batch * B + fixed."""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["Dimension", "Shape", "dimension", "shape_text"]

Dimension = tuple[int, int]
Shape = tuple[Dimension, ...]


def dimension(size: int | torch.SymInt) -> Dimension | None:
    """Read a size of a traced tensor as (per_batch, fixed), the size being per_batch * B + fixed.

    The batch is the one symbol that tracing leaves open.

    :returns: None for a size that is no such sum, as B // 2, B * B, B - 1 or one that the data decide.
    """
    if not isinstance(size, torch.SymInt):
        return (0, int(size))
    expression: Any = size.node.expr
    symbols = list(expression.free_symbols)
    if not symbols:
        return (0, int(expression))
    if (
        len(symbols) > 1
        or str(symbols[0]).startswith(("u", "zuf"))
        or not expression.is_polynomial(symbols[0])
    ):
        return None
    polynomial = expression.as_poly(symbols[0])
    if polynomial.degree() > 1:
        return None
    per_batch, fixed = (polynomial.coeff_monomial(symbols[0] ** power) for power in (1, 0))
    whole = per_batch.is_integer and fixed.is_integer and per_batch >= 0 and fixed >= 0
    return (int(per_batch), int(fixed)) if whole else None


def shape_text(shape: Shape) -> str:
    """Write a shape as "(B, 3, 2B+1)"."""
    return "(" + ", ".join(map(_text, shape)) + ("," if len(shape) == 1 else "") + ")"


def _text(size: Dimension) -> str:
    per_batch, fixed = size
    if per_batch == 0:
        return str(fixed)
    grows = "B" if per_batch == 1 else f"{per_batch}B"
    return f"{grows}+{fixed}" if fixed else grows
