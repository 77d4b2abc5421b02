"""Where tracing had to assume something of the batch, and where the module read values out of tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from idn.errors import ExportError
from idn.exporting.refusals import user_line, where_called
from idn.exporting.replacements import SIZES_OF_DATA

__all__ = ["AssumptionWatch", "Reading"]

_CONDITION = (
    "a condition (if, while, and, or, not, assert, bool)",
    "return the logits of every exit, and let the policy of idn.Engine choose who leaves; for any other "
    "choice, compute both sides and choose with torch.where",
)
_KEEP = "keep the tensor and compute with it; what a loop counts or a shape has must be fixed"
_READINGS = {
    "__bool__": _CONDITION,
    "__contains__": ("`in`", "compare, and choose with torch.where"),
    "__float__": ("float(...)", _KEEP),
    "__format__": ("a text made of it", "leave texts out of forward"),
    "__index__": (
        "its use as an index or a count",
        "pick with torch.index_select, or by F.one_hot and a sum",
    ),
    "__int__": ("int(...)", _KEEP),
    "item": (".item()", _KEEP),
    "numpy": (".numpy()", "compute with torch's functions"),
    "tolist": (".tolist()", _KEEP),
}


@dataclass(frozen=True)
class Reading:
    """A value read out of a tensor: by what that was written, in which line, and what could replace it."""

    what: str
    place: str
    instead: str


class AssumptionWatch(TorchFunctionMode):
    """While it is active, remembers the first line after which the batch was no longer just any, and the last
    one that read a value out of a tensor.

    Torch says what it assumed and not where; a function that reshapes assumes within itself, a branch of the
    module in its own line.
    """

    def __init__(self) -> None:
        super().__init__()
        self.place = ""
        self.reading: Reading | None = None
        self._environment: Any = None

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if self._environment is None:
            self._environment = _environment_of(args)
        name = getattr(function, "__name__", str(function))
        if name in _READINGS and (place := where_called()):
            what, instead = _READINGS[name]
            self.reading = Reading(what, place, instead)
        try:
            result = function(*args, **(kwargs or {}))
        finally:
            self._look()
        if isinstance(result, torch.Tensor) and any(map(_is_open, result.shape)):
            raise ExportError(
                f"{where_called()}: {name}: how many there are depends on the values of a tensor. "
                f"Instead: {SIZES_OF_DATA}."
            )
        return result

    def _look(self) -> None:
        guards = getattr(self._environment, "guards", None)
        if self.place or not guards:
            return
        location = getattr(guards[0].sloc, "framework_loc", None)
        self.place = user_line(location) or where_called()


def _is_open(size: Any) -> bool:
    """Whether a size is one that only the data decide."""
    node = getattr(size, "node", None)
    return node is not None and any(str(symbol).startswith("u") for symbol in node.expr.free_symbols)


def _environment_of(args: Any) -> Any:
    for given in args:
        for size in given.shape if isinstance(given, torch.Tensor) else ():
            if hasattr(size, "node"):
                return size.node.shape_env
    return None
