"""Blocks by CID: idn.ContentStore against a plain Python version with the same promises.

64 blocks of 256 KiB a turn, put and then got, each side in a folder of its own. The Python version is what
one would write: hashlib, a temporary file, fsync, os.replace, fsync of the folder, and the hash again on
reading. It has no limit, no pins and no lock. Putting waits for the disk on both sides, and getting for the
hash: what the promises cost beyond that is at most a tenth.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from side_by_side import arguments, compare, show

from idn import ContentStore

BLOCK_BYTES = 1 << 18
BLOCKS = 64


class PlainStore:
    """Blocks in a folder under the hexadecimal of their SHA2-256."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        folder = self.folder / name[-2:]
        folder.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(folder / name)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(descriptor)
        os.close(descriptor)
        return name

    def get(self, name: str) -> bytes:
        data = (self.folder / name[-2:] / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != name:
            raise ValueError(f"{name} is damaged")
        return data


def timed(action: Callable[[], object]) -> float:
    """Blocks a second."""
    start = time.perf_counter()
    action()
    return BLOCKS / (time.perf_counter() - start)


def main() -> None:
    options = arguments(__doc__, repeats=15)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        ours, theirs = ContentStore(Path(folder) / "ours"), PlainStore(Path(folder) / "theirs")
        cids, names = [], []

        def put_ours() -> float:
            blocks = [os.urandom(BLOCK_BYTES) for _ in range(BLOCKS)]
            return timed(lambda: cids.extend(ours.put(block) for block in blocks))

        def put_theirs() -> float:
            blocks = [os.urandom(BLOCK_BYTES) for _ in range(BLOCKS)]
            return timed(lambda: names.extend(theirs.put(block) for block in blocks))

        result = compare(put_ours, put_theirs, options.repeats)
        show("content store, put 256 KiB", result, "blocks/s", ">= 0.9", as_json=options.json)

        def get_ours() -> float:
            return timed(lambda: [ours.get(cid) for cid in cids[-BLOCKS:]])

        def get_theirs() -> float:
            return timed(lambda: [theirs.get(name) for name in names[-BLOCKS:]])

        result = compare(get_ours, get_theirs, options.repeats)
        show("content store, get 256 KiB", result, "blocks/s", ">= 0.9", as_json=options.json)


if __name__ == "__main__":
    main()
