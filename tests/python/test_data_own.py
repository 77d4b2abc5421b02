"""The user's own images as a data set: a folder of pictures, or an HDF5 file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from idn import data, store
from idn.data import Splits, folder, hdf5, own
from idn.errors import DataError


def draw(path: Path, *, size: tuple[int, int] = (6, 5), mode: str = "RGB", seed: int = 0) -> np.ndarray:
    """Save a random picture of (width, height); return it as (height, width[, 3])."""
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], *channels), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels, mode=None).save(path)
    return pixels


def draw_classes(root: Path, per_class: int = 10, classes: tuple[str, ...] = ("cat", "dog")) -> None:
    for label, name in enumerate(classes):
        for number in range(per_class):
            draw(root / name / f"{number:02}.png", seed=label * 1000 + number)


def all_images(splits: Splits) -> set[bytes]:
    return {
        image.tobytes() for part in (splits.train, splits.validation, splits.test) for image in part.images
    }


# Folders


def test_a_folder_of_classes_is_split_in_three(tmp_path: Path) -> None:
    draw_classes(tmp_path / "pets", per_class=25)
    splits = data.load(tmp_path / "pets")
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [36, 4, 10]
    assert splits.train.classes == ["cat", "dog"]
    assert splits.train.images.shape[1:] == (3, 5, 6)
    assert splits.train.name == "pets/train"
    assert len(all_images(splits)) == 50
    chosen = data.load(str(tmp_path / "pets"), validation=15, seed=9)
    assert (len(chosen.train), len(chosen.validation)) == (25, 15)
    assert {i.tobytes() for i in chosen.test.images} == {i.tobytes() for i in splits.test.images}


def test_labels_and_pixels_are_those_of_the_files(tmp_path: Path) -> None:
    draw_classes(tmp_path)
    splits = data.load(tmp_path)
    for part in (splits.train, splits.validation, splits.test):
        for image, label in zip(part.images, part.labels, strict=True):
            files = (tmp_path / part.classes[label]).iterdir()
            assert image.tobytes() in {np.asarray(Image.open(f)).transpose(2, 0, 1).tobytes() for f in files}


@pytest.mark.parametrize("validation_name", ["val", "validation"])
def test_a_folder_with_its_own_parts_keeps_them(tmp_path: Path, validation_name: str) -> None:
    for number, part in enumerate(("train", validation_name, "test")):
        for label, name in enumerate(("cat", "dog")):
            for sample in range(3 - number):
                draw(tmp_path / part / name / f"{sample}.png", seed=number * 100 + label * 10 + sample)
    splits = data.load(tmp_path)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [6, 4, 2]
    assert splits.test.labels.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"validation is 2, but .* comes with the data; leave it out"):
        data.load(tmp_path, validation=2)


def test_a_missing_validation_part_is_taken_from_training(tmp_path: Path) -> None:
    draw_classes(tmp_path / "train", per_class=10)
    draw_classes(tmp_path / "test", per_class=3)
    splits = data.load(tmp_path)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [18, 2, 6]


def test_grey_pictures_have_one_channel_unless_one_is_in_colour(tmp_path: Path) -> None:
    for label in ("a", "b"):
        for number in range(6):
            draw(tmp_path / label / f"{number}.png", mode="L", seed=number + 100 * ord(label))
    assert data.load(tmp_path).train.images.shape[1] == 1
    pixels = draw(tmp_path / "b" / "9.png", mode="RGBA")
    splits = data.load(tmp_path)
    assert splits.train.images.shape[1] == 3
    assert pixels[:, :, :3].transpose(2, 0, 1).tobytes() in all_images(splits)
    grey = np.asarray(Image.open(tmp_path / "a" / "0.png"))
    assert np.stack([grey] * 3).tobytes() in all_images(splits)


def test_one_part_in_colour_makes_all_of_them_so(tmp_path: Path) -> None:
    for part, mode in (("train", "L"), ("test", "RGB")):
        for label in ("a", "b"):
            for number in range(6):
                draw(tmp_path / part / label / f"{number}.png", mode=mode, seed=number + 100 * ord(label))
    splits = data.load(tmp_path)
    assert splits.train.images.shape[1] == splits.test.images.shape[1] == 3


def test_arrays_of_bytes_are_images_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(6):
            np.save(tmp_path / label / f"{number}.npy", rng.integers(0, 256, (4, 5, 5), dtype=np.uint8))
    assert data.load(tmp_path).train.images.shape[1:] == (4, 5, 5)


def test_other_files_are_not_looked_at(tmp_path: Path) -> None:
    draw_classes(tmp_path)
    (tmp_path / "cat" / "notes.txt").write_text("x", encoding="ascii")
    (tmp_path / "cat" / "._00.png").write_bytes(b"not a picture")
    (tmp_path / ".git").mkdir()
    assert len(all_images(data.load(tmp_path))) == 20


def test_a_corrupt_picture_is_named(tmp_path: Path) -> None:
    draw_classes(tmp_path)
    path = tmp_path / "dog" / "03.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(
        DataError, match=r"03.png is not an image that can be read \(.*\); replace or remove it"
    ):
        data.load(tmp_path)


def test_a_format_that_starts_another_program_is_refused_under_any_name(tmp_path: Path) -> None:
    draw_classes(tmp_path)
    Image.new("RGB", (6, 5)).save(tmp_path / "dog" / "03.png", format="EPS")
    # Not "unable to locate Ghostscript": the file is not even given to the decoder of EPS.
    with pytest.raises(DataError, match=r"03.png is not an image that can be read \(cannot identify"):
        data.load(tmp_path)


def test_pictures_of_two_sizes_are_refused(tmp_path: Path) -> None:
    draw_classes(tmp_path)
    draw(tmp_path / "dog" / "03.png", size=(7, 5))
    with pytest.raises(
        DataError, match=r"03.png is 7x5 pixels, .*00.png is 6x5; bring all images to one size"
    ):
        data.load(tmp_path)


def test_pictures_of_more_than_eight_bits_are_refused(tmp_path: Path) -> None:
    draw_classes(tmp_path)
    Image.fromarray(np.zeros((5, 6), dtype=np.uint16)).save(tmp_path / "dog" / "03.png")
    with pytest.raises(DataError, match="mode 'I;16', expected 8 bits a channel"):
        data.load(tmp_path)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 6)), r"is float64 of shape \(5, 6\), expected uint8"),
        (np.zeros(5, dtype=np.uint8), r"is uint8 of shape \(5,\), expected uint8"),
        (np.array([{}], dtype=object), "is not an array numpy can read"),
    ],
)
def test_arrays_that_are_no_images_are_refused(tmp_path: Path, array: np.ndarray, message: str) -> None:
    draw_classes(tmp_path)
    np.save(tmp_path / "dog" / "03.npy", array)
    with pytest.raises(DataError, match=message):
        data.load(tmp_path)


@pytest.mark.parametrize("bytes_kept", [None, 40], ids=["whole", "cut off"])
def test_an_archive_of_arrays_named_as_one_array_is_refused(tmp_path: Path, bytes_kept: int | None) -> None:
    draw_classes(tmp_path)
    with (tmp_path / "dog" / "03.npy").open("wb") as file:
        np.savez(file, np.zeros((5, 6), dtype=np.uint8))
        if bytes_kept is not None:
            file.truncate(bytes_kept)
    with pytest.raises(DataError, match=r"03.npy is not an array numpy can read \(it does not begin like"):
        data.load(tmp_path)


def test_a_folder_without_classes_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 0 class folders, expected at least 2: .*/<class>/<image>"):
        data.load(tmp_path)
    draw(tmp_path / "cat" / "0.png")
    with pytest.raises(DataError, match="has 1 class folders"):
        data.load(tmp_path)
    (tmp_path / "dog").mkdir()
    with pytest.raises(DataError, match="dog has no images; put some there or remove it"):
        data.load(tmp_path)


def test_folders_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    draw_classes(tmp_path / "train")
    draw_classes(tmp_path / "test", classes=("cat", "cow"))
    with pytest.raises(DataError, match=r"test has class 'cow', which .*train has not"):
        data.load(tmp_path)
    draw_classes(tmp_path / "extra")
    with pytest.raises(DataError, match="has extra/ beside train/"):
        data.load(tmp_path)


def test_two_validation_folders_are_refused(tmp_path: Path) -> None:
    for part in ("train", "val", "validation"):
        draw_classes(tmp_path / part)
    with pytest.raises(DataError, match="has both val/ and validation/"):
        data.load(tmp_path)


def test_an_empty_test_folder_is_refused(tmp_path: Path) -> None:
    draw_classes(tmp_path / "train")
    (tmp_path / "test").mkdir()
    with pytest.raises(DataError, match="test has no class folders"):
        data.load(tmp_path)


def test_too_few_pictures_to_hold_some_out_are_refused(tmp_path: Path) -> None:
    draw_classes(tmp_path, per_class=4)
    with pytest.raises(DataError, match="has 8 samples, too few to hold some out; give it at least 10"):
        data.load(tmp_path)


def test_more_than_memory_should_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw_classes(tmp_path)
    monkeypatch.setattr(own, "MOST_BYTES", 1000)
    with pytest.raises(DataError, match=r"20 images as large as .* make them smaller"):
        data.load(tmp_path)
    monkeypatch.setattr(own, "MOST_CLASSES", 1)
    with pytest.raises(DataError, match="has 2 class folders; at most 1 are read"):
        folder.load(tmp_path)


# HDF5 files


def arrays(samples: int = 40, classes: int = 4, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    return {"images": rng.integers(0, 256, (samples, 3, 5, 6), dtype=np.uint8), "labels": labels}


def test_an_hdf5_file_is_split_in_three(tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"
    names = ["north", "east", "south", "west"]
    store.write(path, arrays(), {"classes": json.dumps(names)})
    splits = data.load(path)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [29, 3, 8]
    assert splits.test.classes == names
    assert splits.train.name == "mine/train"
    assert len(all_images(splits)) == 40


def test_an_hdf5_file_with_its_own_parts_keeps_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.h5"
    parts = {"train": arrays(12), "validation": arrays(8, seed=1), "test": arrays(4, seed=2)}
    store.write(path, {f"{part}/{kind}": a for part, both in parts.items() for kind, a in both.items()})
    splits = data.load(path)
    np.testing.assert_array_equal(splits.test.images, parts["test"]["images"])
    np.testing.assert_array_equal(splits.validation.labels, parts["validation"]["labels"])
    assert splits.train.classes == ["0", "1", "2", "3"]


def test_a_file_of_h5py_with_grey_images_is_read(tmp_path: Path) -> None:
    path = tmp_path / "grey.h5"
    with h5py.File(path, "w") as file:
        file["images"] = arrays()["images"][:, 0]
        file["labels"] = arrays()["labels"].astype(np.int32)
    assert data.load(path).train.images.shape[1:] == (1, 5, 6)


@pytest.mark.parametrize(
    ("changes", "attributes", "message"),
    [
        ({"images": None}, {}, "holds labels; expected images and labels, or train/images"),
        ({"images": np.zeros((40, 3, 5, 6), np.float32)}, {}, "images is float32 of shape"),
        ({"images": np.zeros((40, 6), np.uint8)}, {}, r"images is uint8 of shape \(40, 6\)"),
        ({"labels": np.zeros(39, np.int64)}, {}, r"labels of 'x' are int64 of shape \(39,\)"),
        ({"labels": np.zeros(40, np.float32)}, {}, "labels is float32"),
        ({"labels": np.full(40, -1)}, {}, "labels go from -1 to -1, expected 0 to 65535"),
        ({"labels": np.full(40, 1 << 40)}, {}, "expected 0 to 65535"),
        ({}, {"classes": "cat, dog"}, "attribute classes is 'cat, dog', expected a JSON list"),
        ({}, {"classes": "[1, 2]"}, "expected a JSON list of names"),
        ({}, {"classes": "[" * 50_000}, r"attribute classes is '\[{60}', expected a JSON list"),
        ({}, {"classes": '["a", "b"]'}, r"label of sample 2 of 'x' is 2, expected 0 to 1 for 2 classes"),
    ],
)
def test_an_hdf5_file_that_is_no_data_set_is_a_clear_error(
    tmp_path: Path, changes: dict[str, np.ndarray | None], attributes: dict[str, str], message: str
) -> None:
    path = tmp_path / "x.h5"
    content = {name: array for name, array in {**arrays(), **changes}.items() if array is not None}
    store.write(path, content, attributes)
    with pytest.raises(DataError, match=message) as caught:
        data.load(path)
    assert str(path) in str(caught.value)


def test_names_of_classes_longer_than_any_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.h5"
    store.write(path, arrays(), {"classes": json.dumps(list("abcd"))})
    monkeypatch.setattr(hdf5, "_MOST_TEXT", 19)
    with pytest.raises(DataError, match="attribute classes has 20 characters, expected at most 19"):
        data.load(path)


def test_a_file_that_is_not_hdf5_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    path.write_text("not HDF5", encoding="ascii")
    with pytest.raises(DataError, match=r"x.h5 cannot be read as a data set"):
        data.load(path)


def test_texts_of_h5py_name_the_classes_or_leave_them_numbered_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["images"] = arrays()["images"]
        file["labels"] = arrays()["labels"]
        file.attrs["classes"] = np.bytes_(json.dumps(list("abcd")))
    assert data.load(path).train.classes == list("abcd")
    with h5py.File(path, "a") as file:
        file.attrs["author"] = "me"
    with pytest.warns(UserWarning, match=r"x.h5 are numbered.*'author' is a text of variable length"):
        splits = data.load(path)
    assert splits.train.classes == list("0123")
    assert len(all_images(splits)) == 40
    with h5py.File(path, "a") as file:
        del file.attrs["author"]
        file.attrs["classes"] = json.dumps(list("abcd"))
    with pytest.warns(UserWarning, match=r"classes.* is a text of variable length.*numpy.bytes_"):
        assert data.load(path).train.classes == list("0123")


def test_pipes_in_a_folder_are_no_images(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        os.mkfifo(tmp_path / label / "0.npy")
    with pytest.raises(DataError, match="cat has no images"):
        data.load(tmp_path)


def test_an_array_with_its_channels_last_is_refused_with_the_fix(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        np.save(tmp_path / label / "0.npy", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r"\(8, 8, 3\).*save `image\.transpose\(2, 0, 1\)`"):
        data.load(tmp_path)
