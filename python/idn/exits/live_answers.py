"""Where live samples left and how sure they were: read from a log, or found by running them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from idn import store
from idn._words import counted, printable
from idn.errors import DataError, StoreError

if TYPE_CHECKING:
    from idn.engine import Engine

__all__ = ["read", "run"]

Live = tuple[NDArray[np.int64], NDArray[np.float64] | None]


def read(path: Path) -> Live:
    """Read answers as JSON lines, one object a sample: `exit` from 0, and `confidence`, in all or in none.

    :returns: exits (samples,) and confidences (samples,), None where there are none.
    :raises idn.errors.DataError: for a file that cannot be read or a line that is no such object, naming it.
    """
    exits, confidences = [], []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                exit_index, sure = _of_line(line, f"{path}, line {number}")
                exits.append(exit_index)
                confidences.append(sure)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if not exits:
        raise DataError(f"{path} holds no answers; expected a line such as {_EXAMPLE} for each sample.")
    given = [one for one in confidences if one is not None]
    if given and len(given) < len(exits):
        raise DataError(
            f"{path} has a confidence for {len(given)} of {len(exits)} answers; give all or none."
        )
    return np.asarray(exits, dtype=np.int64), np.asarray(given) if given else None


def run(engine: Engine, path: Path, batch: int) -> Live:
    """Answer the samples of a file, `batch` at a time; of a network that mixes samples, all at once or not.

    :param path: a `.npy` file for a network of one input; or HDF5 with an array for each input, by its name.
    :raises idn.errors.DataError: for a file that cannot be read, lacks an input or holds no samples.
    :raises ValueError: for arrays that the network does not take, or more samples than a batch where the
        network mixes those of a batch.
    """
    arrays = _arrays(path, [one.name for one in engine.graph.inputs])
    samples = len(arrays[0])
    exits, confidences = [], []
    for begin in range(0, samples, batch):
        part = [torch.from_numpy(np.array(array[begin : begin + batch])) for array in arrays]
        part = [one.to(engine.graph.device) for one in part]
        if begin == 0 and samples > batch and not engine.graph.executor.start(part).can_keep:
            raise ValueError(
                f"the network mixes the samples of a batch, so cutting the {samples} of {path} into batches "
                f"of {batch} decides what it answers; give the answers it gave in use (--answers FILE), or "
                f"run all at once with --batch {samples}."
            )
        answers = engine(*part)
        exits.append(answers.exits.numpy())
        confidences.append(answers.confidences.numpy())
    return np.concatenate(exits), np.concatenate(confidences)


_EXAMPLE = '{"exit": 0, "confidence": 0.9}'


def _of_line(line: str, where: str) -> tuple[int, float | None]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: {error}; expected one such as {_EXAMPLE}.") from error
    exit_index = value.get("exit") if isinstance(value, dict) else None
    if type(exit_index) is not int or not 0 <= exit_index < 2**31:
        raise DataError(f"{where} has no exit counted from 0; expected one such as {_EXAMPLE}.")
    sure = value.get("confidence")
    if sure is not None and not (type(sure) in (int, float) and 0 <= sure <= 1):
        raise DataError(f"{where} has the confidence {sure!r}, expected a number from 0 to 1.")
    return exit_index, None if sure is None else float(sure)


def _arrays(path: Path, names: list[str]) -> list[NDArray[Any]]:
    """An array for each input, of as many samples."""
    try:
        if path.suffix == ".npy":
            if len(names) != 1:
                raise DataError(
                    f"{path} is one array, the network takes {counted(len(names), 'input')}: "
                    f"give an HDF5 file with {', '.join(names)}."
                )
            arrays = [np.load(path, mmap_mode="r", allow_pickle=False)]
        else:
            held = store.names(path)
            if missing := [name for name in names if name not in held]:
                raise DataError(
                    f"{path} has no array {printable(', '.join(missing))}, which is an input of the network; "
                    f"it has {printable(', '.join(held), 200) or 'none'}."
                )
            arrays = list(store.read(path, names).values())
    except (OSError, ValueError, StoreError) as error:
        raise DataError(f"{path} cannot be read as .npy or HDF5: {error}") from error
    sizes = {len(array) if array.ndim else 0 for array in arrays}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise DataError(f"{path} holds arrays of shape {shapes}, expected (samples, ...) of as many samples.")
    return arrays
