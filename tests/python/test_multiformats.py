from __future__ import annotations

import csv
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import multiformats as independent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idn.multiformats import Cid, Multihash, multibase, varint

VECTORS = Path(__file__).parents[1] / "data" / "multiformats"
DIGEST_BITS = {"sha1": 160, "sha2-256": 256, "sha2-512": 512}
BASES = ["base16", "base32", "base58btc", "base64url"]
FUNCTIONS = ["identity", "sha1", "sha2-256", "sha2-512", "sha3-256", "keccak-256", "blake2b-256"]


def canonical(again: Callable[[], Any]) -> Any:
    """What comes out again, or None where it was refused with the position."""
    try:
        return again()
    except ValueError as error:
        if "at byte" not in str(error):
            raise
        return None


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("multibase.csv"), ids=lambda row: f"{row['base']}-{row['input']}")
def test_multibase_gives_the_published_texts(row: dict[str, str]) -> None:
    data = bytes.fromhex(row["input"])
    assert multibase.encode(data, row["base"]) == row["text"]
    assert multibase.decode(row["text"]) == data


def test_multihash_gives_the_published_digests_and_refuses_the_shortened_ones() -> None:
    whole = 0
    for row in rows("multihash.csv"):
        expected = bytes.fromhex(row["multihash"])
        if int(row["bits"]) == DIGEST_BITS[row["algorithm"]]:
            whole += 1
            found = Multihash.digest(row["input"].encode(), row["algorithm"])
            assert found.bytes() == expected
            assert Multihash.from_bytes(expected) == found
        else:
            with pytest.raises(ValueError, match=r"at byte 1: a digest of .* has \d+ bytes, not"):
                Multihash.from_bytes(expected)
    assert whole == 60


@given(data=st.binary(max_size=200), base=st.sampled_from(BASES))
def test_multibase_agrees_with_an_independent_implementation(data: bytes, base: str) -> None:
    text = multibase.encode(data, base)
    assert text == independent.multibase.encode(data, base)
    assert multibase.decode(text) == data


def test_base58_writes_nothing_that_it_would_not_read_and_says_so_at_once() -> None:
    for data in (b"\xff" * 2999, bytes(4096), bytes(4000) + b"\xff" * 70):
        assert multibase.decode(multibase.encode(data, "base58btc")) == data
    for data in (b"\xff" * 3000, bytes(4097), b"\xff" * 10_000_000):
        with pytest.raises(ValueError, match=f"multibase: {len(data)} bytes, expected as many as"):
            multibase.encode(data, "base58btc")


@given(text=st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=60), base=st.sampled_from("fbzu"))
def test_multibase_reads_only_what_it_would_write(text: str, base: str) -> None:
    name = dict(zip("fbzu", BASES, strict=True))[base]
    written = canonical(lambda: multibase.encode(multibase.decode(base + text), name))
    assert written in (None, base + text)


@given(data=st.binary(max_size=128), function=st.sampled_from(FUNCTIONS))
def test_multihash_agrees_with_an_independent_implementation(data: bytes, function: str) -> None:
    ours = Multihash.digest(data, function)
    if function in ("identity", "sha1", "sha2-256", "sha2-512", "sha3-256", "blake2b-256"):
        assert ours.bytes() == independent.multihash.digest(data, function)
    assert ours.code == independent.multicodec.get(function).code
    assert Multihash(str(ours)) == ours == Multihash.from_bytes(ours.bytes())
    assert independent.multibase.decode("z" + str(ours)) == ours.bytes()
    assert ours.matches(data)
    assert not ours.matches(data + b"x")


def test_keccak_is_the_one_of_ethereum_and_not_sha3() -> None:
    # The hash of nothing, as every Ethereum client has it.
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert Multihash.digest(b"", "keccak-256").digest_bytes.hex() == empty
    assert Multihash.digest(b"", "sha3-256").digest_bytes == hashlib.sha3_256(b"").digest()


@given(
    data=st.binary(max_size=100),
    codec=st.sampled_from(["raw", "dag-pb", "dag-cbor", "libp2p-key", "json"]),
    function=st.sampled_from(["sha1", "sha2-256", "sha2-512", "sha3-256", "blake2b-256"]),
    base=st.sampled_from(BASES),
)
def test_cid_agrees_with_an_independent_implementation(
    data: bytes, codec: str, function: str, base: str
) -> None:
    ours = Cid.of(data, codec, function)
    digest = independent.multihash.digest(data, function)
    theirs = independent.CID("base32", 1, codec, digest)
    assert str(ours) == str(theirs)
    assert ours.bytes() == bytes(theirs)
    text = independent.CID(base, 1, codec, digest).encode()
    assert Cid.from_bytes(multibase.decode(text)) == ours
    if base == "base32":
        assert Cid(text) == ours
    else:
        with pytest.raises(ValueError, match="at byte 0: a CID is written in base32, beginning with 'b'"):
            Cid(text)
    assert (ours.version, ours.codec, ours.hash.function) == (1, codec, function)
    assert Cid.v1(codec, Multihash.digest(data, function)) == ours


@given(data=st.binary(max_size=100))
def test_version_0_agrees_with_an_independent_implementation(data: bytes) -> None:
    ours = Cid.v0(Multihash.digest(data))
    theirs = independent.CID("base58btc", 0, "dag-pb", independent.multihash.digest(data, "sha2-256"))
    assert str(ours) == str(theirs)
    assert ours.bytes() == bytes(theirs)
    assert Cid(str(ours)) == ours == Cid.from_bytes(ours.bytes())
    assert (ours.version, ours.codec) == (0, "dag-pb")


@given(value=st.integers(0, 2**63 - 1))
def test_varint_agrees_with_an_independent_implementation(value: int) -> None:
    data = varint.encode(value)
    assert data == independent.varint.encode(value)
    assert varint.decode(data) == value
    assert varint.read(data + b"\xff") == (value, len(data))


@given(data=st.binary(max_size=60))
def test_any_bytes_are_refused_or_come_out_the_same(data: bytes) -> None:
    assert canonical(lambda: Multihash.from_bytes(data).bytes()) in (None, data)
    assert canonical(lambda: Cid.from_bytes(data).bytes()) in (None, data)
    assert canonical(lambda: varint.encode(varint.decode(data))) in (None, data)


@given(data=st.binary(min_size=1, max_size=40), place=st.integers(0, 10**6), value=st.integers(0, 255))
def test_a_changed_byte_of_a_cid_is_refused_or_another_cid(data: bytes, place: int, value: int) -> None:
    changed = bytearray(Cid.of(data).bytes())
    changed[place % len(changed)] = value
    try:
        found = Cid.from_bytes(bytes(changed))
    except ValueError:
        return
    assert found.bytes() == bytes(changed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"multihash '' is refused at byte 0"),
        ("QmO", r"multihash 'QmO' is refused at byte 2: 'O' is no character of base 'z'"),
        ("a\ud800", "surrogates not allowed"),
        ("z" * 5000, r"at byte 4096: the base58 text has more than 4096 characters"),
        ("é", r"at byte 0: a byte of value 195 is no character"),
    ],
)
def test_a_wrong_text_is_a_value_error_with_position_and_reason(text: str, message: str | None) -> None:
    with pytest.raises(ValueError, match=message):
        Multihash(text)


def test_the_wrong_argument_is_named() -> None:
    with pytest.raises(ValueError, match=r"hash function 'md5' is unknown; expected one of identity, sha1"):
        Multihash.digest(b"", "md5")
    with pytest.raises(ValueError, match=r"codec 'jpeg' is unknown; expected one of raw"):
        Cid.of(b"", "jpeg")
    with pytest.raises(ValueError, match=r"base 'base2' is unknown"):
        multibase.encode(b"", "base2")
    for number in (-1, 2**63, 2**64, -(2**63), -(2**64), 10**30):
        with pytest.raises(ValueError, match=f"^value is {number}, expected 0 to 9223372036854775807.$"):
            varint.encode(number)
    with pytest.raises(ValueError, match=f"^value is 1{'0' * 39}…, expected"):
        varint.encode(10**100)
    for other in (1.0, "1", None):
        with pytest.raises(TypeError):
            varint.encode(other)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"the varint is refused at byte 1: bytes too many"):
        varint.decode(b"\x01\x02")
    with pytest.raises(TypeError):
        Cid.of("text")


def test_names_are_values() -> None:
    one, same, other = Cid.of(b"1"), Cid.of(b"1"), Cid.of(b"2")
    assert len({one, same, other}) == 2
    assert sorted([one, other]) == sorted([other, one])
    assert repr(one) == f"Cid('{one}')"
    assert pickle.loads(pickle.dumps(one)) == one
    assert pickle.loads(pickle.dumps(one.hash)) == one.hash
    assert one != "text"
    assert bytes(one) == one.bytes() == Cid.of(bytearray(b"1")).bytes() == Cid.of(memoryview(b"1")).bytes()
