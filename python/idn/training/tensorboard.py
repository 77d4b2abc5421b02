"""Event files for TensorBoard, if it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["EventFiles"]


class EventFiles:
    """Writes every number of an epoch's metrics under `run_dir/tensorboard`; does nothing unless enabled.

    :raises ValueError: if enabled and TensorBoard is not installed.
    """

    def __init__(self, run_dir: Path, *, enabled: bool) -> None:
        self._writer: Any = None
        self.check_installed(wanted=enabled)
        if enabled:
            from torch.utils.tensorboard.writer import SummaryWriter

            self._writer = SummaryWriter(str(run_dir / "tensorboard"))

    @staticmethod
    def check_installed(*, wanted: bool) -> None:
        """Refuse early what would fail later.

        :raises ValueError: if TensorBoard is wanted and not installed.
        """
        if wanted and importlib.util.find_spec("tensorboard") is None:
            raise ValueError(
                "tensorboard is true, but TensorBoard is not installed: pip install 'idn[tensorboard]', "
                "or set training.tensorboard=false."
            )

    def __enter__(self) -> EventFiles:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, epoch: int, metrics: dict[str, Any]) -> None:
        """Add an epoch, counted over all stages."""
        if self._writer is None:
            return
        for name, value in metrics.items():
            if isinstance(value, float):
                self._writer.add_scalar(name, value, epoch)
            elif isinstance(value, list):
                for index, number in enumerate(value, start=1):
                    if number is not None:
                        self._writer.add_scalar(f"{name}/exit_{index}", number, epoch)
        self._writer.flush()
