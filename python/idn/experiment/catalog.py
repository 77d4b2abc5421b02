"""Where experiments and configs are found: in the installed package, or beside it in a source checkout."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import idn
from idn.errors import ConfigError

SUFFIXES = (".yaml", ".yml")


def package_root() -> Path:
    """The directory of the `idn` package."""
    return Path(str(idn.__file__)).resolve().parent


def source_root() -> Path | None:
    """The root of the source checkout idn is used from, None for an installed wheel."""
    root = package_root().parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "configs").is_dir() else None


def _folder(name: str) -> Path:
    inside = package_root() / name
    if inside.is_dir():
        return inside
    root = source_root()
    if root is None or not (root / name).is_dir():
        raise ConfigError(
            f"no {name} folder at {inside} nor beside the package; this installation of idn is damaged: "
            "install it again"
        )
    return root / name


def configs_root() -> Path:
    """The folder with one folder of configs per experiment.

    :raises idn.errors.ConfigError: if the installation lacks it.
    """
    return _folder("configs")


def experiments_root() -> Path:
    """The folder with one folder per experiment.

    :raises idn.errors.ConfigError: if the installation lacks it.
    """
    return _folder("experiments")


def slugs() -> list[str]:
    """The experiments that have configs, in order."""
    return sorted(path.name for path in configs_root().iterdir() if names(path.name))


def names(slug: str) -> list[str]:
    """The configs of one experiment, without ending, in order."""
    folder = configs_root() / slug
    if not folder.is_dir():
        return []
    return sorted(path.stem for path in folder.iterdir() if path.suffix in SUFFIXES)


def experiment_file(slug: str) -> Path | None:
    """The `experiment.py` of a slug of ours, None if there is none. Never a path of the user's."""
    known = {path.name: path for path in experiments_root().iterdir() if path.is_dir()}
    file = known[slug] / "experiment.py" if slug in known else None
    return file if file is not None and file.is_file() else None


def purpose(slug: str) -> str:
    """What an experiment tests, in a line: the first of its `experiment.py`, which is not run for it."""
    file = experiment_file(slug)
    text = None if file is None else ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    return "" if text is None else text.partition("\n")[0]


def find(name: str, folder: Path | None = None) -> Path:
    """The file of a config.

    :param name: `slug/name` of ours (`branchynet_2016/smoke`), or a path that ends in .yaml or .yml.
    :param folder: where relative paths and bare names start; the current directory if None.
    :raises ValueError: if there is no such config; the message lists what comes closest.
    """
    start = Path.cwd() if folder is None else folder
    path = Path(name)
    if path.suffix in SUFFIXES:
        file = start / path.expanduser()
        if file.is_file():
            return file.resolve()
        raise ValueError(f"config {name!r}: there is no file {file}")
    if folder is not None and "/" not in name:
        for suffix in SUFFIXES:
            if (start / f"{name}{suffix}").is_file():
                return (start / f"{name}{suffix}").resolve()
    slug, _, rest = name.partition("/")
    if slug in slugs() and rest in names(slug):
        return next(
            file for suffix in SUFFIXES if (file := configs_root() / slug / f"{rest}{suffix}").is_file()
        )
    raise ValueError(_unknown(name, folder))


def is_ours(file: Path) -> bool:
    """Whether a config file is one of the package's own."""
    return file.resolve().is_relative_to(configs_root().resolve())


def label(file: Path) -> str:
    """How a config file is named to a person: `slug/name` for ours, else its path."""
    if not is_ours(file):
        return str(file)
    return str(file.resolve().relative_to(configs_root().resolve()).with_suffix(""))


def _unknown(name: str, folder: Path | None) -> str:
    known = [f"{slug}/{config}" for slug in slugs() for config in names(slug)]
    siblings = [] if folder is None else [file.stem for file in folder.iterdir() if file.suffix in SUFFIXES]
    close = difflib.get_close_matches(name, known + siblings, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(known)}."
    own = f"./{Path(name).name}.yaml"
    return f"config {name!r} is unknown: {hint} A file of your own is given by its path, {own}"
