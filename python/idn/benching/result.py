"""What a comparison found: rows of a table, as JSON too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Bench", "Row"]


@dataclass(frozen=True)
class Row:
    """Times of one way to run one job.

    `job` is an exit's name (everything up to it, each sample leaving there) or "overall" (each sample leaving
    where the policy says). Milliseconds are of a call on a batch. `ratio` is p50 over ours, the median of the
    turns' ratios; `difference` the greatest between its logits and ours, `agreement` the share of equal
    labels. `reason` says why there are no times.
    """

    job: str
    way: str
    p50_ms: float | None = None
    p99_ms: float | None = None
    samples_per_second: float | None = None
    ratio: float | None = None
    difference: float | None = None
    agreement: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Bench:
    """All rows of one run on one machine. `exit_rates` (percent) are those of the overall job."""

    package: str
    batch: int
    threads: int
    turns: int
    samples: int
    inputs: str
    policy: Mapping[str, Any]
    exit_rates: list[float]
    rows: list[Row]
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def jobs(self) -> list[str]:
        """The jobs in order."""
        return list(dict.fromkeys(row.job for row in self.rows))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as --json prints them."""
        return asdict(self)

    def as_json(self) -> str:
        """The same as a text."""
        return json.dumps(self.as_dict(), indent=2, allow_nan=False) + "\n"
