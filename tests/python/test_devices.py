"""Graphs on an accelerator: the one that torch sees here, else one of memory that the host cannot read."""

from __future__ import annotations

from pathlib import Path

from own_process import run_tests


def test_on_a_device_everything_is_as_on_the_cpu() -> None:
    """In a process of its own, since a device that is registered changes the whole of torch."""
    run_tests(Path(__file__).with_name("on_a_device.py"))
