"""The energy counters of the processor (RAPL), as Linux shows them under /sys/class/powercap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Rapl", "Reading"]

ROOT = Path("/sys/class/powercap")


@dataclass(frozen=True)
class _Domain:
    name: str
    counter: Path
    range_microjoules: int  # the counter goes from 0 to this, and then to 0 again


@dataclass(frozen=True)
class Reading:
    """What the counters showed at a moment, in microjoules."""

    microjoules: tuple[int, ...]


class Rapl:
    """The packages of a machine's processors, each with all that is in it: cores, caches, and what uses them.

    :param root: the folder of the counters; the system's own if left out.
    :raises OSError: where there are none that can be read; the message says why.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._domains = _packages(ROOT if root is None else root)

    @property
    def domains(self) -> list[str]:
        """The names of what is counted: `package-0`."""
        return [domain.name for domain in self._domains]

    def read(self) -> Reading:
        """The counters now.

        :raises OSError: if they can no longer be read.
        """
        return Reading(tuple(_number(domain.counter) for domain in self._domains))

    def joules(self, before: Reading, after: Reading) -> float:
        """What was used from one reading to another, all packages together.

        A counter that has become less has begun anew once. So readings must be closer than the time in which
        one runs through its range, which is minutes at full load.
        """
        total = 0
        for domain, first, last in zip(self._domains, before.microjoules, after.microjoules, strict=True):
            used = last - first
            total += used if used >= 0 else used + domain.range_microjoules + 1
        return total / 1e6


def _packages(root: Path) -> tuple[_Domain, ...]:
    """The domains of whole packages: parts inside one, and the platform around them, would count twice."""
    found = []
    for folder in sorted(root.glob("intel-rapl:*")):
        try:
            name = (folder / "name").read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if not name.startswith("package"):
            continue
        counter = folder / "energy_uj"
        try:
            _number(counter)
            found.append(_Domain(name, counter, _number(folder / "max_energy_range_uj")))
        except PermissionError as error:
            raise PermissionError(
                f"{counter} is readable by the system's administrator alone: run as that, or let it be read."
            ) from error
    if not found:
        raise FileNotFoundError(f"there is no energy counter (RAPL) under {root}: this machine shows none.")
    return tuple(found)


def _number(path: Path) -> int:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdecimal():
        raise OSError(f"{path} holds {text[:40]!r}, no number.")
    return int(text)
