"""What a person sees of a training: bars on a terminal, lines otherwise. Always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

__all__ = ["Progress"]


SECONDS_BETWEEN_LINES = 30.0  # within an epoch, so that nobody takes a slow one for a dead one


class Progress:
    """Shows stages, epochs and steps: bars, or a line for each epoch and for each half minute of a long one.

    :param log: where lines go; stderr if None.
    :param bars: whether to draw bars; None means where stderr is a terminal.
    """

    def __init__(self, log: Callable[[str], None] | None = None, *, bars: bool | None = None) -> None:
        console = Console(stderr=True)
        wanted = console.is_terminal if bars is None else bars
        self._log = log
        self._bars: Bars | None = None
        if wanted:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=console,
                transient=True,
            )
        self._task: TaskID | None = None
        self._title, self._steps, self._last_line = "", 0, time.monotonic()

    @classmethod
    def quiet_unless(cls, progress: Progress, *, wanted: bool) -> Progress:
        """Return `progress` where it is wanted, else one that shows nothing."""
        return progress if wanted else cls(lambda _line: None, bars=False)

    def __enter__(self) -> Progress:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def begin_epoch(self, title: str, steps: int, done: int) -> None:
        """Start a bar of `steps`, of which `done` were done before."""
        self._title, self._steps, self._last_line = title, steps, time.monotonic()
        if self._bars is not None:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task = self._bars.add_task(title, total=steps, completed=done, note="")

    def step(self, done: int, loss: float | None = None) -> None:
        """Move the bar to `done` steps."""
        if self._bars is not None and self._task is not None:
            note = "" if loss is None else f"loss {loss:.4f}"
            self._bars.update(self._task, completed=done, note=note)
        elif self._bars is None and time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            note = "" if loss is None else f"  loss {loss:.4f}"
            self.say(f"{self._title}  step {done}/{self._steps}{note}")

    def say(self, line: str) -> None:
        """Print a line, above the bar if there is one."""
        if self._log is not None:
            self._log(line)
        elif self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def end_epoch(self, title: str, metrics: dict[str, Any]) -> None:
        """Say how an epoch went."""
        parts = [title, f"loss {metrics['loss']:.4f}"]
        if metrics["validation_accuracy"] is not None:
            shares = "/".join("-" if a is None else f"{a:.2f}" for a in metrics["validation_accuracy"])
            parts.append(f"validation {shares} %")
        parts.append(f"{metrics['time']['images_per_second']:.0f} images/s")
        self.say("  ".join(parts))
