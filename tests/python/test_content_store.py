"""Blocks and files by CID: what comes back, what is kept, what is refused, and the commands."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import idn
from idn.cli import exit_codes, main
from idn.content_store import MAX_BLOCK_BYTES, ContentStore
from idn.errors import StoreError
from idn.multiformats import Cid

MEBIBYTE = 1 << 20


def place(store: ContentStore, cid: Cid) -> Path:
    return store.path / "blocks" / str(cid)[-3:-1] / str(cid)


def test_a_block_comes_back_by_its_cid_or_the_cids_text(tmp_path: Path) -> None:
    store = idn.ContentStore(tmp_path / "store")
    cid = store.put(b"a block")
    assert cid == Cid.of(b"a block")
    assert store.get(cid) == store.get(str(cid)) == b"a block"
    assert cid in store
    assert str(cid) in store
    assert store.has(cid)
    assert place(store, cid).read_bytes() == b"a block"
    assert store.path == tmp_path / "store"
    assert repr(store) == f"ContentStore({str(tmp_path / 'store')!r})"


def test_what_is_not_here_is_none(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    absent = Cid.of(b"elsewhere")
    assert store.get(absent) is None
    assert absent not in store
    assert 7 not in store
    assert not store.remove(absent)
    assert not store.unpin(absent)
    assert len(store) == store.size_bytes == 0
    assert bool(store)


@pytest.mark.parametrize("data", [bytearray(b"xyz"), memoryview(b"xyz")])
def test_takes_any_contiguous_bytes(tmp_path: Path, data: bytearray | memoryview) -> None:
    assert ContentStore(tmp_path).get(ContentStore(tmp_path).put(data)) == b"xyz"


_CHANGER = """
import itertools, mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
    print("ready", flush=True)
    for count in itertools.count():
        data[:8] = count.to_bytes(8)
"""


def test_bytes_that_change_while_they_are_put_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "memory").write_bytes(bytes(MAX_BLOCK_BYTES))
    store = ContentStore(tmp_path / "store")
    command = [sys.executable, "-c", _CHANGER, str(tmp_path / "memory")]
    with (
        (tmp_path / "memory").open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as data,
        subprocess.Popen(command, stdout=subprocess.PIPE) as changer,
    ):
        assert changer.stdout is not None
        assert changer.stdout.readline() == b"ready\n"
        for _ in range(10):
            store.put(memoryview(data))
        changer.kill()
    assert store.verify().damaged == []


def test_a_path_that_is_no_utf8_is_shown_in_messages_all_the_same(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / os.fsdecode(b"\xff"))
    cid = store.put(b"a block")
    place(store, cid).write_bytes(b"a blocj")
    with pytest.raises(StoreError, match="it was moved to"):
        store.get(cid)
    store.put(b"a block")
    place(store, cid).write_bytes(b"a blocj")
    assert "it was moved to" in store.verify().damaged[0].reason


def test_a_codec_makes_another_cid_of_the_same_bytes(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    assert {store.put(b"{}"), store.put(b"{}", "json")} == set(store)
    assert len(store) == 2
    with pytest.raises(ValueError, match="nonsense"):
        store.put(b"{}", "nonsense")


def test_others_bytes_are_compared_with_their_cid(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    cid = Cid.of(b"right")
    with pytest.raises(ValueError, match=r"at byte 0: the bytes are not the block of"):
        store.put_block(cid, b"wrong")
    assert cid not in store
    assert store.put_block(str(cid), b"right") == cid
    with pytest.raises(ValueError, match=f"at byte {MAX_BLOCK_BYTES}: a block has at most"):
        store.put_block(cid, bytes(MAX_BLOCK_BYTES + 1))
    with pytest.raises(ValueError, match="CID 'nonsense' is refused"):
        store.get("nonsense")


@pytest.mark.parametrize("max_bytes", [0, -1])
def test_a_limit_below_one_is_refused(tmp_path: Path, max_bytes: int) -> None:
    with pytest.raises(ValueError, match=f"max_bytes is {max_bytes}, expected at least 1"):
        ContentStore(tmp_path, max_bytes)


def test_a_limit_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="max_bytes is 18446744073709551616, expected 1 to"):
        ContentStore(tmp_path, 2**64)
    store = ContentStore(tmp_path)
    for limit in (-1, 2**64):
        with pytest.raises(ValueError, match=f"max_file_bytes is {limit}, expected 0 to"):
            store.get_file(store.put(b"x"), tmp_path / "out", max_file_bytes=limit)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_behaves_like_a_dict_of_blocks(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    store = ContentStore(tmp_path_factory.mktemp("store"))
    model: dict[Cid, bytes] = {}
    pinned: set[Cid] = set()
    for _ in range(data.draw(st.integers(1, 15))):
        block = data.draw(st.sampled_from([b"", b"a", b"b", b"\x00" * 1000]))
        cid = Cid.of(block)
        match data.draw(st.sampled_from(["put", "put_pinned", "remove", "pin", "unpin", "damage"])):
            case "put":
                assert store.put(block) == cid
                model[cid] = block
            case "put_pinned":
                store.put(block, pin=True)
                model[cid] = block
                pinned.add(cid)
            case "remove" if cid not in pinned:
                assert store.remove(cid) == (cid in model)
                model.pop(cid, None)
            case "remove":
                with pytest.raises(StoreError, match="pinned"):
                    store.remove(cid)
            case "pin" if cid in model:
                store.pin(cid)
                pinned.add(cid)
            case "unpin":
                assert store.unpin(cid) == (cid in pinned)
                pinned.discard(cid)
            case "damage" if cid in model:
                place(store, cid).write_bytes(block + b"!")
                with pytest.raises(StoreError, match="damaged"):
                    store.get(cid)
                assert store.get(cid) is None
                del model[cid]
        assert {one: store.get(one) for one in store} == model
        assert set(store.pins()) == pinned
        assert len(store) == len(model)
        assert store.size_bytes == sum(map(len, model.values()))


def test_a_changed_byte_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    store = ContentStore(tmp_path)
    cid = store.put(bytes(1000), pin=True)
    content = bytearray(place(store, cid).read_bytes())
    content[500] ^= 1
    place(store, cid).write_bytes(content)
    with pytest.raises(StoreError, match=str(place(store, cid))):
        store.get(cid)
    assert (tmp_path / "damaged" / str(cid)).read_bytes() == content
    assert store.verify().missing == [cid]
    assert store.put(bytes(1000)) == cid
    assert store.get(cid) == bytes(1000)
    assert store.verify().missing == []


@pytest.mark.parametrize("size", [0, 1, 1000, MEBIBYTE, MEBIBYTE + 1, 5 * MEBIBYTE + 7])
def test_a_file_comes_back_whole(tmp_path: Path, size: int) -> None:
    content = hashlib.shake_128(str(size).encode()).digest(size)
    (tmp_path / "file").write_bytes(content)
    store = ContentStore(tmp_path / "store")
    put: list[tuple[int, int]] = []
    got: list[tuple[int, int]] = []
    cid = store.put_file(tmp_path / "file", progress=lambda *both: put.append(both))
    assert store.get_file(cid, tmp_path / "back", progress=lambda *both: got.append(both)) == size
    assert (tmp_path / "back").read_bytes() == content
    for told in (put, got):
        assert told == sorted(told)
        assert not size or told[-1] == (size, size)
    assert cid == store.put_file(str(tmp_path / "file"))
    with pytest.raises(StoreError, match="file"):
        store.get_file(cid, tmp_path / "nowhere" / "file")


def test_the_cid_of_a_file_is_the_one_that_kubo_gives(tmp_path: Path) -> None:
    """Of one chunk it is the CID of the bytes: `ipfs add --cid-version=1 --raw-leaves` of "hello world"."""
    (tmp_path / "file").write_bytes(b"hello world")
    cid = ContentStore(tmp_path / "store").put_file(tmp_path / "file")
    assert str(cid) == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def test_a_pinned_file_outlives_any_number_of_puts(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(2 * MEBIBYTE))
    store = ContentStore(tmp_path / "store", 3 * MEBIBYTE)
    cid = store.put_file(tmp_path / "file", pin=True)
    for _ in range(40):
        store.put(os.urandom(100_000))
        assert store.size_bytes <= 3 * MEBIBYTE
    assert store.get_file(cid, tmp_path / "back") == 2 * MEBIBYTE
    (tmp_path / "other").write_bytes(os.urandom(2 * MEBIBYTE))
    with pytest.raises(StoreError, match=r"leaves \d+ free; unpin something or raise max_bytes"):
        store.put_file(tmp_path / "other")
    assert store.pins() == [cid]
    store.unpin(cid)
    other = store.put_file(tmp_path / "other")
    assert store.get_file(other, tmp_path / "back") == 2 * MEBIBYTE


def test_a_pin_of_what_is_not_all_here_is_refused_unless_allowed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(2 * MEBIBYTE))
    store = ContentStore(tmp_path / "store")
    cid = store.put_file(tmp_path / "file")
    leaf = next(one for one in store if one.codec == "raw")
    content = store.get(leaf)
    assert content is not None
    store.remove(leaf)
    with pytest.raises(StoreError, match=f"1 of the blocks of {cid} are not here .* such as {leaf}"):
        store.pin(cid)
    store.pin(cid, incomplete=True)
    assert store.verify().missing == [leaf]
    store.put_block(leaf, content)
    with pytest.raises(StoreError, match="part of something pinned"):
        store.remove(leaf)
    store.unpin(cid)
    assert store.remove(cid, recursive=True)
    assert list(store) == []


def test_progress_may_end_the_work_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(3 * MEBIBYTE))
    store = ContentStore(tmp_path / "store")

    def stop(done: int, total: int) -> None:
        if done > total / 2:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        store.put_file(tmp_path / "file", progress=stop)
    cid = store.put_file(tmp_path / "file")
    with pytest.raises(RuntimeError, match="enough"):
        store.get_file(cid, tmp_path / "back", progress=stop)
    assert list((tmp_path / "store" / "tmp").iterdir()) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "store"]
    with pytest.raises(StoreError, match="3145728"):
        store.get_file(cid, tmp_path / "back", max_file_bytes=3 * MEBIBYTE - 1)


def test_links_and_foreign_files_are_not_followed_or_listed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    store = ContentStore(tmp_path / "store")
    cid = store.put(b"secret")
    place(store, cid).unlink()
    place(store, cid).symlink_to(tmp_path / "secret")
    (place(store, cid).parent / "notes.txt").write_bytes(b"foreign")
    assert list(store) == []
    assert cid not in store
    with pytest.raises(StoreError, match="symbolic link"):
        store.get(cid)
    place(store, cid).symlink_to(tmp_path / "secret")
    store.put(b"secret")
    assert not place(store, cid).is_symlink()
    assert (tmp_path / "secret").read_bytes() == b"secret"
    # A whole folder that leads elsewhere.
    other = Cid.of(b"other")
    (tmp_path / "outside").mkdir()
    place(store, other).parent.symlink_to(tmp_path / "outside")
    with pytest.raises(StoreError, match="symbolic link"):
        store.put(b"other")
    assert list((tmp_path / "outside").iterdir()) == []
    assert list(ContentStore(tmp_path / "store")) == [cid]


def test_a_destination_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(2 * MEBIBYTE))
    (tmp_path / "back").write_bytes(b"old")
    store = ContentStore(tmp_path / "store")
    cid = store.put_file(tmp_path / "file")
    leaf = next(one for one in store if one.codec == "raw")
    with place(store, leaf).open("r+b") as file:
        file.write(b"changed")
    with pytest.raises(StoreError, match=str(leaf)):
        store.get_file(cid, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"old"


def test_a_store_cannot_be_sent_to_another_process_by_accident(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(ContentStore(tmp_path))


def test_a_folder_that_is_no_store_is_made_one_only_if_asked_for(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no content store"):
        ContentStore(tmp_path, create=False)
    with pytest.raises(StoreError, match="nothing"):
        ContentStore(tmp_path / "nothing", create=False)
    assert list(tmp_path.iterdir()) == []
    assert list(ContentStore(tmp_path / "a" / "b")) == []
    assert list(ContentStore(tmp_path / "a" / "b", create=False)) == []


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["idn", "content", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return run


def test_the_commands_do_what_the_methods_do(tmp_path: Path, command: Command) -> None:
    store, file = tmp_path / "store", tmp_path / "file"
    file.write_bytes(os.urandom(2 * MEBIBYTE))
    code, out, _ = command("put", store, file, "--json")
    assert code == exit_codes.OK
    put = json.loads(out)
    cid = put["cid"]
    assert put == {"file": str(file), "cid": str(ContentStore(store).put_file(file)), "pinned": False}

    assert json.loads(command("pin", store, cid, "--json")[1]) == {"cid": cid, "pinned": True}
    listed = json.loads(command("list", store, "--json")[1])
    assert (listed["blocks"], listed["pins"]) == (3, [cid])
    assert listed["cids"] == [str(one) for one in ContentStore(store)]
    _, out, err = command("list", store, "--pins")
    assert out == f"{cid}  pinned\n"
    assert "3 blocks" in err

    code, out, _ = command("get", store, cid, tmp_path / "back")
    assert (code, out) == (exit_codes.OK, f"{tmp_path / 'back'}: {2 * MEBIBYTE} bytes\n")
    assert (tmp_path / "back").read_bytes() == file.read_bytes()
    assert command("get", store, cid, tmp_path / "back", "--force")[0] == exit_codes.OK

    code, _, err = command("remove", store, cid, "--recursive")
    assert code == exit_codes.FAILED
    assert "it is pinned; unpin it first" in err
    assert command("unpin", store, cid)[1] == f"{cid}  unpinned\n"
    assert command("remove", store, cid, "--recursive")[1] == f"{cid}  removed\n"
    assert command("remove", store, cid)[1] == f"{cid}  was not here\n"
    assert json.loads(command("verify", store, "--json")[1]) == {
        "blocks": 0,
        "bytes": 0,
        "damaged": [],
        "missing": [],
    }


def test_verify_ends_with_the_code_for_damaged_data(tmp_path: Path, command: Command) -> None:
    store = ContentStore(tmp_path / "store")
    good, bad = store.put(b"good"), store.put(b"bad", pin=True)
    place(store, bad).write_bytes(b"bat")
    code, out, _ = command("verify", store.path)
    assert code == exit_codes.DATA
    assert out.splitlines()[0].startswith(f"{bad}  damaged: ")
    assert out.splitlines()[1:] == [
        f"{bad}  pinned, but not here",
        "1 block, 4 bytes are as they should be",
    ]
    assert good in store


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["list", "nowhere"], exit_codes.DATA, "there is no store at nowhere"),
        (["get", "store", "nonsense", "x"], exit_codes.USAGE, "CID 'nonsense' is refused"),
        (["get", "store", str(Cid.of(b"absent")), "x"], exit_codes.FAILED, "is not in the store"),
        (["pin", "store", str(Cid.of(b"absent"))], exit_codes.FAILED, "are not here"),
        (["put", "store", "here", "absent"], exit_codes.USAGE, "absent is not there. Nothing was stored"),
        (["put", "store", "folder"], exit_codes.USAGE, "folder is a folder; give the files in it"),
        (["put", "store", "here", "--max-bytes", "0"], exit_codes.USAGE, "max_bytes is 0"),
        (["get", "store", str(Cid.of(b"absent")), "here"], exit_codes.USAGE, "here is there already"),
    ],
)
def test_a_failed_command_is_one_line(
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ContentStore("store")
    Path("here").write_bytes(b"here")
    Path("folder").mkdir()
    found, out, err = command(*arguments)
    assert (found, out) == (code, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not Path("nowhere").exists()
    assert Path("here").read_bytes() == b"here"
    assert len(ContentStore("store")) == 0


def test_a_large_file_shows_how_far_it_is(tmp_path: Path, command: Command) -> None:
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(65 * MEBIBYTE)
    _, _, err = command("put", tmp_path / "store", tmp_path / "zeros")
    assert "zeros: 68.2 of 68.2 MB (100 %)" in err
    assert len(ContentStore(tmp_path / "store")) == 2
