"""Attention, whole."""

from __future__ import annotations

import math

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value
from idn.exporting.types import TensorType


@rule("aten.scaled_dot_product_attention.default")
def _attention(call: Call) -> Value:
    if call.number("dropout_p") > 0:
        raise call.refusal("dropout is on in evaluation mode", "pass dropout_p=p if self.training else 0.0")
    query = call.type("query")
    scale = call.given("scale")
    keys, values = _for_heads(call, "key", query), _for_heads(call, "value", query)
    return call.emit(
        "attention",
        call.value("query"),
        keys,
        values,
        call.optional("attn_mask"),
        causal=bool(call.given("is_causal")),
        scale=1 / math.sqrt(query.shape[-1][1]) if scale is None else call.number("scale"),
    )


def _for_heads(call: Call, name: str, query: TensorType) -> Value:
    """Keys or values with as many heads as the query: broadcast, or each for a group of heads."""
    type = call.type(name)
    value = call.value(name)
    if type.shape[:-2] == query.shape[:-2]:
        return value
    if call.given("enable_gqa"):
        batch, (_, heads), *sizes = type.shape
        group = query.shape[1][1] // heads
        shape = (batch, (0, heads), (0, 1), *sizes)
        value = call.emit("reshape", value, shape=list(shape))
        value = call.emit("expand", value, shape=[batch, (0, heads), (0, group), *sizes])
        return call.emit("reshape", value, shape=[batch, (0, heads * group), *sizes])
    return call.emit("expand", value, shape=[*query.shape[:-2], *type.shape[-2:]])
