"""The images a run was tested on, from the data set its config names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from idn.errors import DataError, Error
from idn.report.run_data import RunData

if TYPE_CHECKING:
    from idn.data import Dataset
    from idn.experiment.schema import DataConfig
    from idn.store import Trace

__all__ = ["RunImages"]


class RunImages:
    """Loads the data sets of runs, each test part once."""

    def __init__(self) -> None:
        self._loaded: dict[str, Dataset | DataError] = {}

    def of(self, run: RunData, trace: Trace) -> NDArray[np.uint8]:
        """The images uint8 (samples, channels, height, width) of a run's test trace, in its order.

        A run directory may come from anywhere, and its config may name any folder. So the labels must be
        those of the trace, and data of one's own must have the digest that the run wrote down: a page cannot
        be made to show pictures that whoever wrote the run never had.

        :raises idn.errors.DataError: where the data is not there, or is not what the run was measured on.
        """
        test = self._test_part(run)
        index = trace.index
        if (
            index.min() < 0
            or index.max() >= len(test)
            or not np.array_equal(test.labels[index], trace.labels)
        ):
            raise DataError("the data set found here is not the one this run was measured on")
        return test.images[index]

    def _test_part(self, run: RunData) -> Dataset:
        from pydantic import ValidationError

        from idn.experiment.schema import DataConfig

        try:
            wanted = DataConfig.model_validate(run.config.get("data"))
        except ValidationError as error:
            raise DataError("the config of this run names no data set") from error
        key = f"{wanted.model_dump_json()} {run.environment.get('data')}"
        if key not in self._loaded:
            try:
                self._loaded[key] = _load(run, wanted)
            except (ValueError, OSError, Error):
                # Not the error's own text: it names folders of this machine, and pages are passed on.
                name = Path(wanted.name).name
                self._loaded[key] = DataError(f"the data set {name} is not here, or cannot be read")
        found = self._loaded[key]
        if isinstance(found, DataError):
            raise found
        return found


def _load(run: RunData, wanted: DataConfig) -> Dataset:
    from idn import data
    from idn.experiment import steps
    from idn.experiment.schema import RunConfig

    if wanted.name not in [source.name for source in data.registry()]:
        digest = steps.data_identity(RunConfig.model_validate(run.config))
        if digest != run.environment.get("data"):
            raise DataError("data of one's own, and not with the digest this run wrote down")
    return data.load(wanted.name, wanted.root, validation=wanted.validation, seed=wanted.seed).test
