"""What is suggested, what it rests on, and why, as values and as text."""

from __future__ import annotations

from dataclasses import dataclass

from idn.exits import Front

__all__ = ["Probe", "Suggestion"]


@dataclass(frozen=True)
class Probe:
    """A head that was tried on the features of a trunk that stayed as it was.

    `trunk_macs` is what the trunk costs up to the place, `head_macs` what the head costs, `cost` their sum as
    a share of the whole trunk; `accuracy` (percent, on validation samples) is that of all samples leaving
    here.
    """

    place: str
    head: str
    trunk_macs: int
    head_macs: int
    cost: float
    accuracy: float


@dataclass(frozen=True)
class Suggestion:
    """Early exits for a trunk, predicted by probes: a comparison of places, not a forecast.

    `exits` maps places to descriptions of heads, lowest first, as `idn.Branchy(trunk, exits=...)` takes them.
    `front` is the predicted trade-off on the validation samples: accuracy in percent, cost in
    multiply-accumulates with the heads. `probes` is all that was tried, `reasons` why it came out so.
    `print(suggestion)` says all that in words.
    """

    exits: dict[str, str]
    front: Front
    probes: list[Probe]
    trunk_macs: int
    trunk_accuracy: float
    training_samples: int
    validation_samples: int
    reasons: list[str]

    def as_config(self) -> list[str]:
        """Return the exits as configs have them under `model.exits`: "MODULE: HEAD"."""
        return [f"{place}: {head}" for place, head in self.exits.items()]

    def __str__(self) -> str:
        lines = ["Early exits, lowest first:", *(f"  {text}" for text in self.as_config())]
        lines += ["Why:", *(f"  {reason}" for reason in self.reasons)]
        lines.append(
            f"Predicted on {self.validation_samples} validation samples, where the trunk reaches "
            f"{self.trunk_accuracy:.2f} % with {self.trunk_macs:,} multiply-accumulates:"
        )
        points = [self.front.at_least(self.trunk_accuracy - lost) for lost in (0.0, 1.0, 2.0)]
        predicted = [f"  {one.accuracy:.2f} % at {one.cost / self.trunk_macs:.1%} of these" for one in points]
        lines += dict.fromkeys(predicted)  # one point may be the cheapest for all
        lines.append("Probes (if all samples left there, the cost with the head):")
        width = max(len(f"{one.place}: {one.head}") for one in self.probes)
        for one in self.probes:
            mark = "*" if self.exits.get(one.place) == one.head else " "
            exit_text = f"{one.place}: {one.head}".ljust(width)
            lines.append(f"{mark} {exit_text}  {one.cost:6.1%}  {one.accuracy:6.2f} %")
        lines.append(
            f"Probes are heads trained for a few epochs on the features of {self.training_samples} training "
            "samples, the trunk as it is. They compare places, and do not tell what exits reach that are "
            "trained with the trunk."
        )
        return "\n".join(lines)
