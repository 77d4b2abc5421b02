"""How far a download is: a bar on a terminal, a line every tenth otherwise; always on standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class Progress:
    """Shows how many of `total_bytes` have come; shows nothing when `wanted` is false."""

    def __init__(self, name: str, total_bytes: int, wanted: bool = True) -> None:
        self._name = name
        self._total = max(1, total_bytes)
        self._wanted = wanted
        self._done = 0
        self._tenths = 0
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Progress:
        if self._wanted and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(self._name, total=self._total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self, count: int) -> None:
        """Say that so many more bytes have come."""
        self._done += count
        if self._bar is not None:
            self._bar.advance(self._task, count)
        elif self._wanted and self._done * 10 // self._total > self._tenths:
            self._tenths = self._done * 10 // self._total
            megabytes = f"{self._done / 1e6:.1f} of {self._total / 1e6:.1f} MB"
            print(f"{self._name}: {megabytes} ({self._tenths * 10} %)", file=sys.stderr, flush=True)
