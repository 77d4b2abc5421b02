"""The checks of what `export` is given: each mistake has its own message."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from idn._words import shortened
from idn.branchy import Branchy
from idn.exporting.types import DTYPES, dtype_fix

__all__ = ["check_tiers", "class_names", "examples", "exit_names", "input_names", "ranges_of"]


def examples(example: Any) -> tuple[torch.Tensor, ...]:
    """Give the example inputs as a tuple of tensors.

    :raises ValueError: unless they are tensors that packages can hold, with as many samples in the first
        axis.
    """
    if isinstance(example, torch.Tensor):
        example = (example,)
    if isinstance(example, Mapping):
        raise ValueError(
            f"example is a mapping of {', '.join(map(repr, example))}, expected a tuple of tensors in the "
            "order of forward's arguments; keywords are not passed on, and input_names= names the inputs."
        )
    if not isinstance(example, (list, tuple)) or not example:
        raise ValueError(
            f"example is {shortened(example)}, expected a tuple with a tensor for each input: (example,); "
            "torch.from_numpy makes one of an array."
        )
    for index, given in enumerate(example):
        if not isinstance(given, torch.Tensor):
            raise ValueError(
                f"example input {index} is a {type(given).__name__}, expected a tensor; what never changes "
                "belongs into the module, as an attribute."
            )
        if given.dtype not in DTYPES:
            raise ValueError(
                f"example input {index} is {given.dtype}, which packages do not hold; "
                f"{dtype_fix(given.dtype)}."
            )
        if given.dim() == 0 or len(given) == 0:
            raise ValueError(
                f"example input {index} has the shape {tuple(given.shape)}, expected samples in its first "
                "axis, at least one."
            )
        if len(given) != len(example[0]):
            raise ValueError(
                f"example input {index} has {len(given)} samples and input 0 has {len(example[0])}, expected "
                "as many: the first axis of each input is the batch."
            )
    return tuple(example)


def class_names(classes: Sequence[str], scores: int) -> list[str]:
    """Give the labels of the classes; none is none.

    :raises ValueError: for what is no list of texts, or not as many as the exits give scores.
    """
    in_order = isinstance(classes, Sequence) and not isinstance(classes, str)
    if not in_order or not all(isinstance(one, str) for one in classes):
        raise ValueError(
            f"classes is {shortened(classes)}, expected a list of texts, one for each class; of numbers: "
            "[str(k) for k in ...]."
        )
    if classes and len(classes) != scores:
        raise ValueError(f"classes has {len(classes)} labels, and the exits give {scores} scores.")
    return list(classes)


def exit_names(
    module: nn.Module, exits: Sequence[str] | None, logits: Sequence[torch.Tensor], rows: int
) -> list[str]:
    """Give the names of the exits, after a look at the logits of `rows` samples.

    :raises ValueError: for names that are not as many as exits, or logits that are not (batch, classes).
    """
    if isinstance(exits, str):
        raise ValueError(f"exits is {exits!r}, expected a list of names: [{exits!r}].")
    if exits is None and isinstance(module, Branchy):
        names = module.exit_names
    elif exits is None:
        names = [*(f"exit{index + 1}" for index in range(len(logits) - 1)), "output"]
    else:
        names = list(exits)
    if len(names) != len(logits):
        raise ValueError(
            f"exits has {len(names)} names ({', '.join(map(str, names))}), and the module gives "
            f"{len(logits)} tensors; expected a name for each."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"exits is {names}, expected names that differ.")
    for name, given in zip(names, logits, strict=True):
        if given.dim() != 2 or given.shape[0] != rows or given.shape[1] < 2:
            raise ValueError(
                f"exit {name!r} gives {tuple(given.shape)} for {rows} samples, expected logits (batch, "
                "classes) with two classes or more; end it with a flatten and a linear layer."
            )
        if given.shape[1] != logits[0].shape[1]:
            raise ValueError(
                f"exit {name!r} gives {given.shape[1]} classes and exit {names[0]!r} gives "
                f"{logits[0].shape[1]}, expected as many."
            )
        if not given.dtype.is_floating_point:
            raise ValueError(f"exit {name!r} gives {given.dtype}, expected float logits.")
    return names


def input_names(module: nn.Module, names: Sequence[str] | None, count: int) -> list[str]:
    """Give the names of the inputs: those given, "input" for one, else those of `forward`'s parameters.

    :raises ValueError: for names that are not as many as inputs.
    """
    if names is None:
        if count == 1:
            return ["input"]
        known = [
            parameter.name
            for parameter in inspect.signature(module.forward).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ]
        return known[:count] if len(known) >= count else [f"input{index + 1}" for index in range(count)]
    if isinstance(names, str) or len(names) != count or len(set(names)) < count:
        raise ValueError(f"input_names is {names!r}, expected {count} different names, one for each input.")
    return list(names)


def ranges_of(
    ranges: Mapping[str, tuple[float, float]] | None, names: Sequence[str]
) -> list[tuple[float, float] | None]:
    """Give the range of each input, None where nothing is said.

    :raises ValueError: for an input that is not there, or a range that is none.
    """
    if ranges is not None and not isinstance(ranges, Mapping):
        raise ValueError(
            f"ranges is {shortened(ranges)}, expected (least, most) by the name of an input, as "
            f"{{{names[0]!r}: (0, 1)}}."
        )
    for name, given in (ranges or {}).items():
        if name not in names:
            raise ValueError(f"ranges has {name!r}, expected names of inputs: {', '.join(names)}.")
        if len(given) != 2 or not given[0] <= given[1]:
            raise ValueError(f"the range of {name!r} is {given!r}, expected (least, most).")
    whole = {name: (float(least), float(most)) for name, (least, most) in (ranges or {}).items()}
    return [whole.get(name) for name in names]


def check_tiers(module: nn.Module, tiers: Mapping[str, str] | None) -> dict[str, str]:
    """Give the tiers by submodule.

    :raises ValueError: for a name that is no submodule.
    """
    known = {name for name, _ in module.named_modules(remove_duplicate=False)}
    for name in tiers or {}:
        if name not in known:
            raise ValueError(f"tiers has {name!r}, which is no submodule; see module.named_modules().")
    return dict(tiers or {})
