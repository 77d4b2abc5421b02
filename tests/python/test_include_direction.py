"""The layers of the C++ code, read from its include lines: an arrow of the design may not be turned round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[2] / "csrc"

# layer -> the layers below it that it may include (docs/architecture.md draws this)
_BELOW_IDENTITY = {"core", "math", "identity"}
_BELOW_GRAPH = _BELOW_IDENTITY | {"graph"}
_BELOW_PEER = _BELOW_IDENTITY | {"ledger", "peer"}
_STORE = {"core", "store/text", "store/chunk", "store/replacement"}
LAYERS: dict[str, set[str]] = {
    "core": set(),
    "math": {"core"},
    "identity": {"core", "math"},
    "graph": _BELOW_IDENTITY,
    "exits": _BELOW_GRAPH,
    "ddnn": _BELOW_GRAPH,
    "parallelnet": _BELOW_GRAPH,
    "daimon": _BELOW_GRAPH,
    "ledger": _BELOW_IDENTITY,
    "peer": _BELOW_IDENTITY | {"ledger"},
    "sim": _BELOW_PEER,
    "net": _BELOW_PEER,
    "store/text": {"core"},
    "store/chunk": {"core"},
    "store/replacement": {"core", "store/text"},
    "store/hdf5": _STORE,
    "store/npy": _STORE,
    "store/trace": _STORE | {"store/hdf5"},
    "store/database": _STORE,
    "store/content": _BELOW_IDENTITY | _STORE,
}
# Each foreign library has its home in libidn_core: pattern of the header -> where it may be included.
HOMES: dict[str, str | tuple[str, ...]] = {
    r"(hdf5|H5\w*)\.h": "store/hdf5",
    r"(oneapi/)?tbb/.*": "core/parallel",
    r"boost/.*": "math/incomplete_beta",
    r"Eigen/.*": "exits/",
    r"zlib\.h": "store/chunk",
    r"sodium\.h": "identity/",
    r"nlohmann/.*": ("graph/", "exits/policy_file"),
    r"cryptopp/.*": "identity/multiformats/multihash",
    r"sqlite3\.h": "store/database",
    r"sys/socket\.h|netinet/.*|arpa/.*|zmq.*": "net/",
}
# Headers for the inside of one home: they may hold its library's types, and nobody else may include them.
PRIVATE: dict[str, str] = {"store/hdf5_library.h": "store/hdf5", "store/hdf5_driver.h": "store/hdf5"}
_POSIX = re.compile(r"(dirent|fcntl|unistd|sys/(stat|types|file|mman|resource))\.h")
_TENSORS = re.compile(r"(ATen|c10|torch)/.*")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer_of(path: str) -> str:
    """The layer of a path below csrc/idn, e.g. "core/error.h" -> "core", "store/hdf5.cpp" -> "store/hdf5"."""
    first, _, rest = path.partition("/")
    return f"store/{re.split(r'[_./]', rest)[0]}" if first == "store" else first


def _core_violation(path: str, target: str, *, header: bool) -> str | None:
    """What is wrong with a file of libidn_core (path below csrc/idn) including target, or None."""
    layer = layer_of(path)
    if layer not in LAYERS:
        return f"is in no known layer ({layer})"
    if target.startswith("idn/"):
        inside = target.removeprefix("idn/")
        if inside in PRIVATE and not path.startswith(PRIVATE[inside]):
            return f"is for the inside of {PRIVATE[inside]}"
        used = layer_of(inside)
        allowed = used == layer or used in LAYERS[layer]
        return None if allowed else f"{layer} may not use {used}"
    if "/" not in target and "." not in target:
        return None  # the standard library
    if _POSIX.fullmatch(target):
        return None
    if header and path not in PRIVATE:
        return "a header of libidn_core includes only the standard library and libidn_core"
    for pattern, home in HOMES.items():
        if re.fullmatch(pattern, target):
            homes = home if isinstance(home, str) else " and ".join(home)
            return None if path.startswith(home) else f"belongs in {homes} alone"
    return "is foreign to libidn_core"


def _torch_violation(path: str, target: str) -> str | None:
    if target == "immintrin.h":  # what the compiler knows of the processor's vectors
        return None if path.startswith("idn_torch/kernels/") else "belongs in idn_torch/kernels/ alone"
    if target.startswith(("idn/", "idn_torch/")) or ("/" not in target and "." not in target):
        return None
    return None if _TENSORS.fullmatch(target) else "is foreign to libidn_torch"


def violations(csrc: Path) -> list[str]:
    """One line for each include below csrc that goes against the layers."""
    found = []
    for file in sorted([*csrc.rglob("*.h"), *csrc.rglob("*.cpp")]):
        path = file.relative_to(csrc).as_posix()
        library, _, inside = path.partition("/")
        for quote, name in _INCLUDE.findall(file.read_text(encoding="utf-8")):
            target = name
            if quote == '"' and not (csrc / name).is_file():
                neighbour = (file.parent / name).resolve()
                if ".." in name or not neighbour.is_file():
                    found.append(f"{path}: {name}: no such file below csrc")
                    continue
                target = neighbour.relative_to(csrc.resolve()).as_posix()
            if library == "idn":
                reason = _core_violation(inside, target, header=file.suffix == ".h")
            elif library == "idn_torch":
                reason = _torch_violation(path, target)
            elif library == "programs" and inside.startswith("idn_peer") and _TENSORS.fullmatch(target):
                reason = "idn-peer never loads torch"
            elif library in ("bindings", "programs"):
                reason = None
            else:
                reason = f"{library} is no part of csrc"
            if reason:
                found.append(f"{path}: {name}: {reason}")
    return found


def test_every_include_goes_down_the_layers() -> None:
    files = list(CSRC.rglob("*.cpp"))
    assert len(files) > 5, f"the code is not where this test looks: {CSRC}"
    assert violations(CSRC) == []


@pytest.mark.parametrize(
    ("path", "line", "reason"),
    [
        ("idn/core/error.h", '#include "idn/math/statistics.h"', "core may not use math"),
        ("idn/math/statistics.cpp", '#include "idn/exits/criterion.h"', "math may not use exits"),
        ("idn/graph/cost.cpp", '  #  include "idn/exits/criterion.h"', "graph may not use exits"),
        ("idn/ledger/ledger.cpp", '#include "idn/graph/graph.h"', "ledger may not use graph"),
        ("idn/peer/node.cpp", '#include "idn/net/transport.h"', "peer may not use net"),
        ("idn/store/hdf5.cpp", '#include "idn/identity/cid.h"', "store/hdf5 may not use identity"),
        ("idn_torch/engine.cpp", "#include <immintrin.h>", "belongs in idn_torch/kernels/ alone"),
        ("idn/store/hdf5.h", "#include <hdf5.h>", "a header of libidn_core includes only"),
        ("idn/exits/criterion.cpp", "#include <H5Dpublic.h>", "belongs in store/hdf5 alone"),
        ("idn/exits/criterion.cpp", "#include <oneapi/tbb/parallel_for.h>", "belongs in core/parallel alone"),
        ("idn/exits/criterion.cpp", "#include <boost/math/special_functions/beta.hpp>", "belongs in math/"),
        ("idn/store/content.cpp", '#include "idn/store/hdf5_library.h"', "is for the inside of store/hdf5"),
        ("idn/store/hdf5.cpp", "#include <zlib.h>", "belongs in store/chunk alone"),
        ("idn/store/content.cpp", "#include <sqlite3.h>", "belongs in store/database alone"),
        ("idn/peer/node.cpp", "#include <sys/socket.h>", "belongs in net/ alone"),
        ("idn/exits/policy.cpp", "#include <nlohmann/json.hpp>", "in graph/ and exits/policy_file alone"),
        ("idn/exits/criterion.cpp", "#include <ATen/core/Tensor.h>", "is foreign to libidn_core"),
        ("idn/exits/criterion.cpp", '#include "idn_torch/criterion.h"', "is foreign to libidn_core"),
        ("idn/extras/misc.cpp", "#include <vector>", "is in no known layer"),
        ("idn/math/statistics.cpp", '#include "../core/error.h"', "no such file"),
        ("idn_torch/executor.cpp", "#include <pybind11/pybind11.h>", "is foreign to libidn_torch"),
        ("idn_torch/executor.cpp", "#include <hdf5.h>", "is foreign to libidn_torch"),
        ("programs/idn_peer.cpp", "#include <torch/library.h>", "idn-peer never loads torch"),
        ("helpers/misc.cpp", "#include <vector>", "is no part of csrc"),
    ],
)
def test_an_include_against_the_layers_is_found(tmp_path: Path, path: str, line: str, reason: str) -> None:
    for header in (
        "idn/math/statistics.h",
        "idn/exits/criterion.h",
        "idn/graph/graph.h",
        "idn/net/transport.h",
        "idn/identity/cid.h",
        "idn/store/hdf5_library.h",
        "idn_torch/criterion.h",
    ):
        (tmp_path / header).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / header).write_text("#pragma once\n", encoding="utf-8")
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(f"#pragma once\n{line}\n", encoding="utf-8")
    (found,) = violations(tmp_path)
    assert found.startswith(f"{path}: ")
    assert reason in found


def test_includes_down_the_layers_are_accepted(tmp_path: Path) -> None:
    tree = {
        "idn/core/error.h": "#include <stdexcept>\n",
        "idn/core/parallel.cpp": '#include "error.h"\n#include <tbb/parallel_for.h>\n',
        "idn/store/hdf5_trace.cpp": '#include "idn/core/error.h"\n#include <hdf5.h>\n#include <unistd.h>\n',
        "idn/sim/event_loop.cpp": '#include "idn/core/error.h"\n',
        "idn_torch/executor.h": '#include <ATen/core/Tensor.h>\n#include "idn/core/error.h"\n',
        "bindings/module.cpp": '#include <pybind11/pybind11.h>\n#include "idn_torch/executor.h"\n',
    }
    for path, text in tree.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert violations(tmp_path) == []
