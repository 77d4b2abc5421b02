"""A study: the variants of one config, run one after the other and compared with each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.experiment import files, runner
from idn.experiment.config import Study, load_study

if TYPE_CHECKING:
    from idn.report import RunData

FILE = "study.json"


@dataclass(frozen=True)
class StudyData:
    """The finished runs of a study, by variant; `preset` is that of all of them."""

    experiment: str
    preset: str
    runs: dict[str, RunData]


def run(
    study: Study | str,
    out: Path | None = None,
    reporter: runner.Reporter | None = None,
    *,
    overrides: Sequence[str] = (),
    force: bool = False,
    on_engine: bool = False,
) -> runner.RunResult | None:
    """Runs all variants of a study, in `<out>/<experiment>/<config>-<digest>/<variant>/`, and compares them.

    Variants that are finished are not run again, interrupted ones continue. Above them are `study.json`,
    which names them, `comparison.json` and `report.html`.

    :param study: what `idn.experiment.load_study` gives, or a name or path for it.
    :param overrides: changes to every variant, where `study` is a name.
    :param force: runs every variant again.
    :param on_engine: as `runner.run`, for every variant.
    :returns: the study's directory, and the metrics of every variant by its name; None in all but the first
        process of a data-parallel run.
    :raises ValueError: for a config without variants, and as `runner.run`.
    :raises idn.errors.RunError: as `runner.run`.
    """
    from idn import report
    from idn.experiment import claims

    loaded = load_study(study, overrides) if isinstance(study, str) else study
    if loaded is None:
        raise ValueError(f"config {study!r} has no variants; it is one run")
    tell = reporter or runner.to_stderr
    results: dict[str, runner.RunResult] = {}
    first = next(iter(loaded.variants.values()))
    with runner.together(first.run):
        for number, (name, variant) in enumerate(loaded.variants.items(), start=1):
            if runner.is_first():
                tell(f"variant {number} of {len(loaded.variants)}: {name}")
            if (result := runner.run(variant, out, reporter, force=force, on_engine=on_engine)) is not None:
                results[name] = result
    if not results:
        return None
    folder = (Path("runs") if out is None else out) / loaded.folder
    presets = {variant.preset for variant in loaded.variants.values()}
    preset = first.preset if len(presets) == 1 else f"{first.run.preset}, changed"
    described = {
        "experiment": loaded.experiment,
        "name": loaded.name,
        "preset": preset,
        "note": first.run.note,
        "variants": list(results),
    }
    files.write_json(folder / FILE, described)
    runs = {name: report.load(result.run_dir) for name, result in results.items()}
    compared = claims.of_study(StudyData(loaded.experiment, preset, runs))
    files.write_json(folder / "comparison.json", [entry.as_dict() for entry in compared])
    report.write_study(folder)
    metrics: dict[str, Any] = {name: result.metrics for name, result in results.items()}
    return runner.RunResult(folder, metrics)
