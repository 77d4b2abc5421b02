"""Downloads from a server on this machine: resumed, checked, tried at each mirror, and never half there."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
import socket
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from idn import data
from idn.data import archive, cifar10, sources
from idn.data.download import download
from idn.data.progress import Progress
from idn.data.sources import Source, SourceFile
from idn.errors import DataError, DownloadError

CONTENT = bytes(range(256)) * 4000


class Server(ThreadingHTTPServer):
    """A mirror whose faults can be chosen."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut_after: list[int] = []  # bytes after which the next answers break off, one for each
        self.ignores_ranges = False
        self.wrong_range = False
        self.requests: list[tuple[str, str | None]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        name = self.path.lstrip("/")
        self.server.requests.append((name, asked))
        if name not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[name]
        begin = 0
        if asked and not self.server.ignores_ranges:
            begin = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])  # type: ignore[index]
            if begin >= len(content):
                self.send_error(416)
                return
            told = 0 if self.server.wrong_range else begin
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {told}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        body = content[begin:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cut_after:
            body = body[: self.server.cut_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serve()


@pytest.fixture
def other() -> Iterator[Server]:
    yield from serve()


def serve() -> Iterator[Server]:
    with Server() as found:
        found.files["file.bin"] = CONTENT
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def describe(name: str, content: bytes) -> SourceFile:
    return SourceFile(
        name, len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    )


FILE = describe("file.bin", CONTENT)


def dead_mirror() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def fetch(folder: Path, *mirrors: str) -> Path:
    download(FILE, folder / "file.bin", mirrors, progress=False)
    return folder / "file.bin"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_arrives_whole_and_alone(server: Server, tmp_path: Path) -> None:
    assert fetch(tmp_path, server.address + "/").read_bytes() == CONTENT
    assert names(tmp_path) == ["file.bin"]


def test_an_interrupted_download_resumes_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cut_after = [300_000, 0]
    with pytest.raises(DownloadError, match=r"300000 of 1024000 bytes are kept and will be resumed"):
        fetch(tmp_path, server.address)
    assert names(tmp_path) == ["file.bin.part"], "nothing has the file's name before it is whole"
    assert fetch(tmp_path, server.address).read_bytes() == CONTENT
    assert server.requests[-1] == ("file.bin", "bytes=300000-")
    assert names(tmp_path) == ["file.bin"]


def test_a_connection_that_breaks_is_taken_up_again_at_once(server: Server, tmp_path: Path) -> None:
    server.cut_after = [1000, 2000]
    assert fetch(tmp_path, server.address).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=1000-", "bytes=3000-"]


def test_another_mirror_goes_on_where_the_first_stopped(
    server: Server, other: Server, tmp_path: Path
) -> None:
    server.cut_after = [5000, 0]
    assert fetch(tmp_path, server.address, other.address).read_bytes() == CONTENT
    assert other.requests == [("file.bin", "bytes=5000-")]


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ignores_ranges = True
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(tmp_path, server.address).read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_range_not_asked_for_is_refused(server: Server, tmp_path: Path) -> None:
    server.wrong_range = True
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    with pytest.raises(DownloadError, match="not the one asked for"):
        fetch(tmp_path, server.address)
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:1000]


def test_a_dead_mirror_and_one_without_the_file_are_passed_over(
    server: Server, other: Server, tmp_path: Path
) -> None:
    other.files.clear()
    assert fetch(tmp_path, dead_mirror(), other.address, server.address).read_bytes() == CONTENT


def test_a_wrong_checksum_is_refused_and_removed(server: Server, other: Server, tmp_path: Path) -> None:
    server.files["file.bin"] = CONTENT[:-1] + b"?"
    with pytest.raises(DownloadError, match="another checksum than published, and was thrown away"):
        fetch(tmp_path, server.address)
    assert names(tmp_path) == []
    assert fetch(tmp_path, server.address, other.address).read_bytes() == CONTENT


def test_a_wrong_beginning_from_an_earlier_try_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"something else")
    assert fetch(tmp_path, server.address).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["bytes=14-", None]


@pytest.mark.parametrize("length", [len(CONTENT) + 1, 3 * len(CONTENT)])
def test_a_file_that_is_too_long_is_not_read_to_its_end(server: Server, tmp_path: Path, length: int) -> None:
    server.files["file.bin"] = (CONTENT * 3)[:length]
    with pytest.raises(DownloadError, match="another checksum"):
        fetch(tmp_path, server.address)
    assert names(tmp_path) == []


def test_a_file_that_is_too_short_is_refused(server: Server, tmp_path: Path) -> None:
    server.files["file.bin"] = CONTENT[:500]
    with pytest.raises(DownloadError, match="the server says 416"):
        fetch(tmp_path, server.address)
    assert names(tmp_path) == ["file.bin.part"], "another mirror may go on from there"


def test_every_mirror_that_failed_is_named(server: Server, tmp_path: Path) -> None:
    server.files.clear()
    dead = dead_mirror()
    with pytest.raises(DownloadError) as caught:
        fetch(tmp_path, dead, server.address, "file:///tmp")
    message = str(caught.value)
    assert f"{dead}/file.bin: no connection" in message
    assert f"{server.address}/file.bin: the server says 404" in message
    assert "file:///tmp/file.bin: this is no address that begins with https://" in message
    assert f"bring the file yourself, as {tmp_path / 'file.bin'}" in message


def test_a_folder_that_cannot_be_written_is_a_clear_error(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"file.bin.part cannot be written: No such file or directory"):
        download(FILE, tmp_path / "gone" / "file.bin", [server.address], progress=False)


def test_progress_is_a_line_for_every_tenth(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    download(FILE, tmp_path / "file.bin", [server.address], progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert 2 <= len(lines) <= 10
    assert lines[-1] == "file.bin: 1.0 of 1.0 MB (100 %)"


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Progress("file.bin", 100) as shown:
        shown.advance(100)
    assert "file.bin" in terminal.getvalue()
    assert "100/100 bytes" in terminal.getvalue()


# From a mirror to a data set: archives and plain files


def pack(members: list[tuple[str, bytes | None]], *, mode: str = "w:gz") -> bytes:
    """A tar archive of files; a member without content is a link to /etc/passwd."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        for name, content in members:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/passwd", 3073
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


CONTENTS = {
    name: bytes([number]) * 3073 for number, name in enumerate(cifar10.TRAIN_FILES + cifar10.TEST_FILES)
}
FOLDER = "cifar-10-batches-bin"
ARCHIVE = pack(
    [(f"{FOLDER}/{name}", content) for name, content in CONTENTS.items()] + [(f"{FOLDER}/readme.html", b"hi")]
)


def register(
    monkeypatch: pytest.MonkeyPatch, packed: bytes = ARCHIVE, mirrors: tuple[str, ...] = ()
) -> Source:
    """A CIFAR10 of one record a file, in place of the real one."""
    known = dataclasses.replace(
        sources.source("cifar10"),
        archive=describe("cifar-10-binary.tar.gz", packed),
        files=tuple(describe(name, content) for name, content in CONTENTS.items()),
        records=(),
        mirrors=mirrors,
    )
    monkeypatch.setattr(sources, "_sources", lambda: (known,))
    return known


def test_an_archive_is_fetched_unpacked_and_removed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, mirrors=(server.address + "/",))
    server.files["cifar-10-binary.tar.gz"] = ARCHIVE
    monkeypatch.delenv("IDN_DATA_MIRRORS", raising=False)
    path = data.get("cifar10", tmp_path / "new", progress=False)
    assert path == tmp_path / "new" / FOLDER
    assert names(tmp_path) == sorted(CONTENTS)
    assert data.verify("cifar10", tmp_path / "new").note == ""
    data.get("cifar10", tmp_path / "new", progress=False)
    assert len(server.requests) == 1, "what is there and whole is not fetched again"


def test_mirrors_of_the_environment_are_tried_first(
    server: Server, other: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch, mirrors=(server.address,))
    other.files["cifar-10-binary.tar.gz"] = ARCHIVE
    monkeypatch.setenv("IDN_DATA_MIRRORS", f"{dead_mirror()} {other.address}")
    data.get("cifar10", tmp_path, progress=False)
    assert (len(server.requests), len(other.requests)) == (0, 1)


def test_damaged_files_are_replaced(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    server.files["cifar-10-binary.tar.gz"] = ARCHIVE
    data.get("cifar10", tmp_path, progress=False, mirrors=[server.address])
    (tmp_path / FOLDER / "data_batch_2.bin").write_bytes(bytes(3073))
    with pytest.raises(DataError, match="differs from the published file"):
        data.verify("cifar10", tmp_path)
    data.get("cifar10", tmp_path, progress=False, mirrors=[server.address])
    assert (tmp_path / FOLDER / "data_batch_2.bin").read_bytes() == CONTENTS["data_batch_2.bin"]


def test_an_archive_brought_by_hand_needs_no_network_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch)
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(ARCHIVE)
    data.get("cifar10", tmp_path, progress=False, mirrors=[])
    assert names(tmp_path) == sorted([*CONTENTS, "cifar-10-binary.tar.gz"])
    assert (tmp_path / "cifar-10-binary.tar.gz").read_bytes() == ARCHIVE


def test_a_failed_download_leaves_no_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = register(monkeypatch)
    with pytest.raises(DownloadError, match="no connection"):
        data.get("cifar10", tmp_path, progress=False, mirrors=[dead_mirror()])
    assert names(tmp_path) == []
    assert known.state(tmp_path) == "missing"


def test_plain_files_are_fetched_one_by_one_and_only_where_missing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"a.gz": b"first", "b.gz": b"second"}
    files = tuple(describe(name, content) for name, content in contents.items())
    known = dataclasses.replace(sources.source("mnist"), files=files, mirrors=())
    monkeypatch.setattr(sources, "_sources", lambda: (known,))
    server.files.update(contents)
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "a.gz").write_bytes(b"first")
    (tmp_path / "mnist" / "b.gz").write_bytes(b"wrong!")
    path = data.get("mnist", tmp_path, progress=False, mirrors=[server.address])
    assert {file.name: file.read_bytes() for file in path.iterdir()} == contents
    assert server.requests == [("b.gz", None)]


def test_too_little_room_is_said_before_anything_is_fetched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = register(monkeypatch)
    huge = dataclasses.replace(
        known, archive=dataclasses.replace(describe("cifar-10-binary.tar.gz", ARCHIVE), bytes=1 << 60)
    )
    monkeypatch.setattr(sources, "_sources", lambda: (huge,))
    with pytest.raises(DownloadError, match=r"MB free, \d+ MB are needed; make room"):
        data.get("cifar10", tmp_path, progress=False, mirrors=[server.address])
    assert server.requests == []


def test_a_root_that_cannot_be_made_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    (tmp_path / "file").write_text("in the way", encoding="ascii")
    with pytest.raises(DownloadError, match=r"cifar10 cannot be put under .*IDN_DATA_ROOT"):
        data.get("cifar10", tmp_path / "file", progress=False, mirrors=[])


def test_two_processes_fetch_it_once(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)
    server.files["cifar-10-binary.tar.gz"] = ARCHIVE
    threads = [
        threading.Thread(
            target=data.get, args=("cifar10", tmp_path, False), kwargs={"mirrors": [server.address]}
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(tmp_path) == sorted(CONTENTS)
    assert len(server.requests) == 1


def test_the_embedded_digits_are_there_already() -> None:
    assert data.get("digits").is_file()


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (ARCHIVE[:-200], "is not a whole gzipped tar archive"),
        (b"<html>not here</html>", "is not a whole gzipped tar archive"),
        (
            pack([(f"{FOLDER}/data_batch_1.bin", bytes(3072))]),
            "a file of 3072 bytes, expected a file of 3073",
        ),
        (pack([(f"{FOLDER}/data_batch_1.bin", None)]), "a link or device, expected a file"),
        (pack([(f"{FOLDER}/data_batch_1.bin", bytes(3073))]), "lacks cifar-10-batches-bin/data_batch_2.bin"),
        (pack([("../data_batch_1.bin", bytes(3073))]), "lacks cifar-10-batches-bin/data_batch_1.bin"),
        (pack([("/tmp/data_batch_1.bin", bytes(3073))]), "lacks cifar-10-batches-bin/data_batch_1.bin"),
        (pack([("large", bytes(40_000_000))]), "unpacks to far more than the files it should hold"),
    ],
    ids=["cut", "a page", "wrong size", "link", "lacking", "climbing", "absolute", "bomb"],
)
def test_a_bad_archive_leaves_nothing_behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bytes, message: str
) -> None:
    known = register(monkeypatch, packed)
    server.files["cifar-10-binary.tar.gz"] = packed
    root = tmp_path / "root"
    with pytest.raises(DownloadError, match=message):
        data.get("cifar10", root, progress=False, mirrors=[server.address])
    assert known.state(root) == "missing"
    assert set(names(tmp_path)) <= {"cifar-10-binary.tar.gz"}


def test_members_that_nobody_asked_for_stay_inside_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(
        pack([("../evil", b"x"), ("d/wanted", b"good"), ("d/../../evil", b"x"), ("d/link", None)])
    )
    (tmp_path / "out").mkdir()
    archive.extract(path, "d", {"wanted": 4}, tmp_path / "out")
    assert names(tmp_path) == ["wanted", "x.tar.gz"]


@pytest.mark.parametrize("page", [b"<html>sign in</html>", b""])
def test_what_arrived_is_kept_when_a_mirror_sends_something_else(
    server: Server, tmp_path: Path, page: bytes
) -> None:
    part = tmp_path / "file.bin.part"
    part.write_bytes(CONTENT[:900_000])
    server.files["file.bin"] = page
    server.ignores_ranges = bool(page)  # else the answer is 416
    with pytest.raises(DownloadError, match="the server s.*900000 of 1024000 bytes are kept"):
        fetch(tmp_path, server.address)
    assert part.read_bytes() == CONTENT[:900_000]
