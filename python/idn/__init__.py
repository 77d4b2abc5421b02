"""idn, the Intelligence Distribution Network: networks that leave early, measured honestly.

Everything below is loaded at its first use, so `import idn` and `idn --help` stay quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from idn._torch_version import check_torch

if TYPE_CHECKING:
    from idn import (
        cbor,
        content_store,
        costs,
        data,
        engine,
        errors,
        exits,
        experiment,
        exporting,
        graph,
        identity,
        inference,
        inspection,
        math,
        models,
        multiformats,
        profiling,
        report,
        signed_record,
        store,
        torch_module,
        training,
        zoo,
    )
    from idn._native import build_info
    from idn.branchy import Branchy
    from idn.content_store import ContentStore
    from idn.engine import Engine
    from idn.exporting import export
    from idn.graph import Graph, load
    from idn.loss import exponential_weights, joint_loss
    from idn.suggestion import suggest_exits

__version__: str

__all__ = [
    "Branchy",
    "ContentStore",
    "Engine",
    "Graph",
    "__version__",
    "build_info",
    "cbor",
    "content_store",
    "costs",
    "data",
    "engine",
    "errors",
    "exits",
    "experiment",
    "exponential_weights",
    "export",
    "exporting",
    "graph",
    "identity",
    "inference",
    "inspection",
    "joint_loss",
    "load",
    "math",
    "models",
    "multiformats",
    "profiling",
    "report",
    "signed_record",
    "store",
    "suggest_exits",
    "torch_module",
    "training",
    "zoo",
]

_MODULES = frozenset(
    [
        "cbor",
        "content_store",
        "costs",
        "data",
        "engine",
        "errors",
        "exits",
        "experiment",
        "exporting",
        "graph",
        "identity",
        "inference",
        "inspection",
        "math",
        "models",
        "multiformats",
        "profiling",
        "report",
        "signed_record",
        "store",
        "torch_module",
        "training",
        "zoo",
    ]
)
_NAMES = {
    "Branchy": "idn.branchy",
    "ContentStore": "idn.content_store",
    "Engine": "idn.engine",
    "Graph": "idn.graph",
    "build_info": "idn._native",
    "exponential_weights": "idn.loss",
    "export": "idn.exporting",
    "joint_loss": "idn.loss",
    "load": "idn.graph",
    "suggest_exits": "idn.suggestion",
}

check_torch()


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("idn")
    elif name in _MODULES:
        value = importlib.import_module(f"idn.{name}")
    elif name in _NAMES:
        value = getattr(importlib.import_module(_NAMES[name]), name)
    else:
        raise AttributeError(f"module 'idn' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
