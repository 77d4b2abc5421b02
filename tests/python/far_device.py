"""The device to test on: the accelerator that torch sees here, else `far`, which is compiled for it.

`far` (far_device.cpp) is memory of this machine that cannot be read where it lies. To register it changes the
whole process, so what uses it runs in one of its own.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import torch
from torch.utils import cpp_extension


def _compile(source: Path) -> None:
    """Compile and load it in a folder of its own: in the shared one a killed run would leave its lock."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where ninja is
    with tempfile.TemporaryDirectory(prefix="idn-far-device-") as folder:
        cpp_extension.load(
            "idn_far_device",
            [str(source)],
            extra_cflags=["-O0"],  # optimising would take longer than it saves
            build_directory=folder,
            is_python_module=False,
        )


class _Module:
    """What torch asks of `torch.far`."""

    @staticmethod
    def _lazy_init() -> None:
        """Nothing is to be done before the first use."""

    @staticmethod
    def _is_in_bad_fork() -> bool:
        """Never: there is nothing a fork could break."""
        return False

    @staticmethod
    def manual_seed_all(seed: int) -> None:
        """It draws no numbers of its own."""

    @staticmethod
    def is_available() -> bool:
        """Always: it is this machine's memory."""
        return True

    @staticmethod
    def device_count() -> int:
        """There is one."""
        return 1

    @staticmethod
    def get_device_name(device: torch.device) -> str:
        """What a profile names it."""
        return f"unreadable memory {device.index}"

    @staticmethod
    def current_device() -> int:
        """The only one."""
        return 0


def accelerator() -> torch.device:
    """The device, with its index."""
    found = torch.accelerator.current_accelerator(check_available=True)
    if found is None:
        _compile(Path(__file__).with_suffix(".cpp"))
        torch.utils.rename_privateuse1_backend("far")
        torch._register_device_module("far", _Module)
        found = torch.device("far")
    return torch.device(found.type, 0)
