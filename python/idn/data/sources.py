"""The data sets known by name: their licence, files, checksums and mirrors, and where they lie on this
machine."""

from __future__ import annotations

import difflib
import os
import shlex
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class SourceFile:
    """A file as its authors published it: name, size in bytes and checksums (hexadecimal)."""

    name: str
    bytes: int
    sha256: str
    md5: str = ""


@dataclass(frozen=True)
class RecordSet:
    """Files that hold fixed-size records, and the checksum of their records in whatever order.

    sha256 is of the sorted SHA-256 digests of all records, each `bytes` long.
    """

    files: tuple[str, ...]
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """A data set known by name.

    `folder` lies under the data root; it is empty for a data set that comes inside the package (`embedded`).
    `mirrors` are addresses that end in a slash and hold the archive, or where there is none, each file.
    """

    name: str
    title: str
    licence: str
    homepage: str
    embedded: str = ""
    folder: str = ""
    archive: SourceFile | None = None
    mirrors: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = ()
    records: tuple[RecordSet, ...] = field(default=(), repr=False)

    @property
    def bytes(self) -> int:
        """The size on disk once it is there; of an embedded data set, of its file in the package."""
        if self.embedded:
            return (Path(__file__).parent / self.embedded).stat().st_size
        return sum(file.bytes for file in self.files)

    @property
    def download_bytes(self) -> int:
        """How much is fetched over the network."""
        return self.archive.bytes if self.archive else sum(file.bytes for file in self.files)

    def path(self, root: Path | str | None = None) -> Path:
        """Where it lies, or would lie: a folder under the data root, or a file inside the package."""
        if self.embedded:
            return Path(__file__).parent / self.embedded
        return data_root(root) / self.folder

    def find(self, file: SourceFile, root: Path | str | None = None) -> Path | None:
        """Return the path of one of its files; where a compressed one has been unpacked, of the plain one."""
        path = self.path(root) / file.name
        for candidate in (path, path.with_suffix("") if path.suffix == ".gz" else path):
            if candidate.is_file():
                return candidate
        return None

    def state(self, root: Path | str | None = None) -> str:
        """Tell "embedded", "present", "incomplete" or "missing", by names and sizes alone; `verify` reads the
        bytes."""
        if self.embedded:
            return "embedded"
        found = [(file, path) for file in self.files if (path := self.find(file, root)) is not None]
        if not found:
            return "missing"
        sizes_fit = all(p.name != file.name or p.stat().st_size == file.bytes for file, p in found)
        return "present" if len(found) == len(self.files) and sizes_fit else "incomplete"

    def present(self, root: Path | str | None = None) -> bool:
        """Tell whether it can be loaded, by names and sizes alone."""
        return self.state(root) in ("embedded", "present")


def data_root(root: Path | str | None = None) -> Path:
    """Return the folder that holds data sets: the one given, else $IDN_DATA_ROOT, else idn/data in the user's
    cache."""
    if root is not None:
        return Path(root).expanduser()
    if os.environ.get("IDN_DATA_ROOT"):
        return Path(os.environ["IDN_DATA_ROOT"]).expanduser()
    cache_home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache_home) / "idn" / "data"


def get_command(name: str, root: Path | str | None = None) -> str:
    """The command that brings a data set to a root: without `--root` for the one in use anyway."""
    where = data_root(root)
    option = "" if where == data_root() else f" --root {shlex.quote(str(where))}"
    return f"`idn data get {name}{option}`"


def registry() -> list[Source]:
    """Return the data sets known by name, in the order they are listed."""
    return list(_sources())


def source(name: str) -> Source:
    """Return the data set of this name.

    :raises ValueError: if none is known by it; the message lists the names.
    """
    names = {known.name: known for known in _sources()}
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"no data set is named {name!r}; expected one of {', '.join(names)}.{hint}")
    return names[name]


@cache
def _sources() -> tuple[Source, ...]:
    text = (Path(__file__).parent / "registry.yaml").read_text(encoding="utf-8")
    return tuple(_source(name, entry) for name, entry in yaml.safe_load(text).items())


def _source(name: str, entry: dict[str, Any]) -> Source:
    records = entry.get("records", {"bytes": 0, "parts": []})
    return Source(
        name=name,
        title=entry["title"],
        licence=entry["licence"],
        homepage=entry["homepage"],
        embedded=entry.get("embedded", ""),
        folder=entry.get("folder", ""),
        archive=SourceFile(**entry["archive"]) if "archive" in entry else None,
        mirrors=tuple(entry.get("mirrors", ())),
        files=tuple(SourceFile(**file) for file in entry.get("files", ())),
        records=tuple(
            RecordSet(tuple(part["files"]), records["bytes"], part["sha256"]) for part in records["parts"]
        ),
    )
