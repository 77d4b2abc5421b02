"""A folder of the user's own images as a data set.

Either `root/<class>/<image>` (samples are then held out), or `root/train/<class>/<image>` with `root/test`
and perhaps `root/validation` (or `val`) beside it. Classes are the folders' names in sorted order, images
their files in sorted order: PNG, JPEG, BMP, GIF, PPM, TIFF or WebP of 8 bits a channel, or `.npy` with uint8
(height, width) or (channels, height, width). All have one size; if all are grey there is one channel,
otherwise colour, three. Files whose names begin with a dot or end in anything else are not looked at.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from idn.data import own
from idn.data.dataset import Dataset, Splits
from idn.errors import DataError

_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp"}
_GREY_MODES = {"1", "L", "LA"}
_COLOUR_MODES = {"P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV"}
# Pillow goes by a file's content, not its name; of its decoders these start no other program.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
_MAGIC = b"\x93NUMPY"
_PARTS = {"train": "train", "val": "validation", "validation": "validation", "test": "test"}


def load(root: Path, validation: int | None = None, seed: int = 0) -> Splits:
    """Load a folder of images.

    :raises ValueError: if `validation` is out of range, or given although the folder has a validation part.
    :raises DataError: if there are no classes or no images, an image cannot be read, or images differ in
        size.
    """
    found = _folders(root)
    parts = {_PARTS[folder.name]: folder for folder in found if folder.name in _PARTS}
    if "train" not in parts:
        classes = [folder.name for folder in found]
        return own.split({"train": _read(root, root.name, classes)}, validation, seed)
    if len([folder for folder in found if folder.name in _PARTS]) != len(parts):
        raise DataError(f"{root} has both val/ and validation/; keep one of them.")
    strangers = [folder.name for folder in found if folder.name not in _PARTS]
    if strangers:
        raise DataError(
            f"{root} has {strangers[0]}/ beside train/; expected train/, validation/ and test/ alone, with "
            "the classes "
            "inside them."
        )
    classes = [folder.name for folder in _folders(parts["train"])]
    for name, folder in parts.items():
        unknown = {inner.name for inner in _folders(folder)} - set(classes)
        if unknown:
            raise DataError(f"{folder} has class {min(unknown)!r}, which {parts['train']} has not.")
        if name != "train" and not _folders(folder):
            raise DataError(
                f"{folder} has no class folders; expected {folder}/<class>/<image>, or no {folder.name}/."
            )
    read = {name: _read(folder, f"{root.name}/{name}", classes) for name, folder in parts.items()}
    return own.split(_as_wide_as_widest(read), validation, seed)


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _files(folder: Path) -> list[Path]:
    suffixes = _PICTURES | {".npy"}
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )


def _read(folder: Path, name: str, classes: list[str]) -> Dataset:
    if len(classes) < 2:
        raise DataError(
            f"{folder} has {len(classes)} class folders, expected at least 2: {folder}/<class>/<image>, or "
            f"{folder}/train/<class>/<image> with test/ beside train/."
        )
    if len(classes) > own.MOST_CLASSES:
        raise DataError(f"{folder} has {len(classes)} class folders; at most {own.MOST_CLASSES} are read.")
    paths, labels = [], []
    for label, class_name in enumerate(classes):
        files = _files(folder / class_name) if (folder / class_name).is_dir() else []
        paths += files
        labels += [label] * len(files)
        if not files and not name.endswith(("/validation", "/test")):
            raise DataError(
                f"{folder / class_name} has no images; put some there or remove it. Looked for files ending "
                "in "
                f"{', '.join(sorted(_PICTURES))} or .npy."
            )
    if not paths:
        raise DataError(f"{folder} has no images in its class folders.")
    return Dataset(name, _stack(paths), np.array(labels, dtype=np.int64), classes)


def _stack(paths: list[Path]) -> NDArray[np.uint8]:
    first = _image(paths[0])
    if len(paths) * first.size > own.MOST_BYTES:
        raise DataError(
            f"{len(paths)} images as large as {paths[0]} ({first.shape}) would take "
            f"{len(paths) * first.size / 2**30:.1f} GiB of memory, more than {own.MOST_BYTES >> 30}; make "
            "them smaller."
        )
    images = np.empty((len(paths), *first.shape), dtype=np.uint8)
    for number, path in enumerate(paths):
        image = first if number == 0 else _image(path)
        if image.shape[1:] != first.shape[1:]:
            raise DataError(
                f"{path} is {image.shape[2]}x{image.shape[1]} pixels, {paths[0]} is "
                f"{first.shape[2]}x{first.shape[1]}; "
                "bring all images to one size first."
            )
        if image.shape[0] > images.shape[1] == 1:  # the first in colour after grey ones
            images = np.repeat(images, image.shape[0], axis=1)
        if image.shape[0] not in (1, images.shape[1]):
            raise DataError(f"{path} has {image.shape[0]} channels, {paths[0]} has {first.shape[0]}.")
        images[number] = image
    return images


def _image(path: Path) -> NDArray[np.uint8]:
    """Read one image as uint8 (channels, height, width)."""
    return _array(path) if path.suffix.lower() == ".npy" else _picture(path)


def _array(path: Path) -> NDArray[np.uint8]:
    try:
        with path.open("rb") as file:
            # numpy would open a zip archive under this name too, and what it then gives is no array.
            if file.read(len(_MAGIC)) != _MAGIC:
                raise ValueError("it does not begin like a file of numpy.save")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} is not an array numpy can read ({error}); replace or remove it.") from error
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or array.size == 0:
        raise DataError(
            f"{path} is {array.dtype} of shape {array.shape}, expected uint8 (height, width) or (channels, "
            "height, width)."
        )
    if array.ndim == 3 and array.shape[2] in (1, 3, 4) and array.shape[0] not in (1, 3, 4):
        raise DataError(
            f"{path} has shape {array.shape}, which looks like (height, width, channels); save "
            "`image.transpose(2, 0, 1)`, expected (channels, height, width)."
        )
    return np.array(array if array.ndim == 3 else array[np.newaxis], dtype=np.uint8)


def _picture(path: Path) -> NDArray[np.uint8]:
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError(
            f"{path} needs Pillow to be read; run `pip install pillow`, or save .npy files."
        ) from error
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.mode in _GREY_MODES:
                grey: NDArray[np.uint8] = np.array(image.convert("L"), dtype=np.uint8)
                return grey[np.newaxis]
            if image.mode in _COLOUR_MODES:
                colour: NDArray[np.uint8] = np.array(image.convert("RGB"), dtype=np.uint8)
                return np.moveaxis(colour, 2, 0)
            mode = image.mode
    # Pillow's decoders raise nearly anything for a damaged file.
    except Exception as error:
        raise DataError(
            f"{path} is not an image that can be read ({error}); replace or remove it."
        ) from error
    raise DataError(
        f"{path} has pixels of mode {mode!r}, expected 8 bits a channel; convert it to PNG first."
    )


def _as_wide_as_widest(parts: dict[str, Dataset]) -> dict[str, Dataset]:
    """Give grey parts three channels if another part is in colour."""
    channels = max(part.images.shape[1] for part in parts.values())
    return {
        name: part
        if part.images.shape[1] != 1
        else Dataset(part.name, np.repeat(part.images, channels, axis=1), part.labels, part.classes)
        for name, part in parts.items()
    }
