"""Many runs, found and put together, and the page over them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from idn.experiment.files import write_text
from idn.report.page import FILE_NAME
from idn.report.run_data import RunData, load
from idn.report.study_dir import STUDY_FILE, StudyDir, read_study

__all__ = ["Collection", "collect", "render_collection", "write_collection", "write_study"]

MAX_DEPTH = 8  # folders below one that is given
MAX_FOLDERS = 20_000
MAX_RUNS = 200


@dataclass(frozen=True)
class Collection:
    """Runs in order, each once, and the studies that some of them belong to.

    `unfinished` are the directories of variants that a study names and that hold no finished run.
    """

    runs: list[RunData]
    studies: list[StudyDir] = field(default_factory=list)
    unfinished: list[Path] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """A name for each run, in order: its directory's, with the folders above that tell it apart."""
        parts = [run.path.parts for run in self.runs]
        # A variant is named with its study, unless all there is belongs to that one.
        variants = {path for study in self.studies for path in study.run_dirs}
        alone = len(self.studies) == 1 and all(run.path in variants for run in self.runs)
        sizes = [2 if run.path in variants and not alone else 1 for run in self.runs]
        while True:
            labels = ["/".join(path[-size:]) for path, size in zip(parts, sizes, strict=True)]
            count = Counter(labels)
            longer = [
                size + 1 if count[label] > 1 and size < len(path) else size
                for label, size, path in zip(labels, sizes, parts, strict=True)
            ]
            if longer == sizes:
                return labels
            sizes = longer

    def by_data_set(self) -> dict[str, list[tuple[RunData, str]]]:
        """The runs on each data set with their labels: accuracies on different data cannot be compared."""
        found: dict[str, list[tuple[RunData, str]]] = {}
        for run, label in zip(self.runs, self.labels, strict=True):
            found.setdefault(run.summary.dataset, []).append((run, label))
        return found


def collect(paths: Sequence[Path | str]) -> Collection:
    """Finds the finished runs in run directories, study directories and folders of such.

    Folders are searched in the order of their names, to a depth of `MAX_DEPTH`; hidden ones are passed over.

    :raises ValueError: where a path is no directory, holds no finished run, or holds too many.
    :raises idn.errors.RunError: where a file of a run or study is missing or damaged.
    """
    runs: dict[Path, RunData] = {}
    studies: dict[Path, StudyDir] = {}
    unfinished: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.is_dir():
            raise ValueError(
                f"{path} is not a directory; give directories of runs or studies, or folders of them"
            )
        found = 0
        for place in _places(path.resolve()):
            run_dirs = [place]
            if _is_study(place):
                studies.setdefault(place, read_study(place))
                run_dirs = studies[place].run_dirs
            for run_dir in run_dirs:
                if not _is_run(run_dir):
                    unfinished[run_dir] = None
                    continue
                found += 1
                if run_dir.resolve() not in runs:
                    runs[run_dir.resolve()] = load(run_dir)
                if len(runs) > MAX_RUNS:
                    raise ValueError(
                        f"there are more than {MAX_RUNS} runs; give fewer, or folders that hold fewer"
                    )
        if not found:
            raise ValueError(
                f"{path} holds no finished run; `idn run` makes one, and resumes one that has stopped"
            )
    if not runs:
        raise ValueError("no path is given; give directories of runs or studies, or folders of them")
    return Collection(list(runs.values()), list(studies.values()), list(unfinished))


def render_collection(collection: Collection, base: Path | None = None) -> str:
    """The page over runs as text; all that comes from files is escaped.

    :param base: the folder the page will lie in, for links to the reports of the runs; without it, none.
    """
    from idn.report import collection_page

    return collection_page.render(collection, base)


def write_collection(paths: Sequence[Path | str] | Collection, out: Path) -> Path:
    """Writes the page over all runs found in `paths` to the file `out`, whole or not at all.

    :param paths: as `collect` takes them, or what it gave.

    :raises ValueError: as `collect`, and where `out` is a directory.
    :raises idn.errors.RunError: where a file is missing or damaged, or the page cannot be written.
    """
    if out.is_dir():
        raise ValueError(f"{out} is a directory; give the file to write, such as {out / FILE_NAME}")
    found = paths if isinstance(paths, Collection) else collect(paths)
    write_text(out, render_collection(found, out.parent))
    return out


def write_study(study_dir: Path | str) -> Path:
    """Writes report.html into a study directory: the page over its runs; gives its path.

    :raises ValueError: where `study_dir` is no directory, or holds no finished run.
    :raises idn.errors.RunError: where a file is missing or damaged, or the page cannot be written.
    """
    read_study(study_dir)
    return write_collection([study_dir], Path(study_dir) / FILE_NAME)


def _is_run(path: Path) -> bool:
    return (path / "summary.json").is_file()


def _is_study(path: Path) -> bool:
    return (path / STUDY_FILE).is_file()


def _places(root: Path) -> Iterator[Path]:
    """Run and study directories at and below a resolved folder, each once."""
    seen: set[Path] = set()
    waiting = [(root, 0)]
    while waiting:
        path, depth = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > MAX_FOLDERS:
            raise ValueError(f"{root} holds more than {MAX_FOLDERS} folders; give one that holds fewer")
        if _is_study(path) or _is_run(path):
            yield path
        elif depth < MAX_DEPTH:
            below = sorted(child for child in path.iterdir() if child.is_dir() and child.name[0] != ".")
            waiting += [(child.resolve(), depth + 1) for child in reversed(below)]
