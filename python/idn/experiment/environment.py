"""What a run depended on beside its config: versions, commit, machine, threads."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from idn.experiment import catalog

PACKAGES = ("idn", "numpy", "pydantic", "omegaconf")


def describe(device: str = "cpu") -> dict[str, Any]:
    """The environment as environment.json holds it; nothing in it names the user or the machine."""
    import torch

    import idn

    cuda = torch.device(device).type == "cuda" and torch.cuda.is_available()
    return {
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),  # which says also what it was built for
            **{name: version(name) for name in PACKAGES},
        },
        "source": source(),
        "build": dict(idn.build_info()),
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "cpu": cpu_model(),
            "cores": usable_cores(),
        },
        "device": device,
        "gpu": torch.cuda.get_device_name(device) if cuda else None,
        "threads": torch.get_num_threads(),
        "torch_config": torch.__config__.show(),
    }


def version(package: str) -> str | None:
    """The installed version of a package, None if it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_model() -> str:
    """The processor's name as the system gives it, else its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def source() -> dict[str, Any]:
    """The commit of the checkout idn is used from, and whether files differ from it; nulls for a wheel."""
    root = catalog.source_root()
    commit = _git(root, "rev-parse", "HEAD") if root is not None else None
    if commit is None:
        return {"commit": None, "changed": None}
    # Untracked files are left out: results and data lie beside the code.
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit, "changed": None if status is None else bool(status)}


def _git(root: Path | None, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
