"""From a name or a path to the three splits of a data set."""

from __future__ import annotations

from pathlib import Path

from idn.data import sources
from idn.data.dataset import Dataset, Splits
from idn.data.split import hold_out_test, hold_out_validation
from idn.errors import DataError


def load(
    name_or_path: str | Path,
    root: Path | str | None = None,
    validation: int | None = None,
    seed: int = 0,
) -> Splits:
    """Load a data set into memory and split it.

    `name_or_path` is a name of `registry()`, a folder of images or an HDF5 file (`idn.data.folder` and
    `idn.data.hdf5` say what these look like). `root` holds the data sets known by name; without it,
    $IDN_DATA_ROOT, else idn/data in the user's cache. `validation` is how many training samples are held out,
    which ones follows from the seed and their pixels; by default 5,000 for CIFAR10 and MNIST, 297 for digits,
    a tenth of the user's own data. The test part is the published one; digits and data without one of their
    own give 300 and a fifth, the same whatever the seed.

    :raises ValueError: if nothing is known by this name, or `validation` or `seed` is out of range.
    :raises DataError: if the data are missing, at the path given too, damaged or not what they claim to be.
    """
    names = [source.name for source in sources.registry()]
    if str(name_or_path) in names:
        return _load_known(sources.source(str(name_or_path)), root, validation, seed)
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        from idn.data import folder

        return folder.load(path, validation, seed)
    if path.is_file():
        from idn.data import hdf5

        return hdf5.load(path, validation, seed)
    if isinstance(name_or_path, Path) or "/" in name_or_path or path.suffix:
        raise DataError(
            f"no folder and no HDF5 file is at {path}; expected one, or a data set's name: "
            f"{', '.join(names)}."
        )
    sources.source(name_or_path)  # says which names there are
    raise AssertionError("unreachable")


def _load_known(source: sources.Source, root: Path | str | None, validation: int | None, seed: int) -> Splits:
    train, test, default = _read_known(source, root)
    kept, held = hold_out_validation(train, default if validation is None else validation, seed)
    return Splits(kept, held, test)


def _read_known(source: sources.Source, root: Path | str | None) -> tuple[Dataset, Dataset, int]:
    from idn.data import cifar10, digits, mnist
    from idn.data.verification import missing

    if source.name == "digits":
        return *hold_out_test(digits.read(), digits.TEST), digits.VALIDATION
    if source.state(root) == "missing":
        raise missing(source, root)
    if source.name == "cifar10":
        return *cifar10.read(source.path(root)), cifar10.VALIDATION
    return *mnist.read(source.path(root)), mnist.VALIDATION
