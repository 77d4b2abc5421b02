"""Which rule translates which of torch's operations."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import TypeVar

from idn.exporting.call import Rule

__all__ = ["find", "rule", "supported"]

_RULES: dict[str, Rule] = {}


_AnyRule = TypeVar("_AnyRule", bound=Rule)


def rule(*names: str) -> Callable[[_AnyRule], _AnyRule]:
    """Declare that a function translates torch's operations of these names, such as "aten.relu.default".

    It gives the value of the operation, or of each of its outputs, None for one that nobody may use.
    """

    def declare(function: _AnyRule) -> _AnyRule:
        for name in names:
            assert name not in _RULES, name
            _RULES[name] = function
        return function

    return declare


def find(name: str) -> Rule | None:
    """The rule of an operation, or None."""
    _load()
    return _RULES.get(name)


def supported() -> list[str]:
    """The names of the operations that have a rule."""
    _load()
    return sorted(_RULES)


@functools.cache
def _load() -> None:
    package = importlib.import_module("idn.exporting.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
