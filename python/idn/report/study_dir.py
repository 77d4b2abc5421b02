"""A study directory, read and checked: one run directory per variant, compared as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from idn.errors import RunError
from idn.experiment.comparison import Comparison
from idn.report.run_data import first_problem, read_comparisons, read_object

STUDY_FILE = "study.json"
# A variant is a folder inside the study's own: no path, so it cannot lead out of it.
Variant = Annotated[str, Field(pattern=r"^[^./\\\p{Cc}][^/\\\p{Cc}]{0,99}$")]


class Study(BaseModel):
    """study.json: which experiment, and the names of its variants, in order."""

    model_config = ConfigDict(extra="allow", frozen=True)

    experiment: str
    name: str
    variants: Annotated[list[Variant], Field(max_length=1000)]
    preset: str = "custom"
    note: str = ""


@dataclass(frozen=True)
class StudyDir:
    """What a study directory holds beside its runs; the comparisons are across variants."""

    path: Path
    study: Study
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def run_dirs(self) -> list[Path]:
        """The run directory of each variant, in order, whether it is there or not."""
        return [self.path / variant for variant in self.study.variants]


def read_study(study_dir: Path | str) -> StudyDir:
    """Reads study.json and comparison.json, which may be missing, of a study directory.

    :raises ValueError: if `study_dir` is not a directory.
    :raises idn.errors.RunError: for a missing, damaged or foreign file; the message names it.
    """
    path = Path(study_dir)
    if not path.is_dir():
        raise ValueError(
            f"{path} is not a directory; give the directory of one study, which holds {STUDY_FILE}"
        )
    try:
        study = Study.model_validate(read_object(path / STUDY_FILE))
    except ValidationError as error:
        raise RunError(f"{path / STUDY_FILE}: {first_problem(error)}") from error
    compared = path / "comparison.json"
    return StudyDir(path.resolve(), study, read_comparisons(compared) if compared.exists() else [])
