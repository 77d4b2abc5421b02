"""From a module to the program that `torch.export` makes of it, for every batch."""

from __future__ import annotations

import inspect
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any

import torch
from torch import nn
from torch._decomp import get_decompositions

from idn._words import counted
from idn.branchy import evaluating
from idn.errors import ExportError
from idn.exporting.refusals import where_raised
from idn.exporting.registry import find
from idn.exporting.replacements import has_advice
from idn.exporting.watching import AssumptionWatch
from idn.exporting.whole import KeptWhole

__all__ = ["answer_of", "outputs_of", "trace", "two_rows"]


def two_rows(example: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Give the first two samples of each input, one sample twice where there is but one.

    Tracing takes a batch of one for a size that never changes; two rows from any batch make the package
    independent of it.
    """
    return tuple(torch.cat([given[:1], given[-1:] if len(given) == 1 else given[1:2]]) for given in example)


def answer_of(module: nn.Module, inputs: Sequence[torch.Tensor], example: Sequence[torch.Tensor]) -> Any:
    """Give what a module returns in evaluation mode.

    :param inputs: two samples of each.
    :param example: what they are of, for the advice where it fails.
    :raises ExportError: where it fails, with its line, what it was given and what torch says of it.
    """
    try:
        with evaluating(module):
            return module(*inputs)
    except Exception as error:
        place = where_raised(error.__traceback__)
        given = " and ".join(f"{str(one.dtype).removeprefix('torch.')} {tuple(one.shape)}" for one in inputs)
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")
        raise ExportError(
            f"{place + ': ' if place else ''}the module could not run on two samples of its example, "
            f"{given}: {type(error).__name__}: {first.rstrip('.')}. Instead: {_advice(module, example)}."
        ) from error


def _advice(module: nn.Module, example: Sequence[torch.Tensor]) -> str:
    """What to do about a module that fails on two samples."""
    samples = len(example[0])
    if samples != 2:  # those were tried
        try:
            with evaluating(module):
                module(*example)
        except Exception:  # that of two samples is told
            pass
        else:
            return (
                f"it runs on the {counted(samples, 'sample')} of the example, and a package has to on any "
                "number; take a size that is the batch from the input, as x.flatten(1) does"
            )
    bytes_fix = ", and float images (x.float() / 255)" if torch.uint8 in {x.dtype for x in example} else ""
    return f"give an example that module(*example) takes, of its shapes and types{bytes_fix}"


def outputs_of(answer: Any) -> tuple[torch.Tensor, ...]:
    """Give what a module returned as a tuple.

    :raises ValueError: for anything but a tensor, or a list or tuple of tensors.
    """
    outputs = tuple(answer) if isinstance(answer, (list, tuple)) else (answer,)
    for output in outputs:
        if not isinstance(output, torch.Tensor):
            raise ValueError(
                f"the module returns {type(answer).__name__} with {type(output).__name__} in it, expected "
                "its exits' logits in order: a tensor, or a list or tuple of tensors; wrap it in a module "
                "whose forward returns just these."
            )
    if not outputs:
        raise ValueError("the module returns nothing, expected its exits' logits in order.")
    return outputs


def trace(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> torch.export.ExportedProgram:
    """Trace a module in evaluation mode, with the first size of each input left open.

    What it changes in place becomes new values, and normalisations, attention, convolutions and the like stay
    whole.

    :param inputs: two samples of each.
    :raises ExportError: where the module cannot be traced for every batch, with the line that is the reason.
    """
    shapes = _shapes(module, inputs)
    with evaluating(module), _quietly():
        watch = AssumptionWatch()
        try:
            with KeptWhole(), watch:
                program = torch.export.export(module, inputs, dynamic_shapes=shapes, strict=False)
            return _in_known_operations(program.run_decompositions({}))
        except ExportError:
            raise
        except Exception as error:
            raise ExportError(_explain(error, watch)) from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep to itself what torch says of its own workings: a refusal says what matters in one error."""
    loggers = [logging.getLogger(name) for name in ("torch.export", "torch.fx", "torch._dynamo")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        # Torch prints the program so far to the standard error when it gives up.
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _shapes(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> dict[str, Any]:
    """Leave the first size of each input open, by the names of `forward`'s parameters."""
    batch = torch.export.Dim("batch")
    given = inspect.signature(module.forward).bind(*inputs).arguments
    return {
        name: tuple({0: batch} for _ in value) if isinstance(value, tuple) else {0: batch}
        for name, value in given.items()
    }


def _in_known_operations(program: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """Take apart what has no rule and that torch can write in smaller operations, and nothing else."""
    seen: set[Any] = set()
    while unknown := _without_rule(program) - seen:
        seen |= unknown
        table = torch.export.default_decompositions()
        chosen = {operation: table[operation] for operation in unknown if operation in table}
        chosen |= get_decompositions([operation for operation in unknown if operation not in chosen])
        if not chosen:
            break
        program = program.run_decompositions(chosen)
    return program


def _without_rule(program: torch.export.ExportedProgram) -> set[Any]:
    """The operations on inputs that have no rule; what is constant is computed, whatever it is."""
    given = set(program.graph_signature.user_inputs)
    changing = {node for node in program.graph.nodes if node.op == "placeholder" and node.name in given}
    unknown = set()
    for node in program.graph.nodes:
        if node.op != "call_function" or not changing.intersection(node.all_input_nodes):
            continue
        changing.add(node)
        name = str(node.target)
        if not isinstance(node.meta.get("val"), (torch.Tensor, tuple, list)):
            continue  # a size, or an assertion
        if isinstance(node.target, torch._ops.OpOverload) and find(name) is None and not has_advice(name):
            unknown.add(node.target)
    return unknown


_REASONS = (
    (
        ("higher order operator",),
        "a graph has no branches and no loops of its own. Instead: compute both sides and choose with "
        "torch.where, or write a Python loop of fixed length, which is unrolled",
    ),
    (
        ("data-dependent", "data dependent", "Cannot trace aten.item", "_local_scalar_dense", "nonzero"),
        "what it does depends on the values of a tensor, which a graph cannot follow. Instead: choose with "
        "torch.where, which computes both sides",
    ),
    (
        ("Constraints violated", "marked batch as dynamic", "specialized", "not all values of batch"),
        "the module works for some batches only. Instead: take sizes from x.shape, and let no branch or "
        "shape ask for a certain batch",
    ),
)


def _explain(error: Exception, watch: AssumptionWatch) -> str:
    text = str(error)
    place = where_raised(error.__traceback__) or watch.place
    read = watch.reading
    if read is not None and read.place == place:
        reason = f"{read.what} reads a value out of a tensor, which a graph cannot"
        return f"{place}: {reason}. Instead: {read.instead}."
    fitting = (reason for words, reason in _REASONS if any(word.lower() in text.lower() for word in words))
    reason = next(fitting, "")
    if reason and place:
        earlier = f" A value was read at {read.place} by {read.what}." if read is not None else ""
        return f"{place}: {reason}.{earlier}"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    detail = f" (torch: {type(error).__name__}: {lines[0][:300]})" if lines else ""
    return f"{place + ': ' if place else ''}{reason or 'torch.export cannot trace the module'}.{detail}"
