"""The checks of `idn doctor`. Each really does what it is about, and says how to repair it."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

State = Literal["ok", "warning", "failed"]
LOW_DISK_BYTES = 2_000_000_000  # CIFAR10 takes 0.4 GB with its archive; a run with its checkpoint 0.1 GB


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, how it is, and what to do if it is not well."""

    what: str
    state: State
    detail: str


def run_all() -> list[Check]:
    """Every check, in order; one that breaks is a failed check, and the others go on."""
    return [_guarded(what, check) for what, check in _CHECKS.items()]


def _guarded(what: str, check: Callable[[], tuple[State, str]]) -> Check:
    try:
        return Check(what, *check())
    except Exception as error:
        return Check(what, "failed", " ".join(str(error).split()) or type(error).__name__)


def _python() -> tuple[State, str]:
    fits = (3, 10) <= sys.version_info[:2] <= (3, 13)
    advice = "" if fits else ", but idn is made for 3.10 to 3.13"
    return ("ok" if fits else "warning"), f"{platform.python_version()} at {sys.executable}{advice}"


def _torch() -> tuple[State, str]:
    import torch

    import idn

    built = dict(idn.build_info()).get("torch", "an unknown version")
    return "ok", f"{torch.__version__}; idn was built against {built}"


def _extension() -> tuple[State, str]:
    import torch

    import idn

    logits = torch.zeros(2, 4, requires_grad=True)
    loss = idn.joint_loss([logits], torch.tensor([0, 1]))
    loss.backward()
    expected = torch.log(torch.tensor(4.0))
    if not torch.allclose(loss.detach(), expected, atol=1e-6):
        return "failed", f"joint_loss of zeros is {float(loss.detach())}, not log 4; build idn again"
    return "ok", "loads and computes"


def _store() -> tuple[State, str]:
    import numpy as np

    from idn import store

    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "check.h5"
        store.write(path, {"values": values})
        if not np.array_equal(store.read(path)["values"], values):
            return "failed", "what was written to HDF5 does not come back; build idn again"
    return "ok", "writes and reads back"


def _embedded_data() -> tuple[State, str]:
    from idn import data

    return "ok", f"digits, {len(data.load('digits').train)} training images"


def _configs() -> tuple[State, str]:
    from idn.experiment import catalog

    count = sum(len(catalog.names(slug)) for slug in catalog.slugs())
    return "ok", f"{count} in {catalog.configs_root()}"


def _data_sets() -> tuple[State, str]:
    from idn import data

    states = {source.name: source.state() for source in data.registry()}
    detail = ", ".join(f"{name} {state}" for name, state in states.items())
    broken = "incomplete" in states.values()
    return ("warning" if broken else "ok"), f"{detail}; root {data.data_root()}"


def _disk() -> tuple[State, str]:
    free = shutil.disk_usage(Path.cwd()).free
    low = free < LOW_DISK_BYTES
    return (
        "warning" if low else "ok"
    ), f"{free / 1e9:.1f} GB free here{'; make room before a run' if low else ''}"


def _threads() -> tuple[State, str]:
    import torch

    from idn.experiment.environment import usable_cores

    threads, cores = torch.get_num_threads(), usable_cores()
    if threads > cores:
        return (
            "warning",
            f"torch uses {threads} on {cores} cores, which is slower; set training.threads={cores}",
        )
    return "ok", f"torch uses {threads} on {cores} cores"


def _cuda() -> tuple[State, str]:
    import torch

    if not torch.backends.cuda.is_built():
        return "ok", "this torch is built without CUDA; runs use the processor"
    if not torch.cuda.is_available():
        return "warning", "this torch is built for CUDA, but finds no usable GPU; runs use the processor"
    return "ok", torch.cuda.get_device_name()


def _submitit() -> tuple[State, str]:
    from idn.experiment.environment import version

    found = version("submitit")
    return (
        "ok",
        f"submitit {found}" if found else "submitit is not installed; `idn sweep --slurm` needs idn[slurm]",
    )


_CHECKS: dict[str, Callable[[], tuple[State, str]]] = {
    "python": _python,
    "torch": _torch,
    "C++ library": _extension,
    "HDF5 store": _store,
    "embedded data": _embedded_data,
    "configs": _configs,
    "data sets": _data_sets,
    "disk": _disk,
    "threads": _threads,
    "CUDA": _cuda,
    "Slurm": _submitit,
}
