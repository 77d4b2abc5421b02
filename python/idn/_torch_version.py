"""The check that torch is the one the C++ part was built against; it does not import torch."""

from __future__ import annotations

import importlib.metadata


def _minor(version: str) -> str:
    return ".".join(version.split("+")[0].split(".")[:2])


def check_torch() -> None:
    """Refuse a missing torch, or one with another binary interface than the one built against.

    :raises ImportError: in one sentence, with what is installed, what is needed and how to get it.
    """
    try:
        installed = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        raise ImportError(
            "idn needs torch, which is not installed: install it as pytorch.org/get-started/locally shows, "
            "then install idn again with --no-build-isolation."
        ) from None
    try:
        from idn._built_against import TORCH_VERSION
    except ImportError:
        raise ImportError(
            "idn is not built: its C++ part is missing; run "
            "`pip install --no-build-isolation -e .` in the checkout (not just PYTHONPATH)."
        ) from None
    if _minor(installed) != _minor(TORCH_VERSION):
        raise ImportError(
            f"idn was built against torch {TORCH_VERSION} but torch {installed} is installed: either "
            f"`pip install 'torch=={_minor(TORCH_VERSION)}.*'`, or rebuild idn against yours with "
            "`pip install --no-build-isolation --no-deps --force-reinstall` and the path or name of idn."
        )
