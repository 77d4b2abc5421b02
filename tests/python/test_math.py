from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from idn.math import incomplete_beta

VECTORS = Path(__file__).parents[1] / "data" / "incomplete_beta.tsv"


def vectors() -> list[tuple[float, float, float, Decimal]]:
    rows = [line.split("\t") for line in VECTORS.read_text().splitlines() if not line.startswith("#")]
    return [(float.fromhex(a), float.fromhex(b), float.fromhex(x), Decimal(v)) for _, a, b, x, v in rows]


def test_it_agrees_with_the_vectors_to_thirteen_digits() -> None:
    for a, b, x, expected in vectors():
        if expected >= Decimal("1e-300"):
            value = Decimal(float(incomplete_beta(x, a, b)))
            assert abs(value - expected) <= Decimal("1e-13") * expected
        if expected > 0:
            logarithm = Decimal(float(incomplete_beta(x, a, b, log=True)))
            exact = expected.ln()
            assert abs(logarithm - exact) <= Decimal("1e-13") * abs(exact)


def test_it_broadcasts_as_numpy_does() -> None:
    x = np.linspace(0, 1, 5)[:, None]
    a = np.array([1.0, 2.0, 3.0])
    result = incomplete_beta(x, a, 1)
    np.testing.assert_allclose(result, x**a, rtol=1e-13)  # I(x; a, 1) = x^a
    assert isinstance(incomplete_beta(0.5, 1, 1), float)


def test_the_complement_keeps_the_digits_a_subtraction_loses() -> None:
    tail = incomplete_beta(1 - 2.0**-40, 1, 3, complement=True)  # (1 - x)^3
    assert tail == pytest.approx(2.0**-120, rel=1e-13)
    logarithm = incomplete_beta(1 - 2.0**-40, 1, 300, complement=True, log=True)
    assert logarithm == pytest.approx(-12000 * math.log(2), rel=1e-13)


def test_the_probability_of_equation_7_1_is_exact_for_large_n() -> None:
    # p(r) = 1 - I((r-1)/(m-1); n, 1/n) at n = 1024, r just below m: doubles alone would lose it.
    value = incomplete_beta(0.5, 1024, 1 / 1024, log=True)
    assert math.isfinite(value)
    assert value < -700


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5, 1, 1), "x is 1.5"),
        ((0.5, 0, 1), "a is 0"),
        ((0.5, 1, math.inf), "b is inf"),
        ((math.nan, 1, 1), "x is nan"),
    ],
)
def test_a_value_out_of_range_is_named(arguments: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        incomplete_beta(*arguments)
