"""Which device to use."""

from __future__ import annotations

import torch

__all__ = ["resolve_device"]


def resolve_device(name: str) -> torch.device:
    """Return the device of a name: "auto" is CUDA where there is one, else the CPU.

    :raises ValueError: for another name, or CUDA where torch sees none.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    if name == "cuda":
        if not torch.cuda.is_available():
            raise ValueError(
                f"device is 'cuda', but torch {torch.__version__} finds no CUDA device; "
                "use device 'auto' or 'cpu', or install a CUDA build of torch and the driver."
            )
        return torch.device("cuda")
    raise ValueError(f"device is {name!r}, expected 'auto', 'cpu' or 'cuda'.")
