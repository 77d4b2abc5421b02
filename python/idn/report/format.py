"""Numbers and words as every view of a run prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from idn.experiment.comparison import Comparison

NOTHING = "–"  # noqa: RUF001 - an en dash stands where there is nothing
VERDICTS = {True: "holds", False: "does not hold", None: "not testable here"}


def percent(value: float) -> str:
    """`71.25 %`."""
    return f"{value:.2f} %"


def interval(bounds: Sequence[float] | None, digits: int = 2) -> str:
    """`70.1 to 72.4`, or nothing where there is no interval."""
    return "" if bounds is None else f"{bounds[0]:.{digits}f} to {bounds[1]:.{digits}f}"


def macs(value: float) -> str:
    """Multiply-accumulates in a unit that leaves about three digits: `21.4 M`."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}" if value / size < 999.5 else f"{value / size:.0f} {unit}"
    return f"{value:.0f}"


def gain(value: float) -> str:
    """`1.44×`."""
    return f"{value:.2f}×"  # noqa: RUF001 - the multiplication sign is meant


def duration(seconds: float) -> str:
    """`43 s`, `12 min 5 s` or `1 h 3 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.0f} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def threshold(value: float | None) -> str:
    """A threshold, `never` where no sample may leave."""
    return "never" if value is None else f"{value:.4g}"


def measure(value: Any) -> str:
    """A published or measured entry of comparison.json."""
    if value is None:
        return NOTHING
    if value is True:
        return "claim"
    return f"{value:.4g}" if isinstance(value, float | int) else str(value)


def verdict(comparison: Comparison) -> str:
    """`holds`, `does not hold` or `not testable here`."""
    return VERDICTS[comparison.holds]


class Ruled(Protocol):
    """What has an exit rule, as summary.json holds it: a summary, a card of the zoo."""

    @property
    def criterion(self) -> Mapping[str, Any]:
        """Its name and options."""


def criterion(ruled: Ruled) -> str:
    """The exit rule in words, such as "entropy in nats, leaves below T"."""
    name = str(ruled.criterion.get("name", "unnamed"))
    rule = {
        "confidence": "confidence, leaves at or above T",
        "margin": "margin, leaves at or above T",
        "patience": "patience, leaves after T equal answers in a row",
        "entropy": "entropy in nats, leaves below T",
    }.get(name, name)
    if name == "entropy" and ruled.criterion.get("normalized"):
        rule = "normalised entropy, leaves at or below T"
    temperature = ruled.criterion.get("temperature", 1.0)
    return rule if temperature in (1, 1.0, None) else f"{rule}, softmax temperature {temperature}"
