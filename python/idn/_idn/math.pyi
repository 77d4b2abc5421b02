"""
Functions of numbers.
"""

from __future__ import annotations

import typing

import numpy
import numpy.typing

__all__: list[str] = ["incomplete_beta"]

def incomplete_beta(
    x: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    a: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    b: typing.Annotated[numpy.typing.ArrayLike, numpy.float64],
    *,
    complement: bool,
    log: bool,
) -> numpy.typing.NDArray[numpy.float64]:
    """
    The regularised incomplete beta function of three float64 vectors of one length.
    """
