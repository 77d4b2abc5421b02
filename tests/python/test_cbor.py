from __future__ import annotations

import json
import re
from typing import Any

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import wire_vectors
from idn import cbor

VECTORS = json.loads((wire_vectors.FOLDER / "cbor.json").read_text(encoding="utf-8"))

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.integers(-300, 300)
    | st.binary(max_size=300)
    | st.text(max_size=100)
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=30), max_leaves=60)
# What CBOR has besides: floats, maps, numbers beyond 64 bits.
others = st.recursive(
    scalars | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


def reference(value: Any) -> bytes:
    data: bytes = cbor2.dumps(value, canonical=True)
    return data


def decoded_or_none(data: bytes) -> tuple[Any] | None:
    """The value in a tuple, or None where it was refused with a position within the data."""
    try:
        return (cbor.decode(data),)
    except ValueError as error:
        found = re.fullmatch(r"the CBOR is refused at byte (\d+): .*", str(error))
        if not found or int(found[1]) > len(data):
            raise
        return None


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["cbor"][:20])
def test_a_valid_vector_is_its_value_both_ways(vector: dict[str, Any]) -> None:
    value = wire_vectors.from_json(vector["value"])
    assert cbor.encode(value).hex() == vector["cbor"]
    # By repr, since True == 1.
    assert repr(cbor.decode(bytes.fromhex(vector["cbor"]))) == repr(value)


@pytest.mark.parametrize("vector", VECTORS["invalid"], ids=lambda vector: vector["cbor"][:20] or "empty")
def test_an_invalid_vector_is_refused_with_place_and_reason(vector: dict[str, Any]) -> None:
    message = f"the CBOR is refused at byte {vector['position']}: {vector['reason']}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        cbor.decode(bytes.fromhex(vector["cbor"]))


def test_the_vectors_state_the_limits() -> None:
    limits = {"max_depth": cbor.MAX_DEPTH, "max_bytes": cbor.MAX_BYTES, "max_items": cbor.MAX_ITEMS}
    assert VECTORS["limits"] == limits


@pytest.mark.parametrize("name", wire_vectors.VECTORS)
def test_the_committed_vectors_are_those_that_are_made(name: str) -> None:
    committed = (wire_vectors.FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert committed == wire_vectors.text_of(name)


@given(value=values)
def test_values_are_encoded_as_cbor2_does_and_come_back(value: Any) -> None:
    data = cbor.encode(value)
    assert data == reference(value)
    assert repr(cbor.decode(data)) == repr(value) == repr(cbor2.loads(data))


@settings(max_examples=500)
@given(data=st.binary(max_size=40))
@example(b"\x18\x17")
def test_any_bytes_are_refused_or_are_the_encoding_of_what_they_decode_to(data: bytes) -> None:
    found = decoded_or_none(data)
    if found:
        assert cbor.encode(found[0]) == data == reference(found[0])


@given(value=values, place=st.integers(0), byte=st.integers(0, 255))
def test_a_changed_encoding_is_refused_or_is_another_values(value: Any, place: int, byte: int) -> None:
    data = bytearray(cbor.encode(value))
    data[place % len(data)] = byte
    found = decoded_or_none(bytes(data))
    if found:
        assert cbor.encode(found[0]) == data


@given(value=others)
def test_all_of_cbor_that_is_not_spoken_is_refused(value: Any) -> None:
    data = reference(value)
    found = decoded_or_none(data)
    if found:
        assert cbor.encode(found[0]) == data
        assert repr(found[0]) == repr(value)
    else:
        with pytest.raises(ValueError, match="cannot be encoded"):
            cbor.encode(value)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 65535, 65536, 1_000_000])
def test_long_bytes_texts_and_lists_come_back(length: int) -> None:
    long: list[Any] = [b"x" * length, "x" * length]
    for value in [*long, [0] * min(length, cbor.MAX_ITEMS - 1)]:
        assert cbor.encode(value) == reference(value)
        assert cbor.decode(reference(value)) == value


def test_a_tuple_is_a_list_and_any_contiguous_bytes_can_be_decoded() -> None:
    assert cbor.encode((1, (2, 3))) == cbor.encode([1, [2, 3]])
    for data in (bytearray(b"\x82\x01\x02"), memoryview(b"\x82\x01\x02")):
        assert cbor.decode(data) == [1, 2]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1.5, "float"),
        ({}, "dict"),
        ([1, {2}], "set"),
        (bytearray(b"x"), "bytearray"),
        (object(), "object"),
        (2**64, "an integer outside of"),
        (-(2**63) - 1, "an integer outside of"),
        pytest.param(10**5000, "an integer outside of", id="huge"),
    ],
)
def test_what_cannot_be_encoded_is_named(value: Any, found: str) -> None:
    with pytest.raises(ValueError, match=f"^cbor: the value cannot be encoded: .*{found}"):
        cbor.encode(value)


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        cbor.encode(["\ud800"])


def test_lists_that_hold_themselves_or_one_another_many_times_are_refused_at_once() -> None:
    itself: list[Any] = [0]
    itself.append(itself)
    with pytest.raises(ValueError, match="nested deeper than 16 arrays"):
        cbor.encode(itself)
    many: list[Any] = [0]
    for _ in range(10):
        many = [many] * 1000
    with pytest.raises(ValueError, match="more than 65536 values"):
        cbor.encode(many)


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ({"max_depth": 1}, [[]], "nested deeper than 1 arrays"),
        ({"max_bytes": 3}, b"abc", "longer than 3 bytes"),
        ({"max_items": 2}, [1, 2], "more than 2 values"),
    ],
)
def test_limits_hold_both_ways(limit: dict[str, int], value: Any, reason: str) -> None:
    ((name, least),) = limit.items()
    data = cbor.encode(value)
    for call, argument in ((cbor.encode, value), (cbor.decode, data)):
        with pytest.raises(ValueError, match=reason):
            call(argument, **limit)
        call(argument, **{name: least + 1})


def test_bytes_and_texts_are_counted_before_they_are_copied() -> None:
    """The copies would be 64 GiB; and what cannot be encoded after what is too long is not come to."""
    for long in (b"x", "x"):
        with pytest.raises(ValueError, match="longer than 20 bytes"):
            cbor.encode([long * 20, object()], max_bytes=20)  # type: ignore[list-item]
        with pytest.raises(ValueError, match="longer than 1048576 bytes"):
            cbor.encode([long * (1 << 20)] * 65535)


def test_limits_that_make_no_sense_are_refused() -> None:
    for name in ("max_depth", "max_bytes", "max_items"):
        for limit in (-1, 2**64, -(2**70), 10**5000):
            with pytest.raises(ValueError, match=f"^{name} is .*, expected 0 to 18446744073709551615.$"):
                cbor.decode(b"\x00", **{name: limit})
    with pytest.raises(TypeError):
        cbor.encode(0, max_items=1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_depth is 65, expected at most 64"):
        cbor.encode(0, max_depth=65)
    itself: list[Any] = []
    itself.append(itself)
    with pytest.raises(ValueError, match="max_depth is 100000, expected at most 64"):
        cbor.encode(itself, max_depth=100_000)


def test_heads_that_claim_too_much_take_no_memory() -> None:
    claim = b"\x9a\x00\x00\xff\xff"  # 65,535 values
    for data in (b"\x9b" + b"\xff" * 8, b"\x5b\x7f" + b"\xff" * 7, claim * 16 + bytes(70_000)):
        assert decoded_or_none(data) is None
