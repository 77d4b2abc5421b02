"""Processes that are killed, that share a store, and disks that are full: nothing half written or lost."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idn.content_store import ContentStore
from idn.errors import StoreError

# Writes blocks and files for ever, and pins, unpins and removes among them.
_WRITER = """
import os, random, sys
from pathlib import Path
from idn.content_store import ContentStore
folder, seed = Path(sys.argv[1]), int(sys.argv[2])
random.seed(seed)
store = ContentStore(folder / "store", 6_000_000)
file = folder / f"file-{seed}"
file.write_bytes(random.randbytes(1_500_000))
print("ready", flush=True)
while True:
    cid = store.put(random.randbytes(random.randrange(1, 200_000)))
    match random.randrange(8):
        case 0: store.put(random.randbytes(1000), pin=True)
        case 1: store.put_file(file)
        case 2: store.remove(cid)
        case 3: store.get(cid)
        case 4:
            for pin in store.pins()[:2]: store.unpin(pin)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_a_killed_writer_leaves_whole_blocks_and_nothing_else(tmp_path: Path) -> None:
    random.seed(5)
    kills = 6
    for turn in range(kills):
        process = start(_WRITER, tmp_path, turn)
        wait_until_ready(process)
        time.sleep(random.uniform(0.05, 0.6))  # anywhere in the loop
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert process.stdout is not None
        process.stdout.close()

        store = ContentStore(tmp_path / "store", 6_000_000)
        assert list((store.path / "tmp").iterdir()) == []
        blocks = list(store)
        assert blocks
        for cid in blocks:
            data = store.get(cid)
            assert data is not None
            assert cid.hash.matches(data)
        assert len(store) == len(blocks)
        assert store.size_bytes == sum(one.stat().st_size for one in store.path.glob("blocks/*/*"))
        assert store.size_bytes <= 6_000_000
        assert store.verify().damaged == []
        assert list((store.path / "damaged").iterdir()) == []


# Puts, gets and pins a fixed set; says "done" at the end.
_SHARER = """
import random, sys
from idn.content_store import ContentStore
random.seed(int(sys.argv[2]))
store = ContentStore(sys.argv[1], 1_000_000)
kept = [store.put(random.randbytes(20_000), pin=True) for _ in range(10)]
for step in range(150):
    cid = store.put(random.randbytes(random.randrange(50_000)))
    store.get(cid)
    if step % 10 == 0:
        other = store.put(b"shared", pin=True)
        store.unpin(other)
    assert store.size_bytes <= 1_000_000, store.size_bytes
    assert all(one in store for one in kept)
for one in kept:
    print(one)
"""


def test_two_processes_share_a_store_and_its_limit(tmp_path: Path) -> None:
    processes = [start(_SHARER, tmp_path / "store", seed) for seed in (1, 2)]
    kept = []
    for process in processes:
        out, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        kept += out.split()
    store = ContentStore(tmp_path / "store", 1_000_000)
    assert sorted(kept) == [str(one) for one in store.pins()]
    assert all(store.get(one) is not None for one in kept)
    bytes_now, blocks_now = store.size_bytes, len(store)
    assert bytes_now <= 1_000_000
    assert store.verify().damaged == []
    assert (store.size_bytes, len(store)) == (bytes_now, blocks_now), "the count was right all the time"


# Puts a file again and again while others evict: no block of it may go before all are here.
_FILE_WRITER = """
import sys
from pathlib import Path
from idn.content_store import ContentStore
store = ContentStore(sys.argv[1], 8_000_000)
folder = Path(sys.argv[2])
for turn in range(8):
    content = bytes([turn]) + bytes(1_000_000) + bytes([turn]) + bytes(2_500_000)
    (folder / "file").write_bytes(content)
    cid = store.put_file(folder / "file", pin=True)
    store.get_file(cid, folder / "back")
    assert (folder / "back").read_bytes() == content
    store.unpin(cid)
"""
_EVICTOR = """
import os, sys
from idn.content_store import ContentStore
store = ContentStore(sys.argv[1], 8_000_000)
print("ready", flush=True)
while True:
    store.put(os.urandom(500_000))
"""


def test_a_file_is_whole_however_much_others_evict_meanwhile(tmp_path: Path) -> None:
    evictor = start(_EVICTOR, tmp_path / "store")
    try:
        wait_until_ready(evictor)
        writer = start(_FILE_WRITER, tmp_path / "store", tmp_path)
        writer.communicate(timeout=240)
        assert writer.returncode == 0
        assert evictor.poll() is None
    finally:
        evictor.kill()
        evictor.communicate()


_FORKER = """
import os, sys
from idn.content_store import ContentStore
store = ContentStore(sys.argv[1])
if (child := os.fork()) == 0:
    store.put(b"of the child", pin=True)
    os._exit(0)
store.put(b"of the parent")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert len(store) == 2 and store.get(store.pins()[0]) == b"of the child"
"""


def test_a_forked_child_may_use_its_parents_store(tmp_path: Path) -> None:
    process = start(_FORKER, tmp_path / "store")
    process.communicate(timeout=120)
    assert process.returncode == 0


# Forks children that go on living while another thread puts.
_FORKING_PUTTER = """
import os, signal, sys, threading, time
from idn.content_store import ContentStore
store = ContentStore(sys.argv[1])
puts, end = 0, threading.Event()
def put():
    global puts
    while not end.is_set():
        store.put(str(puts).encode())
        puts += 1
thread = threading.Thread(target=put)
thread.start()
children = []
for _ in range(40):
    if (child := os.fork()) == 0:
        signal.pause()
    children.append(child)
before = puts
until = time.monotonic() + 60
while puts < before + 20 and time.monotonic() < until:
    time.sleep(0.01)
went_on = puts >= before + 20
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
end.set()
thread.join()
sys.exit(0 if went_on else 1)
"""


def test_children_forked_meanwhile_do_not_keep_the_store_locked(tmp_path: Path) -> None:
    process = start(_FORKING_PUTTER, tmp_path / "store")
    process.communicate(timeout=240)
    assert process.returncode == 0


# Another process, here another opening of the folder, keeps the store's lock.
_WAITER = """
import fcntl, os, signal, sys
from idn.content_store import ContentStore
store = ContentStore(sys.argv[1])
for name in (".", "usage"):
    fcntl.flock(os.open(os.path.join(sys.argv[1], name), os.O_RDONLY), fcntl.LOCK_EX)
def interrupt(*_):
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
for action in (lambda: store.put(b"x"), lambda: len(store), lambda: ContentStore(sys.argv[1])):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
        action()
    except KeyboardInterrupt:
        continue
    sys.exit(1)
"""


def test_a_wait_for_another_process_ends_with_ctrl_c(tmp_path: Path) -> None:
    process = start(_WAITER, tmp_path / "store")
    try:
        process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 0


_LIMITED = """
import resource, sys
from pathlib import Path
from idn.content_store import ContentStore
from idn.errors import StoreError
store = ContentStore(sys.argv[1])
small = store.put(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store.put(bytes(200_000))
except StoreError as error:
    assert "File too large" in str(error) and sys.argv[1] in str(error), error
else:
    raise AssertionError("no error")
assert list(store) == [small] and store.size_bytes == 5
assert list((store.path / "tmp").iterdir()) == []
store.put(bytes(90_000))
assert len(store) == 2
"""


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(tmp_path: Path) -> None:
    process = start(_LIMITED, tmp_path / "store")
    process.communicate(timeout=120)
    assert process.returncode == 0


def mounted(folder: Path, size: int) -> bool:
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def test_a_full_disk_is_a_clear_error_and_room_made_there_helps(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    if not mounted(disk, 3_000_000):
        pytest.skip("this test mounts a small disk, which is not allowed here")
    try:
        store = ContentStore(disk / "store")
        with pytest.raises(StoreError, match=f"{disk}.*No space left on device"):
            [store.put(os.urandom(300_000)) for _ in range(20)]
        assert 8 <= len(store) < 20
        first = next(iter(store))
        assert list((store.path / "tmp").iterdir()) == []
        assert store.verify().damaged == []
        store.remove(first)
        store.put(os.urandom(250_000))
        assert ContentStore(disk / "store").size_bytes == store.size_bytes

        (tmp_path / "file").write_bytes(os.urandom(1_500_000))
        with pytest.raises(StoreError, match="No space left on device"):
            store.put_file(tmp_path / "file")
        assert list((store.path / "tmp").iterdir()) == []
        elsewhere = ContentStore(tmp_path / "elsewhere")
        root = elsewhere.put_file(tmp_path / "file")
        with pytest.raises(StoreError, match=r"1500000 bytes, and \d+ are free there"):
            elsewhere.get_file(root, disk / "file")
        assert not (disk / "file").exists()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_reading_is_bounded_by_what_is_there_not_by_what_is_said(tmp_path: Path) -> None:
    """A sparse file of a terabyte in a block's place takes no memory."""
    store = ContentStore(tmp_path)
    cid = store.put(b"block")
    place = tmp_path / "blocks" / str(cid)[-3:-1] / str(cid)
    with place.open("r+b") as file:
        file.truncate(1 << 40)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(StoreError, match="1099511627776 bytes"):
        store.get(cid)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes
    assert list(store) == []
