"""Functions of numbers that later parts must get exactly right."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from idn._native import extension

__all__ = ["incomplete_beta"]


def incomplete_beta(
    x: ArrayLike, a: ArrayLike, b: ArrayLike, complement: bool = False, log: bool = False
) -> NDArray[np.float64] | np.float64:
    """Return the regularised incomplete beta function I(x; a, b), element by element.

    The relative error is at most 1e-13; of the logarithm where the value is below 1e-300. Used by
    Equation 7.1, the reward of section 6.6.3 and the analysis of section 6.3.

    :param x: in [0, 1].
    :param a: positive, up to 1e9.
    :param b: positive, up to 1e9. The three are broadcast against each other as numpy does.
    :param complement: return 1 - I instead, without the cancellation of a subtraction.
    :param log: return the natural logarithm, accurate also where the value itself underflows.
    :returns: float64 of the broadcast shape; a number when all three are numbers.
    :raises ValueError: naming the first value out of range.
    """
    xs, as_, bs = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (x, a, b)))
    flat = extension.math.incomplete_beta(xs.ravel(), as_.ravel(), bs.ravel(), complement=complement, log=log)
    result: NDArray[np.float64] = flat.reshape(xs.shape)
    return result if result.ndim else np.float64(result[()])
