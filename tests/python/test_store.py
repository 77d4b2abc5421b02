from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from idn import store
from idn.errors import StoreError

DTYPES = ["uint8", "int32", "int64", "float32", "float64"]


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def some_trace(samples: int, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "logits": rng.normal(size=(samples, 3, 10)).astype(np.float32),
        "labels": rng.integers(0, 10, samples),
        "index": rng.permutation(samples),
    }


arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=6))
)


# The folder is one for all examples, and every example replaces the file in it.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contents=st.dictionaries(st.text("abc", min_size=1, max_size=3), arrays, max_size=3),
    attributes=st.dictionaries(
        st.text("abc", min_size=1), st.text(st.characters(exclude_characters="\0", codec="utf-8"))
    ),
)
def test_arrays_of_any_type_and_shape_come_back_as_they_were(
    tmp_path: Path, contents: dict[str, np.ndarray], attributes: dict[str, str]
) -> None:
    path = tmp_path / "f.h5"
    store.write(path, {f"g/{name}": array for name, array in contents.items()}, attributes)
    read = store.read(path)
    assert list(read) == sorted(f"g/{name}" for name in contents) == store.names(path)
    assert store.attributes(path) == attributes
    for name, array in contents.items():
        assert read[f"g/{name}"].dtype == array.dtype
        np.testing.assert_array_equal(read[f"g/{name}"], array, strict=True)
    with h5py.File(path) as file:
        for name, array in contents.items():
            np.testing.assert_array_equal(file[f"g/{name}"][...], array, strict=True)


def test_big_endian_and_strided_arrays_are_stored_by_value(tmp_path: Path) -> None:
    array = np.arange(24, dtype=">i4").reshape(4, 6)[::2, ::-1].T
    store.write(tmp_path / "f.h5", {"x": array})
    read = store.read(tmp_path / "f.h5")["x"]
    assert read.dtype == np.dtype("int32")
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "float16", "complex64", "U3", "O"])
def test_a_type_that_cannot_be_stored_is_named_and_leaves_nothing(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be stored; convert it with astype"):
        store.write(tmp_path / "f.h5", {"good": np.zeros(3), "bad": np.zeros(3, dtype)})
    assert files_in(tmp_path) == []


def test_arrays_are_chunked_compressed_and_checksummed(tmp_path: Path) -> None:
    store.write(tmp_path / "f.h5", {"x": np.zeros((50_000, 3, 8, 8), np.uint8)})
    with h5py.File(tmp_path / "f.h5") as file:
        x = file["x"]
        assert (x.compression, x.shuffle, x.fletcher32) == ("gzip", True, True)
        assert x.chunks[1:] == (3, 8, 8)
        assert np.prod(x.chunks) <= 1 << 20
    assert (tmp_path / "f.h5").stat().st_size < 100_000


def test_only_the_arrays_asked_for_are_read_in_that_order(tmp_path: Path) -> None:
    store.write(tmp_path / "f.h5", {name: np.array([i]) for i, name in enumerate("abc")})
    assert list(store.read(tmp_path / "f.h5", ["c", "a"])) == ["c", "a"]
    with pytest.raises(StoreError, match="has no array 'd'"):
        store.read(tmp_path / "f.h5", ["d"])
    with pytest.raises(ValueError, match=r"expected a list of names such as \['a'\]"):
        store.read(tmp_path / "f.h5", "a")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (7, 3)},
        {"chunks": (7, 4), "compression": "gzip"},
        {"chunks": (7, 3), "shuffle": True, "compression": 9, "fletcher32": True},
        {"maxshape": (None, None)},
        {"maxshape": (None, 5), "fletcher32": True},
    ],
)
@pytest.mark.parametrize("libver", ["earliest", "v110"])
def test_files_of_h5py_are_read(tmp_path: Path, options: dict[str, object], libver: str) -> None:
    array = np.random.default_rng(1).normal(size=(50, 5))
    with h5py.File(tmp_path / "f.h5", "w", libver=(libver, "v110")) as file:
        file.create_dataset("g/x", data=array, **options)
        file["scalar"] = np.int64(7)
        file.attrs["text"] = np.bytes_("größer".encode())
        file.attrs["number"] = 5
    read = store.read(tmp_path / "f.h5")
    np.testing.assert_array_equal(read["g/x"], array, strict=True)
    assert read["scalar"] == 7
    assert store.attributes(tmp_path / "f.h5") == {"text": "größer"}


@pytest.mark.parametrize("first", ["h5py", "idn.store"])
def test_h5py_and_idn_work_in_one_process_whichever_comes_first(tmp_path: Path, first: str) -> None:
    second = {"h5py": "idn.store", "idn.store": "h5py"}[first]
    done = run(
        f"""
        import sys
        import {first}
        import {second}
        import numpy as np
        from idn import store
        folder, x = sys.argv[1], np.arange(100_000.0).reshape(-1, 10)
        for round in range(3):
            store.write(folder + "/ours.h5", {{"x": x}})
            with h5py.File(folder + "/theirs.h5", "w") as file:
                file.create_dataset("x", data=x, compression="gzip")
                assert (store.read(folder + "/ours.h5")["x"] == x).all()
            with h5py.File(folder + "/ours.h5") as file:
                assert (store.read(folder + "/theirs.h5")["x"] == file["x"][...]).all()
        """,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    store.write(tmp_path / "f.h5", {"x": np.arange(3)})
    with pytest.raises(ValueError, match="has 0 dimensions"):
        store.write(tmp_path / "f.h5", {"x": np.arange(9), "scalar": np.int64(1)})
    with pytest.raises(ValueError, match=r"array name '\.\./x' is not accepted"):
        store.write(tmp_path / "f.h5", {"../x": np.arange(9)})
    with pytest.raises(ValueError, match="idn_format"):
        store.write(tmp_path / "f.h5", {}, {"idn_format": "mine"})
    assert files_in(tmp_path) == ["f.h5"]
    assert list(store.read(tmp_path / "f.h5")["x"]) == [0, 1, 2]


def test_a_file_that_cannot_be_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing\.h5: No such file or directory"):
        store.read(tmp_path / "missing.h5")
    with pytest.raises(StoreError, match="it is a directory"):
        store.read(tmp_path)
    with pytest.raises(StoreError, match="it is a directory"):
        store.write(tmp_path, {})
    with pytest.raises(StoreError, match=r"its folder .*missing does not exist"):
        store.write(tmp_path / "missing" / "f.h5", {})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every folder")
def test_a_folder_that_may_not_be_written_to_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied"):
        store.write(tmp_path / "f.h5", {})


def test_traces_come_back_joined_and_bit_for_bit(tmp_path: Path) -> None:
    whole = some_trace(1000)
    whole["logits"][3, 1] = [np.nan, np.inf, -np.inf, -0.0, *range(6)]
    with store.TraceWriter(tmp_path / "t.h5", {"model": "b_lenet"}) as writer:
        for start in range(0, 1000, 300):
            writer.append("test", **{name: part[start : start + 300] for name, part in whole.items()})
        writer.append("validation", **some_trace(5))
        assert not (tmp_path / "t.h5").exists()
    assert files_in(tmp_path) == ["t.h5"]
    assert store.splits(tmp_path / "t.h5") == ["test", "validation"]
    assert store.attributes(tmp_path / "t.h5") == {"model": "b_lenet"}
    trace = store.read_trace(tmp_path / "t.h5", "test")
    assert trace.logits.tobytes() == whole["logits"].tobytes()
    np.testing.assert_array_equal(trace.labels, whole["labels"], strict=True)
    np.testing.assert_array_equal(trace.index, whole["index"], strict=True)
    with h5py.File(tmp_path / "t.h5") as file:
        assert file["test/logits"].maxshape == (None, 3, 10)
        assert file["test/logits"][...].tobytes() == whole["logits"].tobytes()


def test_traces_written_by_h5py_are_read(tmp_path: Path) -> None:
    whole = some_trace(50)
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.attrs["idn_format"] = np.bytes_("trace")
        file.attrs["idn_version"] = np.bytes_("1")
        for name, part in whole.items():
            file[f"test/{name}"] = part
    np.testing.assert_array_equal(store.read_trace(tmp_path / "t.h5", "test").logits, whole["logits"])


def test_traces_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.attrs["idn_format"] = np.bytes_("trace")
        file.attrs["idn_version"] = np.bytes_("2")
    with pytest.raises(StoreError, match="version '2' of the format"):
        store.splits(tmp_path / "t.h5")


def test_a_file_that_holds_no_traces_is_refused_as_such(tmp_path: Path) -> None:
    store.write(tmp_path / "f.h5", {"test/logits": np.zeros((1, 1, 1), np.float32)})
    with pytest.raises(StoreError, match="a file of kind 'dataset', and one of kind 'trace' is wanted"):
        store.read_trace(tmp_path / "f.h5", "test")
    with h5py.File(tmp_path / "h.h5", "w"):
        pass
    with pytest.raises(StoreError, match="no file of idn"):
        store.splits(tmp_path / "h.h5")


def test_an_exception_inside_the_block_leaves_no_traces(tmp_path: Path) -> None:
    writer = store.TraceWriter(tmp_path / "t.h5")
    writer.append("test", **some_trace(5))
    with pytest.raises(KeyError), writer:
        raise KeyError
    assert files_in(tmp_path) == []
    with pytest.raises(ValueError, match="closed already"):
        writer.append("test", **some_trace(5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": np.zeros((5, 10))}, "logits have 2 dimensions"),
        ({"labels": np.zeros(4, int)}, "labels has 4 items, expected 5"),
        ({"index": np.zeros(5)}, "index is of type float64"),
        ({"labels": np.zeros((5, 1), int)}, r"shape \(5, 1\), expected integers"),
        ({"logits": np.zeros((5, 2, 10))}, "another shape or type"),
    ],
)
def test_a_batch_that_does_not_fit_is_named(
    tmp_path: Path, change: dict[str, np.ndarray], message: str
) -> None:
    with store.TraceWriter(tmp_path / "t.h5") as writer:
        writer.append("test", **some_trace(5))
        with pytest.raises(ValueError, match=message):
            writer.append("test", **{**some_trace(5), **change})


def test_a_full_disk_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    done = run(
        """
        import resource, sys
        import numpy as np
        from idn import store
        from idn.errors import StoreError
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        path, noise = sys.argv[1] + "/f.h5", np.random.default_rng(0).normal(size=(1000, 3, 10))
        rows = np.arange(1000)
        failures = []
        for attempt in range(2):
            try:
                with store.TraceWriter(path) as writer:
                    for batch in range(100):
                        writer.append("test", logits=noise, labels=rows, index=rows)
            except StoreError as error:
                failures.append(error)
            try:
                store.write(path, {"x": np.stack([noise] * 5)})
            except StoreError as error:
                failures.append(error)
        assert len(failures) == 4, failures
        for error in failures:
            assert str(error) == f"cannot write {path}: File too large", error
        store.write(path, {"small": rows})
        """,
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert files_in(tmp_path) == ["f.h5"]
    assert store.names(tmp_path / "f.h5") == ["small"]


def test_a_process_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    store.write(tmp_path / "f.h5", {"x": np.arange(3)})
    code = """
    import os, signal, sys
    import numpy as np
    from idn import store
    with store.TraceWriter(sys.argv[1]) as writer:
        for batch in range(100):
            writer.append("test", logits=np.ones((999, 3, 10)), labels=np.arange(999), index=np.arange(999))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(code, tmp_path / "f.h5").returncode == -9
    assert list(store.read(tmp_path / "f.h5")["x"]) == [0, 1, 2]


def test_a_forked_child_does_not_take_the_writers_file_away(tmp_path: Path) -> None:
    done = run(
        """
        import os, sys
        import numpy as np
        from idn import store
        writer = store.TraceWriter(sys.argv[1])
        writer.append("test", logits=np.ones((9, 3, 10)), labels=np.arange(9), index=np.arange(9))
        child = os.fork()
        if child == 0:
            writer.discard()
            os._exit(0)
        os.waitpid(child, 0)
        writer.append("test", logits=np.ones((9, 3, 10)), labels=np.arange(9), index=np.arange(9))
        writer.close()
        assert store.read_trace(sys.argv[1], "test").logits.shape == (18, 3, 10)
        """,
        tmp_path / "t.h5",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_read_and_write_at_once(tmp_path: Path) -> None:
    def round_trip(i: int) -> bool:
        array = np.random.default_rng(i).integers(0, 1 << 40, size=(400, 50))
        store.write(tmp_path / f"{i}.h5", {"x": array})
        return bool((store.read(tmp_path / f"{i}.h5")["x"] == array).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(round_trip, range(12)))
