"""From an `nn.Module` to a package: traced by `torch.export`, translated one by one (docs/export.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import nn

from idn import _atomic
from idn._native import extension
from idn.exporting import arguments
from idn.exporting.provenance import provenance_of
from idn.exporting.registry import supported
from idn.exporting.tape import Tape
from idn.exporting.tracing import answer_of, outputs_of, trace, two_rows
from idn.exporting.translator import translate
from idn.exporting.types import TensorType

__all__ = ["export", "supported"]


def export(
    module: nn.Module,
    example: tuple[torch.Tensor, ...] | torch.Tensor,
    path: str | os.PathLike[str],
    exits: Sequence[str] | None = None,
    *,
    input_names: Sequence[str] | None = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    classes: Sequence[str] = (),
    licence: str = "",
    provenance: Mapping[str, str] | None = None,
    tiers: Mapping[str, str] | None = None,
) -> Path:
    """Write a module as a package that runs without Python: data, and no code.

    The module is traced as in evaluation mode, for every batch: the first axis of each input is the samples.
    It is left as it was. The same module gives the same bytes.

    :param module: gives its exits' logits in order, each (batch, classes): a tensor, a list or a tuple; or
        is an `idn.Branchy`.
    :param example: a tuple of input tensors with a sample or more; what they hold does not matter.
    :param path: the file to write, whole or not at all; "model.safetensors".
    :param exits: the names of the exits in order; without it those of a `Branchy`, else "exit1", "exit2", …,
        "output".
    :param input_names: the names of the inputs; without it "input", or `forward`'s own where it has several.
    :param ranges: by input, the least and the greatest value it is made for.
    :param classes: the labels, in the order of the scores.
    :param licence: an SPDX expression, such as "Apache-2.0".
    :param provenance: more to say of where it comes from, texts by name. Versions, the module's class and the
        digest of its weights are there anyway.
    :param tiers: a label such as "device" for the operators of a submodule, by its name; "" is the whole.
    :returns: the path.
    :raises ValueError: for arguments that do not fit the module, or a module that does not return logits.
    :raises idn.errors.ExportError: for what a graph cannot hold; the message names the line of the module,
        and what could replace it. Also for a module that fails on its own example.
    :raises OSError: if the file cannot be written; where there is no folder for it, before anything is run.
    """
    if not isinstance(module, nn.Module):
        raise ValueError(
            f"module is of {type(module).__name__}, expected an nn.Module; call a function in one's forward."
        )
    target = Path(path)
    _atomic.check_place(target)
    examples = arguments.examples(example)
    inputs = two_rows(examples)
    labels = arguments.check_tiers(module, tiers)
    logits = outputs_of(answer_of(module, inputs, examples))
    names = arguments.exit_names(module, exits, logits, rows=2)
    texts = arguments.class_names(classes, logits[0].shape[1])
    given = arguments.input_names(module, input_names, len(inputs))
    limits = arguments.ranges_of(ranges, given)

    tape = Tape()
    values = []
    for name, tensor, range in zip(given, inputs, limits, strict=True):
        shape = ((1, 0), *((0, size) for size in tensor.shape[1:]))
        values.append(tape.input(name, TensorType(tensor.dtype, shape), range))
    answers = translate(trace(module, inputs), values, tape, labels)
    builder = extension.graph.GraphBuilder()
    tape.build(builder, list(zip(names, answers, strict=True)))
    package = builder.finish(classes=texts, licence=licence, provenance=provenance_of(module, provenance))
    _atomic.replace(target, package.bytes())
    return target
