"""The command line: `idn COMMAND`. Heavy imports wait until a command needs them."""

from __future__ import annotations

from idn.cli.app import app, main

__all__ = ["app", "main"]
