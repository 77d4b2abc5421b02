"""Which device to use, and how many of its threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

__all__ = ["channels_last", "laid_out", "resolve_device", "using_threads"]


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


@contextmanager
def using_threads(number: int | None) -> Iterator[None]:
    """Let torch use so many threads within, as many as before if None, and put the number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(number or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def channels_last(images: torch.Tensor) -> torch.Tensor:
    """Return images (batch, channels, height, width) with the channels of a pixel side by side in memory.

    What convolutions of torch like best on a CPU: training takes about two thirds of the time. Anything else
    comes back as it is.
    """
    if images.dim() != 4:
        return images
    return images.contiguous(memory_format=torch.channels_last)


@contextmanager
def laid_out(module: nn.Module) -> Iterator[None]:
    """Lay out the weights of a module's convolutions as `channels_last` does images, and put them back."""
    weights = [parameter for parameter in module.parameters() if parameter.dim() == 4]
    for weight in weights:
        weight.data = channels_last(weight.data)
    try:
        yield
    finally:
        for weight in weights:
            weight.data = weight.data.contiguous()
