"""The files of the data sets known by name: read as published, and refused when they are anything else."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from idn import data
from idn.data import cifar10, digits, idx, mnist, sources
from idn.data.sources import RecordSet, Source, SourceFile
from idn.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = os.environ.get("IDN_DATA_ROOT")
RECORDS = 7


def has(folder: str) -> bool:
    return ROOT is not None and (Path(ROOT) / folder).is_dir()


def write_cifar10(folder: Path, seed: int = 0) -> dict[str, np.ndarray]:
    """A CIFAR10 of seven random records a file."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    records = {}
    for name in cifar10.TRAIN_FILES + cifar10.TEST_FILES:
        records[name] = rng.integers(0, 256, (RECORDS, 3073), dtype=np.uint8)
        records[name][:, 0] %= 10
        records[name].tofile(folder / name)
    (folder / "batches.meta.txt").write_text("\n".join(cifar10.CLASSES) + "\n\n", encoding="ascii")
    return records


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder: Path, *, packed: bool = True) -> dict[str, np.ndarray]:
    """An MNIST of six and four random images."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {}
    for prefix, count in (("train", 6), ("t10k", 4)):
        arrays[f"{prefix}-images-idx3-ubyte"] = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        arrays[f"{prefix}-labels-idx1-ubyte"] = rng.integers(0, 10, count, dtype=np.uint8)
    for name, array in arrays.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
        else:
            (folder / name).write_bytes(idx_bytes(array))
    return arrays


# CIFAR10


def test_a_cifar10_record_is_a_label_and_three_planes(tmp_path: Path) -> None:
    records = write_cifar10(tmp_path)
    train, test = cifar10.read(tmp_path, RECORDS)
    assert (len(train), len(test)) == (5 * RECORDS, RECORDS)
    third = records["data_batch_2.bin"][2]
    assert train.labels[RECORDS + 2] == third[0]
    for y, x in ((0, 0), (1, 0), (31, 31)):
        pixel = train.images[RECORDS + 2, :, y, x]
        assert pixel.tolist() == [third[1 + plane * 1024 + y * 32 + x] for plane in range(3)]
    np.testing.assert_array_equal(test.images.reshape(RECORDS, -1), records["test_batch.bin"][:, 1:])
    assert test.classes[3] == "cat"


def test_a_missing_cifar10_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"idn data get cifar10.*IDN_DATA_ROOT") as caught:
        data.load("cifar10", tmp_path)
    assert str(tmp_path / "cifar-10-batches-bin") in str(caught.value)


def test_the_advice_names_the_files_and_the_command_for_this_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "my data"
    with pytest.raises(DataError) as caught:
        data.load("mnist", root)
    assert "expected there are train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k" in str(
        caught.value
    )
    assert f"Run `idn data get mnist --root '{root}'` to fetch it" in str(caught.value)
    assert "the folder that holds mnist/: by data.root in a config" in str(caught.value)
    monkeypatch.setenv("IDN_DATA_ROOT", str(root))
    for place in (None, root):
        with pytest.raises(DataError, match="Run `idn data get cifar10` to fetch it"):
            data.load("cifar10", place)
    write_mnist(root / "mnist")
    (root / "mnist" / "t10k-labels-idx1-ubyte.gz").rename(tmp_path / "aside")
    monkeypatch.delenv("IDN_DATA_ROOT")
    with pytest.raises(DataError, match=r"t10k.*is missing.*--root '.*my data'` to fetch it again"):
        data.verify("mnist", root)


def test_a_truncated_file_is_a_clear_error(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    os.truncate(tmp_path / "data_batch_3.bin", RECORDS * 3073 - 1)
    with pytest.raises(DataError, match=r"data_batch_3.bin has 21510 bytes, expected 21511.*idn data get"):
        cifar10.read(tmp_path, RECORDS)


def test_a_file_that_is_gone_is_a_clear_error(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    (tmp_path / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"test_batch.bin cannot be read: No such file"):
        cifar10.read(tmp_path, RECORDS)


def test_a_label_above_nine_is_a_clear_error(tmp_path: Path) -> None:
    records = write_cifar10(tmp_path)["data_batch_1.bin"]
    records[4, 0] = 10
    records.tofile(tmp_path / "data_batch_1.bin")
    with pytest.raises(DataError, match=r"data_batch_1.bin has label 10 at record 4, expected 0 to 9"):
        cifar10.read(tmp_path, RECORDS)


def test_other_class_names_are_a_clear_error(tmp_path: Path) -> None:
    write_cifar10(tmp_path)
    (tmp_path / "batches.meta.txt").write_text("apple\nbear\n", encoding="ascii")
    with pytest.raises(DataError, match="this is not CIFAR10"):
        cifar10.read(tmp_path, RECORDS)
    (tmp_path / "batches.meta.txt").unlink()
    assert len(cifar10.read(tmp_path, RECORDS)[0]) == 5 * RECORDS


# MNIST


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_read_packed_and_unpacked(tmp_path: Path, packed: bool) -> None:
    arrays = write_mnist(tmp_path, packed=packed)
    train, test = mnist.read(tmp_path, 6, 4)
    np.testing.assert_array_equal(train.images[:, 0], arrays["train-images-idx3-ubyte"])
    np.testing.assert_array_equal(test.labels, arrays["t10k-labels-idx1-ubyte"])


def test_a_mnist_of_another_size_is_a_clear_error(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist")
    with pytest.raises(DataError, match=r"claims an array of \(6, 28, 28\), expected \(60000, 28, 28\)"):
        data.load("mnist", tmp_path)


def test_a_missing_mnist_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"idn data get mnist.*IDN_DATA_ROOT"):
        data.load("mnist", tmp_path)


def test_a_mnist_label_above_nine_is_a_clear_error(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    labels = np.array([1, 2, 3, 44, 5, 6])
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    with pytest.raises(DataError, match="label 44 at sample 3, expected 0 to 9"):
        mnist.read(tmp_path, 6, 4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing, expected 00000801"),
        (b"\x00\x00\x0d\x01" + b"\0" * 8, "begins with 00000d01, expected 00000801"),
        (b"\x00\x00\x08\x01\x00\x00", "ends within its header"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05abc", r"\(5,\), 5 bytes, and holds only 3 bytes"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x02abc", r"\(2,\), 2 bytes, and holds more bytes"),
        (b"\x00\x00\x08\x01\xff\xff\xff\xff", r"4294967295 bytes; at most 1000 are read"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_a_damaged_idx_file_is_a_clear_error(
    tmp_path: Path, content: bytes, message: str, packed: bool
) -> None:
    path = tmp_path / ("x.gz" if packed else "x")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message):
        idx.read(path, (None,), limit_bytes=1000)


def test_dimensions_are_bounded_together(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", 2**31, 2**31, 2**31))
    with pytest.raises(DataError, match=f"{2**93} bytes; at most"):
        idx.read(path, (None, None, None))


def test_a_gzip_bomb_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros(10)) + bytes(50_000_000), compresslevel=1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="and holds more bytes"):
            idx.read(path, (None,))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2_000_000


@pytest.mark.parametrize("damage", [lambda raw: raw[:-12], lambda raw: b"no" + raw[2:]])
def test_a_damaged_gzip_file_is_a_clear_error(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(damage(gzip.compress(idx_bytes(np.arange(10)))))
    with pytest.raises(DataError, match="is not a whole gzip file"):
        idx.read(path, (None,))


@pytest.mark.skipif(not has("fashion-mnist"), reason="no fashion-mnist under IDN_DATA_ROOT")
def test_published_idx_files_are_read() -> None:
    labels = idx.read(Path(str(ROOT)) / "fashion-mnist" / "train-labels-idx1-ubyte.gz", (60_000,))
    assert np.bincount(labels).tolist() == [6000] * 10


# The digits inside the package


def test_the_embedded_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    expected = load_digits()
    found = digits.read()
    assert found.images.shape == (1797, 1, 8, 8)
    np.testing.assert_array_equal(np.rint(found.images[:, 0] * (16 / 255)), expected.images)
    np.testing.assert_array_equal(found.labels, expected.target)
    assert found.classes == [str(name) for name in expected.target_names]


def test_the_script_writes_the_embedded_digits(tmp_path: Path) -> None:
    from idn import store

    path = tmp_path / "digits.h5"
    script = REPOSITORY / "scripts" / "make_digits.py"
    subprocess.run([sys.executable, str(script), str(path)], check=True, capture_output=True, timeout=120)
    assert store.attributes(path) == store.attributes(digits.PATH)
    assert "CC BY 4.0" in store.attributes(digits.PATH)["license"]
    fresh, committed = store.read(path), store.read(digits.PATH)
    assert fresh.keys() == committed.keys()
    for name, array in fresh.items():
        np.testing.assert_array_equal(array, committed[name])
        assert array.dtype == committed[name].dtype


def test_damaged_digits_are_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "digits.h5"
    damaged.write_bytes(digits.PATH.read_bytes()[:20_000])
    monkeypatch.setattr(digits, "PATH", damaged)
    with pytest.raises(DataError, match=r"is damaged: .*Install idn again"):
        digits.read()


# The registry, its cards, and the comparison with published checksums


def register(monkeypatch: pytest.MonkeyPatch, *known: Source) -> None:
    """Let idn know other data sets than its own."""
    monkeypatch.setattr(sources, "_sources", lambda: known)


def described(folder: Path, names: list[str]) -> tuple[SourceFile, ...]:
    contents = {name: (folder / name).read_bytes() for name in names}
    return tuple(
        SourceFile(name, len(content), hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest())
        for name, content in contents.items()
    )


@pytest.fixture
def small_cifar10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a small CIFAR10 in it, registered with its checksums."""
    folder = tmp_path / "cifar-10-batches-bin"
    records = write_cifar10(folder)
    parts = []
    for files in (cifar10.TRAIN_FILES, cifar10.TEST_FILES):
        found = sorted(
            hashlib.sha256(record.tobytes()).digest() for name in files for record in records[name]
        )
        parts.append(RecordSet(tuple(files), 3073, hashlib.sha256(b"".join(found)).hexdigest()))
    files = described(folder, cifar10.TRAIN_FILES + cifar10.TEST_FILES)
    known = dataclasses.replace(sources.source("cifar10"), files=files, records=tuple(parts))
    register(monkeypatch, known)
    return tmp_path


def test_the_published_files_are_verified(small_cifar10: Path) -> None:
    found = data.verify("cifar10", small_cifar10)
    assert (found.files, found.note) == (6, "")
    assert found.path == small_cifar10 / "cifar-10-batches-bin"


def test_the_same_records_in_another_order_are_verified_and_noted(small_cifar10: Path) -> None:
    folder = small_cifar10 / "cifar-10-batches-bin"
    whole = np.concatenate([np.fromfile(folder / name, np.uint8) for name in cifar10.TRAIN_FILES])
    mixed = np.random.default_rng(0).permutation(whole.reshape(-1, 3073))
    for number, name in enumerate(cifar10.TRAIN_FILES):
        mixed[number * RECORDS : (number + 1) * RECORDS].tofile(folder / name)
    assert "another order" in data.verify("cifar10", small_cifar10).note


def test_one_changed_bit_is_found(small_cifar10: Path) -> None:
    path = small_cifar10 / "cifar-10-batches-bin" / "data_batch_4.bin"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"data_batch_4.bin differs from the published file.*idn data get"):
        data.verify("cifar10", small_cifar10)


def test_every_missing_or_short_file_is_named(small_cifar10: Path) -> None:
    folder = small_cifar10 / "cifar-10-batches-bin"
    (folder / "data_batch_1.bin").unlink()
    os.truncate(folder / "test_batch.bin", 100)
    with pytest.raises(
        DataError, match=r"data_batch_1.bin is missing; test_batch.bin has 100 bytes, expected"
    ):
        data.verify("cifar10", small_cifar10)
    shutil.rmtree(folder)
    with pytest.raises(DataError, match="idn data get cifar10"):
        data.verify("cifar10", small_cifar10)


def test_the_state_of_a_data_set_is_told(small_cifar10: Path) -> None:
    known = sources.source("cifar10")
    assert (known.state(small_cifar10), known.present(small_cifar10)) == ("present", True)
    (small_cifar10 / "cifar-10-batches-bin" / "data_batch_1.bin").unlink()
    assert (known.state(small_cifar10), known.present(small_cifar10)) == ("incomplete", False)
    assert known.state(small_cifar10 / "elsewhere") == "missing"


def test_unpacked_mnist_files_are_checked_by_form(tmp_path: Path) -> None:
    write_mnist(tmp_path / "mnist", packed=False)
    assert sources.source("mnist").state(tmp_path) == "present"
    with pytest.raises(DataError, match=r"claims an array of \(6, 28, 28\), expected \(60000, 28, 28\)"):
        data.verify("mnist", tmp_path)


def test_the_digits_are_verified_where_they_lie() -> None:
    assert data.verify("digits").note == "embedded in the package"
    assert sources.source("digits").state() == "embedded"


@pytest.mark.skipif(not has("cifar-10-batches-bin"), reason="no cifar-10-batches-bin under IDN_DATA_ROOT")
def test_the_real_cifar10_is_verified() -> None:
    assert data.verify("cifar10").files == 6


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    for function in (data.load, data.verify, data.get):
        with pytest.raises(
            ValueError, match=r"expected one of digits, cifar10, mnist. Did you mean 'cifar10'\?"
        ):
            function("cifar-10")
    with pytest.raises(DataError, match="no folder and no HDF5 file is at"):
        data.load("./cifar10")


def test_the_data_root_is_the_one_given_then_the_environment_then_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDN_DATA_ROOT", str(tmp_path / "environment"))
    assert data.data_root(tmp_path) == tmp_path
    assert data.data_root() == tmp_path / "environment"
    monkeypatch.delenv("IDN_DATA_ROOT")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data.data_root() == tmp_path / "cache" / "idn" / "data"


def test_the_cards_and_the_registry_say_the_same() -> None:
    for known in data.registry():
        card = (REPOSITORY / "datasets" / f"{known.name}.md").read_text(encoding="utf-8")
        facts = [known.homepage, known.licence.split(",")[0].removesuffix(" stated by its authors")]
        for file in [*known.files, *([known.archive] if known.archive else [])]:
            facts += [file.name, str(file.bytes), file.md5, file.sha256]
        facts += [part.sha256 for part in known.records]
        for fact in facts:
            assert fact in card, f"datasets/{known.name}.md does not say {fact!r}"


def test_listing_data_sets_does_not_import_torch() -> None:
    code = "import sys, idn.data; [s.state() for s in idn.data.registry()]; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
