from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idn.multiformats import Cid, FileBuilder, FileReader, file_cid

MIB = 1 << 20
VECTORS = json.loads((Path(__file__).parents[1] / "data" / "unixfs.json").read_text(encoding="utf-8"))
LARGE = 64 * MIB


FACTOR = 2654435761
FIRST_MIB = np.arange(MIB, dtype=np.uint32) * np.uint32(FACTOR)


def formula(start: int, size: int) -> bytes:
    """The content of the vectors: the highest byte of i * FACTOR mod 2**32, for i from start on."""
    shifted = [FIRST_MIB + np.uint32(at * FACTOR % 2**32) for at in range(start, start + size, MIB)]
    return b"".join((piece >> np.uint32(24)).astype(np.uint8).tobytes() for piece in shifted)[:size]


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, MIB):
        yield formula(start, min(MIB, size - start))


def build(data: bytes, **layout: int) -> tuple[Cid, dict[Cid, bytes]]:
    blocks: dict[Cid, bytes] = {}
    builder = FileBuilder(blocks.__setitem__, **layout)
    builder.append(data)
    return builder.finish(), blocks


def read(root: Cid, blocks: dict[Cid, bytes], max_file_bytes: int = 1 << 40) -> bytes:
    reader = FileReader(root, max_file_bytes=max_file_bytes)
    data = b""
    while (wanted := reader.wanted) is not None:
        assert reader.upcoming(1) == [wanted]
        data += reader.accept(blocks[wanted])
    assert reader.complete
    assert reader.file_bytes == len(data)
    return data


def name(row: dict[str, Any]) -> str:
    return f"{row['size']}-{row['chunk_bytes']}-{row['max_links']}"


@pytest.mark.parametrize("row", [row for row in VECTORS["files"] if row["size"] <= LARGE], ids=name)
def test_the_tree_is_that_of_the_importer_of_ipfs(row: dict[str, Any]) -> None:
    data = formula(0, row["size"])
    root, blocks = build(data, chunk_bytes=row["chunk_bytes"], max_links=row["max_links"])
    assert str(root) == row["cid"]
    assert len(blocks) == row["distinct_blocks"]
    assert sum(map(len, blocks.values())) == row["distinct_bytes"]
    if "blocks" in row:
        assert sorted(map(str, blocks)) == row["blocks"]
    assert read(root, blocks) == data
    if row["max_links"] == 1024:
        assert file_cid(data) == root


@pytest.mark.parametrize("row", [row for row in VECTORS["files"] if row["size"] > LARGE], ids=name)
def test_so_is_that_of_a_file_above_1024_chunks(row: dict[str, Any]) -> None:
    builder = FileBuilder()
    for piece in pieces(row["size"]):
        builder.append(piece)
    assert builder.file_bytes == row["size"]
    assert str(builder.finish()) == row["cid"]


def key_stream(seed: str, size: int) -> bytes:
    """ChaCha20 of RFC 8439 with the seed's SHA2-256 as key, a zero nonce and a counter from 0."""
    blocks = -(-size // 64)
    state = np.zeros((16, blocks), np.uint32)
    state[:4] = np.frombuffer(b"expand 32-byte k", "<u4")[:, None]
    state[4:12] = np.frombuffer(hashlib.sha256(seed.encode()).digest(), "<u4")[:, None]
    state[12] = np.arange(blocks)
    x = state.copy()

    def quarter(a: int, b: int, c: int, d: int) -> None:
        for to, other, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[to] += x[other]
            x[turned] ^= x[to]
            x[turned] = x[turned] << np.uint32(bits) | x[turned] >> np.uint32(32 - bits)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return (x + state).T.astype("<u4").tobytes()[:size]


@pytest.mark.parametrize(
    "row", [row for row in VECTORS["kubo"] if row["size"] <= LARGE], ids=lambda row: row["size"]
)
def test_the_name_is_that_of_kubo(row: dict[str, Any]) -> None:
    assert str(file_cid(key_stream(row["seed"], row["size"]))) == row["cid"]


def test_hello_world_has_the_name_that_the_profile_publishes() -> None:
    assert str(file_cid(b"hello world")) == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def test_a_path_has_the_name_of_its_bytes(tmp_path: Path) -> None:
    data = formula(0, 5 * MIB + 3)
    (tmp_path / "file").write_bytes(data)
    expected = file_cid(data)
    assert file_cid(tmp_path / "file") == expected
    assert file_cid(str(tmp_path / "file")) == expected
    assert file_cid(memoryview(data)) == expected == file_cid(bytearray(data))
    with pytest.raises(FileNotFoundError):
        file_cid(tmp_path / "none")


layouts = st.fixed_dictionaries({"chunk_bytes": st.integers(1, 40), "max_links": st.integers(2, 6)})


@given(data=st.binary(max_size=300), layout=layouts, cuts=st.lists(st.integers(0, 300), max_size=4))
def test_any_file_comes_out_again_however_it_was_given(
    data: bytes, layout: dict[str, int], cuts: list[int]
) -> None:
    root, blocks = build(data, **layout)
    builder = FileBuilder(**layout)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        builder.append(data[start:end])
    assert builder.finish() == root
    assert read(root, blocks, len(data)) == data
    for cid, block in blocks.items():
        assert cid.hash.matches(block)
        assert len(block) <= layout["chunk_bytes"] if cid.codec == "raw" else cid.codec == "dag-pb"


@given(
    data=st.binary(min_size=2, max_size=200),
    layout=layouts,
    which=st.integers(0, 10**6),
    place=st.integers(0, 10**6),
    flip=st.integers(1, 255),
)
def test_a_changed_block_is_never_accepted(
    data: bytes, layout: dict[str, int], which: int, place: int, flip: int
) -> None:
    root, blocks = build(data, **layout)
    victim = list(blocks)[which % len(blocks)]
    changed = bytearray(blocks[victim])
    changed[place % len(changed)] ^= flip
    with pytest.raises(ValueError, match=f"the bytes are not those of block {victim}"):
        read(root, {**blocks, victim: bytes(changed)})


@given(data=st.binary(max_size=120))
def test_any_block_of_any_bytes_is_refused_or_a_file_of_the_size_it_declares(data: bytes) -> None:
    root = Cid.of(data, "dag-pb")
    reader = FileReader(root, max_file_bytes=1000)
    with pytest.raises(ValueError, match=r"^the block is refused at byte \d+: "):
        reader.accept(data)
    assert reader.broken
    assert reader.wanted is None
    with pytest.raises(ValueError, match="the file is broken; expected none"):
        reader.accept(data)


def test_a_wrong_block_is_refused_and_the_right_one_still_taken() -> None:
    root, blocks = build(b"abc", chunk_bytes=1, max_links=2)
    reader = FileReader(root, max_file_bytes=3)
    with pytest.raises(ValueError, match="the block is refused at byte 0: the bytes are not those of block"):
        reader.accept(b"else")
    assert (reader.wanted, reader.broken, reader.complete, reader.file_bytes) == (root, False, False, None)
    assert reader.accept(blocks[root]) == b""
    assert reader.file_bytes == 3
    assert len(reader.upcoming(9)) == 2


def test_a_file_above_the_limit_is_refused_at_its_root() -> None:
    root, blocks = build(bytes(100), chunk_bytes=10, max_links=20)
    with pytest.raises(ValueError, match="the file has 100 bytes, more than the 99 allowed"):
        FileReader(root, max_file_bytes=99).accept(blocks[root])


def test_the_callers_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="max_links is 1, expected 2 to 1024"):
        FileBuilder(max_links=1)
    with pytest.raises(ValueError, match="chunk_bytes is 0, expected 1 to 2097152"):
        FileBuilder(chunk_bytes=0)
    for number in (-1, 2**64):
        with pytest.raises(ValueError, match=f"chunk_bytes is {number}, expected"):
            FileBuilder(chunk_bytes=number)
        with pytest.raises(ValueError, match=f"max_links is {number}, expected"):
            FileBuilder(max_links=number)
        with pytest.raises(ValueError, match=f"max_file_bytes is {number}, expected"):
            FileReader(Cid.of(b""), max_file_bytes=number)
        with pytest.raises(ValueError, match=f"count is {number}, expected"):
            FileReader(Cid.of(b""), max_file_bytes=1).upcoming(number)
    with pytest.raises(ValueError, match="the root is refused at byte 0: a file is of codec raw or dag-pb"):
        FileReader(Cid.of(b"", "json"), max_file_bytes=1)
    builder = FileBuilder()
    builder.finish()
    with pytest.raises(ValueError, match="the file is finished or failed"):
        builder.append(b"more")


def test_the_error_of_a_sink_comes_out_and_ends_the_file() -> None:
    def full(_cid: Cid, _block: bytes) -> None:
        raise OSError("the disk is full")

    builder = FileBuilder(full, chunk_bytes=1, max_links=2)
    with pytest.raises(OSError, match="the disk is full"):
        builder.append(b"a")
    with pytest.raises(ValueError, match="the file is finished or failed"):
        builder.finish()


def test_a_sink_that_calls_its_builder_is_told() -> None:
    builder = FileBuilder(lambda _cid, _block: builder.append(b"x"), chunk_bytes=1, max_links=2)
    with pytest.raises(ValueError, match="the file is finished or failed"):
        builder.append(b"a")


def test_threads_that_share_a_builder_wait_for_each_other() -> None:
    blocks: dict[Cid, bytes] = {}
    builder = FileBuilder(blocks.__setitem__, chunk_bytes=3, max_links=2)
    threads = [
        threading.Thread(target=lambda: [builder.append(b"abc") for _ in range(100)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    root = builder.finish()
    assert builder.file_bytes == 1200
    assert read(root, blocks) == b"abc" * 400
