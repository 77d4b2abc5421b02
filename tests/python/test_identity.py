from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import signal
import stat
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import pwhash, secret, signing
from nacl.exceptions import BadSignatureError

import wire_vectors
from idn import identity
from idn.errors import (
    DamagedIdentity,
    Error,
    IdentityError,
    MissingIdentity,
    WrongPassword,
    WrongPermissions,
)
from idn.identity import Identity, SearchProgress
from idn.multiformats import Multihash
from idn.signed_record import Contact

HASHES = {"sha2-256": (0x12, hashlib.sha256), "sha3-256": (0x16, hashlib.sha3_256)}
NEUTRAL = bytes([1]) + bytes(31)  # the point that is the group's zero
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group that keys are in


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that Argon2 takes; what a password really costs has a test of its own."""
    monkeypatch.setitem(identity.STRENGTHS, "moderate", identity._native.LEAST)


@pytest.fixture(scope="module")
def mine() -> Identity:
    return identity.generate(0)


def leading_zero_bits(digest: bytes) -> int:
    """As one would write it: the length of the number without the zeros before it."""
    return 8 * len(digest) - int.from_bytes(digest, "big").bit_length()


@pytest.mark.parametrize("name", ["sha2-256", "sha3-256"])
def test_a_node_id_is_the_hash_of_its_key_with_enough_zero_bits(name: identity.Hash) -> None:
    code, function = HASHES[name]
    found = identity.generate(9, hash=name)
    digest = function(found.public_key).digest()
    assert found.node_id.bytes() == bytes([code, 32]) + digest
    assert leading_zero_bits(digest) >= 9
    assert found.difficulty == leading_zero_bits(digest)
    assert identity.difficulty(str(found.node_id)) == found.difficulty


def test_a_node_id_may_be_made_with_keccak() -> None:
    found = identity.generate(4, hash="keccak-256", threads=2)
    assert found.node_id == Multihash.digest(found.public_key, "keccak-256")
    identity.verify(found.node_id, found.public_key, 4)


def signed(message: bytes) -> bytes:
    """What docs/wire.md says that is signed for a message."""
    data: bytes = cbor2.dumps(["idn/message/1", message], canonical=True)
    return data


def identity_of(seed: bytes, path: Path) -> Identity:
    """An identity with a given key, which only a file gives."""
    public_key = bytes(signing.SigningKey(seed).verify_key)
    body = b"idn-key\x01\x00" + Multihash.digest(public_key).bytes() + public_key + seed
    path.touch(mode=0o600)
    path.write_bytes(body + hashlib.sha256(body).digest())
    return identity.load(path)


def test_a_signature_is_one_to_an_independent_implementation(mine: Identity) -> None:
    signature = mine.sign(b"message")
    key = signing.VerifyKey(mine.public_key)
    assert key.verify(signed(b"message"), signature) == signed(b"message")
    for other in (b"message", signed(b"other")):
        with pytest.raises(BadSignatureError):
            key.verify(other, signature)


def test_messages_are_signed_and_refused_as_the_vectors_say(tmp_path: Path) -> None:
    vectors = json.loads((wire_vectors.FOLDER / "message.json").read_text(encoding="utf-8"))
    node = identity_of(bytes.fromhex(vectors["seed"]), tmp_path / "node")
    assert node.public_key.hex() == vectors["public_key"]
    for vector in vectors["valid"]:
        message, signature = bytes.fromhex(vector["message"]), bytes.fromhex(vector["signature"])
        assert signed(message).hex() == vector["signed"]
        assert node.sign(message) == signature
        identity.verify_signature(node.public_key, message, signature)
    for vector in vectors["invalid"]:
        message, signature = bytes.fromhex(vector["message"]), bytes.fromhex(vector["signature"])
        with pytest.raises(ValueError, match="the signature is not one of these"):
            identity.verify_signature(node.public_key, message, signature)


def test_who_signs_a_challenge_signs_no_record(mine: Identity) -> None:
    """A peer sends, as a challenge, what is signed for a contact of its victim with the peer's addresses."""
    contact = Contact(mine.node_id, ["/ip4/203.0.113.6/tcp/4001"], bytes(32), 2**63 - 1)

    class Victim:
        public_key = mine.public_key

        def sign_raw(self, challenge: bytes) -> bytes:
            return mine.sign(challenge)

    record = contact.sign(Victim(), expires_ms=2**63 - 1)
    assert record.verdict("idn/contact", version=1, now_ms=0) == "bad signature"
    with pytest.raises(ValueError, match="bad signature"):
        Contact.from_record(record, now_ms=0)
    genuine = contact.sign(mine, expires_ms=1)
    assert Contact.from_record(genuine, now_ms=0) == contact
    assert not hasattr(mine, "sign_raw")


@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=300))
def test_signatures_of_an_independent_implementation_are_taken(seed: bytes, message: bytes) -> None:
    theirs = signing.SigningKey(seed)
    signature = theirs.sign(signed(message)).signature
    public_key = bytes(theirs.verify_key)
    identity.verify_signature(public_key, message, signature)
    with pytest.raises(ValueError, match="the signature is not one of these"):
        identity.verify_signature(public_key, message + b"!", signature)


def test_a_key_of_small_order_has_signed_nothing() -> None:
    base = bytes([0x58]) + bytes([0x66] * 31)
    forged = base + bytes([1]) + bytes(31)  # fits every message in the equation of RFC 8032
    with pytest.raises(ValueError, match="the signature is not"):
        identity.verify_signature(NEUTRAL, b"anything", forged)


def test_a_signature_by_a_point_of_small_order_is_refused() -> None:
    """Its maker has the private key but takes no secret number: the equation of RFC 8032 holds."""
    seed = bytes(range(32))
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & (2**254 - 8) | 2**254
    public_key = bytes(signing.SigningKey(seed).verify_key)
    hashed = hashlib.sha512(NEUTRAL + public_key + signed(b"message")).digest()
    challenge = int.from_bytes(hashed, "little")
    response = challenge * scalar % ORDER
    with pytest.raises(ValueError, match="the signature is not"):
        identity.verify_signature(public_key, b"message", NEUTRAL + response.to_bytes(32, "little"))


def test_what_a_node_says_of_itself_is_refused_with_the_reason(mine: Identity) -> None:
    other = identity.generate(0)
    identity.verify(mine.node_id, mine.public_key)
    identity.verify(str(mine.node_id), mine.public_key, mine.difficulty)
    with pytest.raises(ValueError, match="the node ID is not the hash of the public key"):
        identity.verify(mine.node_id, other.public_key)
    with pytest.raises(ValueError, match="expected at least 64"):
        identity.verify(mine.node_id, mine.public_key, 64)
    for function in ("identity", "sha1", "sha2-512", "blake2b-256"):
        with pytest.raises(ValueError, match=f"made with {function}, expected one of sha2-256, sha3"):
            identity.verify(Multihash.digest(mine.public_key, function), mine.public_key)
    with pytest.raises(ValueError, match="the public key has 31 bytes, expected 32"):
        identity.verify(mine.node_id, mine.public_key[:31])
    with pytest.raises(ValueError, match="at byte"):
        identity.verify("0OIl", mine.public_key)


def test_the_example_of_the_dissertation_holds_a_text_where_a_digest_should_be() -> None:
    with pytest.raises(ValueError, match="a digest of sha1 has 20 bytes, not 7"):
        Multihash.from_bytes(bytes.fromhex("1107636f6e74656e74"))
    real = Multihash.digest(b"content", "sha1")
    assert real.bytes() == b"\x11\x14" + hashlib.sha1(b"content").digest()


@pytest.mark.parametrize("difficulty", [-1, 65])
def test_a_difficulty_beyond_the_bounds_is_refused(difficulty: int, mine: Identity) -> None:
    with pytest.raises(ValueError, match=f"the difficulty is {difficulty}, expected 0 to 64"):
        identity.generate(difficulty)
    with pytest.raises(ValueError, match=f"the difficulty is {difficulty}, expected 0 to 64"):
        identity.verify(mine.node_id, mine.public_key, difficulty)


def test_a_search_that_cannot_be_is_refused() -> None:
    for threads in (0, -1, 1025):
        with pytest.raises(ValueError, match=f"threads is {threads}, expected 1 to 1024"):
            identity.generate(1, threads=threads)
    for name in ("identity", "sha1"):
        with pytest.raises(ValueError, match=f"node IDs are not made with {name}"):
            identity.generate(1, hash=name)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'md5' is unknown"):
        identity.generate(1, hash="md5")  # type: ignore[arg-type]


def test_progress_is_told_on_the_calling_thread_and_once_at_the_end() -> None:
    seen: list[SearchProgress] = []
    threads = set()

    def progress(state: SearchProgress) -> None:
        seen.append(state)
        threads.add(threading.get_ident())

    identity.generate(6, progress=progress)
    assert threads == {threading.get_ident()}
    last = seen[-1]
    assert (last.difficulty, last.expected_candidates) == (6, 64.0)
    assert last.candidates >= 1
    assert last.rate == pytest.approx(last.candidates / last.seconds)
    assert last.expected_seconds == pytest.approx(64 / last.rate)
    assert last.chance == pytest.approx(1 - (1 - 1 / 64) ** last.candidates)


def test_an_exception_of_progress_ends_the_search() -> None:
    def enough(state: SearchProgress) -> None:
        raise LookupError(state.difficulty)

    with pytest.raises(LookupError, match="64"):
        identity.generate(64, progress=enough)


def test_an_interrupt_ends_the_search_at_once() -> None:
    # Where the tests run in the background of a shell, the signal came ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    start = time.monotonic()
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))  # which also shows the GIL is free
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            identity.generate(64)
    finally:
        signal.signal(signal.SIGINT, before)
    timer.join()
    assert time.monotonic() - start < 20


def test_the_private_key_is_not_shown(mine: Identity) -> None:
    assert repr(mine) == f"Identity('{mine.node_id}')"
    with pytest.raises(TypeError):
        pickle.dumps(mine)
    assert not hasattr(mine, "__dict__")


@pytest.mark.parametrize("password", ["secret", "Größe 数", b"\x00\xff"])
def test_a_saved_identity_is_loaded_again(mine: Identity, tmp_path: Path, password: str | bytes) -> None:
    path = tmp_path / "me"
    mine.save(path, password)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = identity.load(path, password)
    assert (loaded.node_id, loaded.public_key) == (mine.node_id, mine.public_key)
    assert loaded.sign(b"m") == mine.sign(b"m")  # Ed25519 is deterministic
    with pytest.raises(WrongPassword, match="the password of identity file '.*/me' is wrong"):
        identity.load(path, "other")
    with pytest.raises(WrongPassword, match="is encrypted; give its password"):
        identity.load(path)


def test_a_file_is_laid_out_as_documented(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    mine.save(path, "secret", strength="interactive")
    data = path.read_bytes()
    assert len(data) == 237
    assert data[:9] == b"idn-key\x01\x01"
    assert data[9:43] == mine.node_id.bytes()
    assert data[43:75] == mine.public_key
    passes, memory_kib = struct.unpack("<II", data[75:83])
    assert (passes, memory_kib) == (2, 65536)
    assert data[205:] == hashlib.sha256(data[:205]).digest()
    key = pwhash.argon2id.kdf(32, b"secret", data[83:99], opslimit=passes, memlimit=memory_kib * 1024)
    opened = secret.SecretBox(key).decrypt(data[123:205], data[99:123])
    assert opened[:34] == mine.node_id.bytes()
    assert bytes(signing.SigningKey(opened[34:]).verify_key) == mine.public_key


def test_a_file_without_a_password_must_be_asked_for(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    with pytest.raises(ValueError, match="only if that is asked for"):
        mine.save(path)
    with pytest.raises(ValueError, match="is empty"):
        mine.save(path, "")
    with pytest.raises(ValueError, match="exclude each other"):
        mine.save(path, "secret", allow_plaintext=True)
    assert list(tmp_path.iterdir()) == []
    mine.save(path, allow_plaintext=True)
    data = path.read_bytes()
    assert len(data) == 139
    assert bytes(signing.SigningKey(data[75:107]).verify_key) == mine.public_key
    assert not identity.read(path).encrypted
    assert repr(identity.read(path)) == f"IdentityFile('{mine.node_id}', encrypted=False)"
    assert identity.load(path).sign(b"m") == mine.sign(b"m")
    with pytest.raises(WrongPassword, match="is not encrypted"):
        identity.load(path, "secret")


def test_a_file_is_overwritten_only_if_asked(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    mine.save(path, "secret")
    other = identity.generate(0)
    with pytest.raises(IdentityError, match="exists already"):
        other.save(path, "secret")
    assert identity.read(path).node_id == mine.node_id
    other.save(path, "secret", overwrite=True)
    assert identity.read(path).node_id == other.node_id
    assert [entry.name for entry in tmp_path.iterdir()] == ["me"]


def test_what_is_wrong_with_a_file_is_told_apart(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    with pytest.raises(MissingIdentity, match="does not exist"):
        identity.load(path, "secret")
    with pytest.raises(IdentityError, match="folder .* does not exist"):
        mine.save(tmp_path / "none" / "me", "secret")
    mine.save(path, "secret")
    path.chmod(0o640)
    with pytest.raises(WrongPermissions, match=f"has mode 0640.*chmod 600 {path}"):
        identity.load(path, "secret")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DamagedIdentity, match="more than 237 bytes"):
        identity.load(path, "secret")
    for error in (MissingIdentity, WrongPermissions, DamagedIdentity, WrongPassword):
        assert issubclass(error, IdentityError)
        assert issubclass(error, Error)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may do all, so root becomes nobody; others are kept out of folders without any right anyway."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


def test_what_the_system_forbids_is_told_apart(mine: Identity, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    mine.save(folder / "me", "secret")
    folder.chmod(0)
    with as_somebody_else():
        for read in (identity.read, identity.load):
            with pytest.raises(WrongPermissions, match="cannot read identity file .*: Permission denied"):
                read(folder / "me")
        for write in (mine.save, identity.rehearse_save):
            with pytest.raises(WrongPermissions, match="cannot write identity file .*: Permission denied"):
                write(folder / "me", "secret", overwrite=True)
    folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_refused(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    mine.save(path, "secret")
    os.chown(path, 65534, -1)
    with pytest.raises(WrongPermissions, match="belongs to user 65534, expected user 0"):
        identity.load(path, "secret")


def test_a_path_that_is_none_is_an_error_of_the_family(
    mine: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IdentityError, match="cannot write identity file ''"):
        mine.save("", "secret")
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(IdentityError, match="cannot write identity file 'me'"):
        mine.save("me", "secret")


def test_memory_short_for_a_password_is_an_error_of_the_family(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    mine.save(path, "secret")
    whole = path.read_bytes()
    body = whole[:75] + struct.pack("<II", 1, 1 << 20) + whole[83:205]
    path.write_bytes(body + hashlib.sha256(body).digest())
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + (512 << 20), before[1]))
    try:
        with pytest.raises(IdentityError, match="Argon2 needs 1024 MiB of memory"):
            identity.load(path, "secret")
        for write in (mine.save, identity.rehearse_save):
            with pytest.raises(IdentityError, match="Argon2 needs 1024 MiB of memory"):
                write(tmp_path / "other", "secret", strength="sensitive")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert [entry.name for entry in tmp_path.iterdir()] == ["me"]


def test_a_rehearsal_refuses_what_saving_would_and_leaves_nothing(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    for wrong, reason in (({}, "only if that is asked for"), ({"password": ""}, "is empty")):
        with pytest.raises(ValueError, match=reason):
            identity.rehearse_save(path, **wrong)
    with pytest.raises(ValueError, match="strength is 'weak'"):
        identity.rehearse_save(path, "secret", strength="weak")  # type: ignore[arg-type]
    with pytest.raises(IdentityError, match="folder .* does not exist"):
        identity.rehearse_save(tmp_path / "none" / "me", "secret")
    with pytest.raises(IdentityError, match="Is a directory"):
        identity.rehearse_save(tmp_path, "secret", overwrite=True)
    identity.rehearse_save(path, "secret")
    identity.rehearse_save(path, allow_plaintext=True)
    assert list(tmp_path.iterdir()) == []
    mine.save(path, "secret")
    whole = path.read_bytes()
    with pytest.raises(IdentityError, match="exists already"):
        identity.rehearse_save(path, "secret")
    identity.rehearse_save(path, "secret", overwrite=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["me"]
    assert path.read_bytes() == whole


def test_any_byte_changed_in_a_file_is_found(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    mine.save(path, "secret")
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(DamagedIdentity, match=r"is damaged at byte \d+: "):
            identity.read(path)


@given(data=st.binary(max_size=300))
def test_bytes_that_are_no_identity_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"the identity is refused at byte \d+: "):
        identity._native.IdentityFile.parse(data)


def test_a_hostile_file_takes_neither_time_nor_memory(mine: Identity, tmp_path: Path) -> None:
    path = tmp_path / "me"
    mine.save(path, "secret")
    whole = path.read_bytes()
    for limits, word in (((2**32 - 1, 8), "number of passes"), ((1, 2**32 - 1), "memory in KiB")):
        body = whole[:75] + struct.pack("<II", *limits) + whole[83:205]
        path.write_bytes(body + hashlib.sha256(body).digest())
        with pytest.raises(DamagedIdentity, match=f"Argon2's {word} is 4294967295"):
            identity.load(path, "secret")


def test_an_unknown_strength_is_refused(mine: Identity, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="strength is 'weak', expected one of interactive, moderate, sensitive"
    ):
        mine.save(tmp_path / "me", "secret", strength="weak")  # type: ignore[arg-type]
