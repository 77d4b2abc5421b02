from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wire_vectors
from ed25519_reference import MovedKey, MovedSigner, ReferenceIdentity, equation_holds
from idn import cbor, identity
from idn.multiformats import Multihash
from idn.signed_record import Contact, SignedRecord


def vectors(name: str) -> Any:
    return json.loads((wire_vectors.FOLDER / f"{name}.json").read_text(encoding="utf-8"))


RECORD = vectors("signed_record")
CONTACT = vectors("contact")
NODE = ReferenceIdentity(bytes.fromhex(RECORD["seed"]))
FIELDS: dict[str, Any] = {
    "domain": RECORD["domain"],
    "version": RECORD["version"],
    "payload": bytes.fromhex(RECORD["payload"]),
    "expires_ms": RECORD["expires_ms"],
}


def some_contact(**changed: Any) -> Contact:
    fields = {
        "node_id": Multihash.from_bytes(bytes.fromhex(CONTACT["node_id"])),
        "addresses": [address["text"] for address in CONTACT["addresses"]],
        "transport_key": bytes.fromhex(CONTACT["transport_key"]),
        "sequence": CONTACT["sequence"],
    }
    return Contact(**fields | changed)


def test_the_reference_signs_as_rfc_8032_does() -> None:
    """Section 7.1, test 3."""
    identity = ReferenceIdentity(
        bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
    )
    assert identity.public_key.hex() == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
    assert identity.sign_raw(b"\xaf\x82").hex() == (
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    )


def test_the_record_of_the_vectors_is_signed_byte_for_byte() -> None:
    record = SignedRecord.sign(NODE, **FIELDS)
    assert record.bytes().hex() == bytes(record).hex() == RECORD["record"]
    assert record.signer.hex() == RECORD["public_key"]
    assert record.signature.hex() == RECORD["signature"]
    read = SignedRecord.from_bytes(bytes.fromhex(RECORD["record"]))
    assert read == record
    assert hash(read) == hash(record)
    assert {name: getattr(read, name) for name in FIELDS} == FIELDS
    assert repr(read) == "<SignedRecord 'idn/note' version 1, 6 bytes, before 1700000000000 ms>"


def test_an_identity_of_ours_signs_records_and_its_own_contact() -> None:
    me = identity.generate(0)
    record = SignedRecord.sign(me, **FIELDS)
    assert record.verify("idn/note", version=1, now_ms=0) == FIELDS["payload"]
    assert record.signer == me.public_key
    contact = some_contact(node_id=me.node_id)
    assert Contact.from_record(contact.sign(me, expires_ms=1), now_ms=0) == contact
    with pytest.raises(ValueError, match="the node ID is not the hash of the public key"):
        some_contact().sign(me, expires_ms=1)


def test_what_is_signed_begins_with_its_purpose() -> None:
    asked = []

    class Watched:
        public_key = NODE.public_key

        def sign_raw(self, data: bytes) -> bytes:
            asked.append(data)
            return NODE.sign_raw(data)

    SignedRecord.sign(Watched(), **FIELDS)
    assert [message.hex() for message in asked] == [RECORD["signed_message"]]


@pytest.mark.parametrize("check", RECORD["checks"], ids=lambda check: check["verdict"])
def test_each_verdict_of_the_vectors(check: dict[str, Any]) -> None:
    record = SignedRecord.from_bytes(bytes.fromhex(check["record"]))
    assert record.verdict(**check["asked"]) == check["verdict"]
    if check["verdict"] == "valid":
        assert record.verify(**check["asked"]) == FIELDS["payload"]
    else:
        with pytest.raises(ValueError, match=f"^the record is not valid: {check['verdict']}[;.]"):
            record.verify(**check["asked"])


@pytest.mark.parametrize("order", [2, 4, 8])
def test_points_of_mixed_order_hold_in_the_equations_on_which_libraries_differ(order: int) -> None:
    """So that the vectors that have them are refused for their order, and for nothing else."""
    for kind, without_cofactor in ((MovedSigner, False), (MovedKey, True)):
        signer = kind(NODE.seed, order)
        signature = signer.sign_raw(b"message")
        assert equation_holds(signer.public_key, b"message", signature, cofactor=8)
        assert equation_holds(signer.public_key, b"message", signature, cofactor=1) == without_cofactor
        record = SignedRecord.sign(signer, **FIELDS)
        assert record.verdict("idn/note", version=1, now_ms=0) == "bad signature"


@pytest.mark.parametrize("vector", RECORD["invalid"], ids=lambda vector: vector["reason"][:40])
def test_what_is_no_record_is_refused_with_place_and_reason(vector: dict[str, Any]) -> None:
    message = f"the signed record is refused at byte {vector['position']}: {vector['reason']}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SignedRecord.from_bytes(bytes.fromhex(vector["record"]))


@settings(max_examples=25, deadline=None)
@given(
    domain=st.text("abz09-/", min_size=1, max_size=64),
    version=st.integers(1, 2**32 - 1),
    payload=st.binary(max_size=1000),
    expires_ms=st.integers(0, 2**63 - 1),
    bit=st.integers(0),
)
def test_any_record_comes_back_and_no_bit_of_it_can_be_turned(
    domain: str, version: int, payload: bytes, expires_ms: int, bit: int
) -> None:
    fields: dict[str, Any] = {"domain": domain, "version": version, "expires_ms": expires_ms}
    record = SignedRecord.sign(NODE, payload=payload, **fields)
    data = record.bytes()
    assert data == wire_vectors.signed_record(payload, **fields)
    assert SignedRecord.from_bytes(data) == record
    asked: dict[str, Any] = {"domain": domain, "version": version, "now_ms": expires_ms - 1}
    assert record.verify(**asked) == payload
    turned = bytearray(data)
    turned[bit // 8 % len(data)] ^= 1 << bit % 8
    try:
        other = SignedRecord.from_bytes(turned)
    except ValueError:
        return
    asked = {"domain": other.domain, "version": other.version, "now_ms": other.expires_ms - 1}
    assert other.verdict(**asked) == "bad signature"


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_or_are_those_of_the_record(data: bytes) -> None:
    try:
        record = SignedRecord.from_bytes(data)
    except ValueError as error:
        if " is refused at byte " not in str(error):
            raise
    else:
        assert record.bytes() == data


def changed_records() -> st.SearchStrategy[bytes]:
    """Arrays that are nearly a record."""
    good = cbor.decode(bytes.fromhex(RECORD["record"]))
    assert isinstance(good, list)
    odd = st.none() | st.integers(-1, 2**64 - 1) | st.binary(max_size=70) | st.text(max_size=70)
    return st.tuples(*(st.just(field) | odd for field in good)).map(cbor.encode)


@given(data=changed_records())
def test_nearly_records_are_refused_or_written_again_as_they_were(data: bytes) -> None:
    try:
        record = SignedRecord.from_bytes(data)
    except ValueError as error:
        if " is refused at byte " not in str(error):
            raise
    else:
        assert record.bytes() == data


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"domain": "Idn"}, "the domain is 'Idn', expected 1 to 64 of a-z, 0-9, '-' and '/'"),
        ({"domain": ""}, "the domain is ''"),
        ({"domain": "a" * 65}, "expected 1 to 64"),
        ({"version": 0}, "version is 0, expected 1 to 4294967295"),
        ({"version": -1}, "version is -1, expected 1 to 4294967295"),
        ({"version": 2**32}, "version is 4294967296, expected 1 to 4294967295"),
        ({"expires_ms": 2**63}, "expires_ms is 9223372036854775808, expected 0 to 9223372036854775807"),
        ({"payload": bytes(65537)}, "the payload is 65537 bytes, expected at most 65536"),
        ({"expires_ms": -1}, "expires_ms is -1"),
    ],
)
def test_a_mistake_of_the_signer_is_named(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SignedRecord.sign(NODE, **FIELDS | changed)


@pytest.mark.parametrize(
    "changed", [{"version": 2**32}, {"version": -1}, {"now_ms": 2**63}, {"now_ms": -(2**64)}]
)
def test_a_question_beyond_the_bounds_is_a_value_error(changed: dict[str, int]) -> None:
    record = SignedRecord.sign(NODE, **FIELDS)
    for ask in (record.verdict, record.verify):
        with pytest.raises(ValueError, match="expected .* to "):
            ask("idn/note", **{"version": 1, "now_ms": 0} | changed)
    with pytest.raises(ValueError, match="now_ms is 9223372036854775808, expected"):
        Contact.from_record(record, now_ms=2**63)
    with pytest.raises(ValueError, match="expires_ms is -1, expected"):
        some_contact().sign(NODE, expires_ms=-1)


def test_an_identity_that_is_none_is_named_and_its_own_error_comes_through() -> None:
    class Odd:
        def __init__(self, key: bytes, signature: bytes) -> None:
            self.public_key = key
            self._signature = signature

        def sign_raw(self, data: bytes) -> bytes:  # noqa: ARG002
            if not self._signature:
                raise RuntimeError("the card is out")
            return self._signature

    with pytest.raises(ValueError, match="public_key has 31 bytes, expected 32"):
        SignedRecord.sign(Odd(bytes(31), bytes(64)), **FIELDS)
    with pytest.raises(ValueError, match="the signature has 63 bytes, expected 64"):
        SignedRecord.sign(Odd(bytes(32), bytes(63)), **FIELDS)
    with pytest.raises(RuntimeError, match="the card is out"):
        SignedRecord.sign(Odd(bytes(32), b""), **FIELDS)
    with pytest.raises(AttributeError, match="public_key"):
        SignedRecord.sign(object(), **FIELDS)


def test_the_contact_of_the_vectors_is_signed_byte_for_byte() -> None:
    contact = some_contact()
    record = contact.sign(NODE, expires_ms=CONTACT["expires_ms"])
    assert record.payload.hex() == CONTACT["payload"]
    assert record.bytes().hex() == CONTACT["record"]
    read = Contact.from_record(
        SignedRecord.from_bytes(bytes.fromhex(CONTACT["record"])), now_ms=CONTACT["now_ms"]
    )
    assert read == contact
    assert read.node_id.bytes().hex() == CONTACT["node_id"]
    assert list(map(str, read.addresses)) == [address["text"] for address in CONTACT["addresses"]]
    assert read.transport_key.hex() == CONTACT["transport_key"]
    assert read.sequence == CONTACT["sequence"]
    assert repr(read) == f"<Contact {contact.node_id}, 2 addresses, sequence 7>"


@pytest.mark.parametrize("vector", CONTACT["invalid"], ids=lambda vector: vector["reason"][:40])
def test_what_is_no_contact_is_refused_with_place_and_reason(vector: dict[str, Any]) -> None:
    record = SignedRecord.from_bytes(bytes.fromhex(vector["record"]))
    message = f"the contact is refused at byte {vector['position']}: {vector['reason']}."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Contact.from_record(record, now_ms=CONTACT["now_ms"])


@settings(max_examples=25, deadline=None)
@given(
    function=st.sampled_from(["sha2-256", "sha3-256", "keccak-256"]),
    ports=st.lists(st.integers(0, 65535), max_size=16),
    transport_key=st.binary(min_size=32, max_size=32),
    sequence=st.integers(0, 2**63 - 1),
)
def test_any_contact_comes_back(function: str, ports: list[int], transport_key: bytes, sequence: int) -> None:
    contact = some_contact(
        node_id=Multihash.digest(NODE.public_key, function),
        addresses=[f"/ip4/192.0.2.1/tcp/{port}" for port in ports],
        transport_key=transport_key,
        sequence=sequence,
    )
    record = SignedRecord.from_bytes(contact.sign(NODE, expires_ms=1).bytes())
    assert Contact.from_record(record, now_ms=0) == contact


def contact_payloads() -> st.SearchStrategy[bytes]:
    """Arrays that are nearly a contact."""
    good = cbor.decode(bytes.fromhex(CONTACT["payload"]))
    assert isinstance(good, list)
    odd = st.none() | st.integers(-1, 2**64 - 1) | st.binary(max_size=40) | st.lists(st.binary(max_size=20))
    return st.tuples(*(st.just(field) | odd for field in good)).map(cbor.encode) | st.binary(max_size=99)


@settings(max_examples=50, deadline=None)
@given(payload=contact_payloads())
def test_nearly_contacts_are_refused_or_signed_again_as_they_were(payload: bytes) -> None:
    record = SignedRecord.sign(NODE, **FIELDS | {"domain": "idn/contact", "payload": payload})
    try:
        contact = Contact.from_record(record, now_ms=0)
    except ValueError as error:
        if " is refused at byte " not in str(error):
            raise
    else:
        assert contact.sign(NODE, expires_ms=FIELDS["expires_ms"]) == record


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"addresses": ["/ip4/1.2.3/tcp/1"]}, r"address '/ip4/1\.2\.3/tcp/1' is refused at byte"),
        ({"transport_key": bytes(31)}, "transport_key has 31 bytes, expected 32"),
        ({"sequence": -1}, "sequence is -1, expected 0 to 9223372036854775807"),
        ({"sequence": 2**63}, "sequence is 9223372036854775808, expected 0 to"),
    ],
)
def test_a_contact_of_bad_parts_is_not_made(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        some_contact(**changed)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"addresses": ["/ip4/127.0.0.1/tcp/1"] * 17}, "there are 17 addresses, expected at most 16"),
        ({"node_id": Multihash.digest(NODE.public_key, "sha1")}, "a node ID made with sha1"),
        ({"node_id": Multihash.digest(b"another's")}, "the node ID is not the hash of the public key"),
    ],
)
def test_a_contact_that_nobody_would_accept_is_not_signed(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        some_contact(**changed).sign(NODE, expires_ms=1)


def test_a_refused_record_says_what_it_has_and_what_was_expected() -> None:
    record = SignedRecord.sign(NODE, **FIELDS | {"domain": "note", "version": 3, "expires_ms": 1000})
    for domain, version, now_ms, message in (
        ("other", 3, 0, "wrong domain; it is 'note', expected 'other'."),
        ("note", 2, 0, "version from the future; it is 3, expected at most 2."),
        ("note", 3, 1000, "expired; it was valid before 1000 ms, and now is 1000 ms."),
    ):
        with pytest.raises(ValueError, match=f"^the record is not valid: {re.escape(message)}$"):
            record.verify(domain, version=version, now_ms=now_ms)
