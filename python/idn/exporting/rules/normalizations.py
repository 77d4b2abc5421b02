"""Normalisations, whole."""

from __future__ import annotations

import torch

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value

Outputs = tuple[Value | None, ...]


@rule("aten.batch_norm.default", "aten._native_batch_norm_legit_no_training.default")
def _batch(call: Call) -> Value | Outputs:
    if call.bound("training") or call.given("running_mean") is None:
        raise call.refusal(
            "it normalises by the mean of the batch, so samples would depend on each other",
            "use track_running_stats=True, or F.batch_norm(..., training=False) with running statistics",
        )
    value = _by_statistics(call)
    return value if len(call.results) == 1 else (value, None, None)


def _by_statistics(call: Call) -> Value:
    return call.emit(
        "batch_normalization",
        call.value("input"),
        call.value("running_mean"),
        call.value("running_var"),
        call.optional("weight"),
        call.optional("bias"),
        epsilon=call.number("eps"),
    )


@rule(
    "aten._native_batch_norm_legit.no_stats",
    "aten._native_batch_norm_legit.default",
    "aten._native_batch_norm_legit_functional.default",
    "aten.native_batch_norm.default",
)
def _batch_of_itself(call: Call) -> Outputs:
    raise call.refusal(
        "it normalises by the mean of the batch, so samples would depend on each other",
        "use track_running_stats=True, or F.batch_norm(..., training=False) with running statistics",
    )


@rule("aten.instance_norm.default")
def _instance(call: Call) -> Value:
    if not call.given("use_input_stats"):
        return _by_statistics(call)
    parameters = (call.optional("weight"), call.optional("bias"))
    return call.emit("instance_normalization", call.value("input"), *parameters, epsilon=call.number("eps"))


@rule("aten.group_norm.default", "aten.native_group_norm.default")
def _group(call: Call) -> Value | Outputs:
    native = "native" in str(call.node.target)
    value = call.emit(
        "group_normalization",
        call.value("input"),
        call.optional("weight"),
        call.optional("bias"),
        groups=call.integer("group" if native else "num_groups"),
        epsilon=call.number("eps"),
    )
    return (value, None, None) if native else value


@rule("aten.layer_norm.default", "aten.native_layer_norm.default")
def _layer(call: Call) -> Value | Outputs:
    value = call.emit(
        "layer_normalization",
        call.value("input"),
        call.optional("weight"),
        call.optional("bias"),
        axes=len(call.integers("normalized_shape")),
        epsilon=call.number("eps"),
    )
    return (value, None, None) if "native" in str(call.node.target) else value


@rule("aten.rms_norm.default", "aten._fused_rms_norm.default")
def _root_mean_square(call: Call) -> Value | Outputs:
    epsilon = call.given("eps")
    value = call.emit(
        "root_mean_square_normalization",
        call.value("input"),
        call.optional("weight"),
        axes=len(call.integers("normalized_shape")),
        epsilon=torch.finfo(call.type("input").dtype).eps if epsilon is None else call.number("eps"),
    )
    return (value, None) if "fused" in str(call.node.target) else value


@rule("idn_exporting.local_response_norm.default")
def _local_response(call: Call) -> Value:
    return call.emit(
        "local_response_normalization",
        call.value("input"),
        size=call.integer("size"),
        alpha=call.number("alpha"),
        beta=call.number("beta"),
        k=call.number("k"),
    )
