"""The one place that loads the C++ extension."""

from __future__ import annotations

import torch  # noqa: F401  (its libraries must be in the process before ours)

from idn import _idn as extension

__all__ = ["build_info", "extension"]


def build_info() -> dict[str, str]:
    """Tell what the C++ part was built with.

    :returns: idn's version, torch's version and CUDA version (or "None"), compiler, build type, and the
        versions of HDF5, oneTBB, Boost, libsodium and Crypto++, as text by name.
    """
    return dict(extension.build_info())
