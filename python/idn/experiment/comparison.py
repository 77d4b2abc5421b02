"""What was published beside what was measured, and whether it holds: the entries of comparison.json."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Better = Literal["higher", "lower"]
OURS = "ours"  # in place of what was published, where the claim is our own
Z_95 = 1.959963984540054  # of a 95 % interval: the 97.5 % point of the normal distribution
FIELDS = ("what", "published", "measured", "interval", "preset", "holds")


@dataclass(frozen=True)
class Comparison:
    """One published number or claim.

    `published` is the number, True for a claim, or `OURS` for a claim of our own; `measured` a number, a
    sentence, or None; `interval` the 95 % interval of the measurement, in its unit; `holds` is None only
    where nothing could be tested, and `what` then says why.
    """

    what: str
    published: float | bool | str
    measured: float | str | None
    interval: tuple[float, float] | None
    preset: str
    holds: bool | None

    @property
    def is_ours(self) -> bool:
        """Whether it is a claim of our own, which nobody published."""
        return self.published == OURS

    def as_dict(self) -> dict[str, Any]:
        """The entry as comparison.json holds it: plain values, in the order of `FIELDS`."""
        entry = asdict(self)
        entry["interval"] = None if self.interval is None else list(self.interval)
        return entry


def number(
    what: str,
    published: float,
    measured: float | None,
    interval: Sequence[float] | None = None,
    *,
    preset: str,
    better: Better | None = None,
) -> Comparison:
    """Compares a published number with a measured one.

    It holds if it lies in the measured 95 % interval (ends included), or if the measurement is better;
    `better=None` means that neither side is. Without an interval only equality or a better measurement
    holds; without a measurement nothing is tested.

    :raises ValueError: for a number that is not finite, or an interval that does not hold the measurement.
    """
    if measured is None:
        return Comparison(what, published, None, None, preset, None)
    bounds = None if interval is None else (float(interval[0]), float(interval[1]))
    for value in (published, measured, *(bounds or ())):
        if not math.isfinite(value):
            raise ValueError(f"{what}: {value} is not finite; give None where there is no measurement")
    low, high = bounds or (measured, measured)
    if not low <= measured <= high:
        raise ValueError(f"{what}: the measurement {measured} is outside its own interval [{low}, {high}]")
    beaten = (better == "higher" and measured > published) or (better == "lower" and measured < published)
    return Comparison(what, published, float(measured), bounds, preset, low <= published <= high or beaten)


def claim(
    what: str, holds: bool | None, measured: str | None = None, *, preset: str, ours: bool = False
) -> Comparison:
    """A claim, published or our own, with the outcome of its test; `measured` says what the test saw."""
    return Comparison(
        what, OURS if ours else True, measured, None, preset, None if holds is None else bool(holds)
    )


def wilson(successes: int, samples: int) -> tuple[float, float]:
    """The 95 % score interval of a share, in percent (Wilson 1927): [low, high].

    :raises ValueError: unless 0 <= successes <= samples and samples > 0.
    """
    if not 0 <= successes <= samples or samples == 0:
        raise ValueError(
            f"a share needs 0 <= successes <= samples, samples > 0, not {successes} of {samples}"
        )
    z = Z_95
    share, spread = successes / samples, z * z / samples
    centre = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / samples + spread / (4 * samples)) / (1 + spread)
    # At 0 and at all the exact end is the share itself; rounding must not put it outside.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == samples else centre + half
    return 100 * low, 100 * high
