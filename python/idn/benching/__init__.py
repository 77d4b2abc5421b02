"""`idn bench`: a package in our engine beside eager PyTorch, torch.compile, TorchScript and ONNX Runtime."""

from __future__ import annotations

from idn.benching.comparing import bench
from idn.benching.result import Bench, Row
from idn.benching.rivals import names

__all__ = ["Bench", "Row", "bench", "names"]
