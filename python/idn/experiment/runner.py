"""The runner: from a config to a run directory with its report.

config -> data -> training -> traces -> thresholds on validation -> test -> time -> comparison -> report
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.errors import DataError, RunError
from idn.experiment import files
from idn.experiment.config import LoadedConfig, load

if TYPE_CHECKING:
    from idn.experiment.schema import RunConfig

Reporter = Callable[[str], None]
# In the order they are written; the last one marks a run as finished.
RESULTS = (
    "config.yaml",
    "environment.json",
    "metrics.jsonl",
    "model.pt",
    "traces.h5",
    "summary.json",
    "policy.json",
    "comparison.json",
    "report.html",
)
_TO_RESUME = ("checkpoint.pt", "trunk.json")


@dataclass(frozen=True)
class RunResult:
    """Where a run is, and its summary.json."""

    run_dir: Path
    metrics: dict[str, Any]


def run(
    config: LoadedConfig | str,
    out: Path | None = None,
    reporter: Reporter | None = None,
    *,
    force: bool = False,
) -> RunResult | None:
    """Runs a config to its end, in `<out>/<experiment>/<config>-<digest of its settings>/`.

    An interrupted run continues there and gives the same numbers; a finished one is returned as it is. What
    the config starts from is run first, where it is not finished.

    :param config: what `idn.experiment.load` gives, or a name or path for it.
    :param out: where run directories go; `runs` in the current directory if None.
    :param reporter: takes lines about the progress; if None, they go to stderr, with bars on a terminal.
    :param force: deletes what an earlier run of the same settings left, and starts again.
    :returns: None in all but the first process of a data-parallel run.
    :raises ValueError: for settings that do not fit the data or the network.
    :raises idn.errors.DataError: if the data is missing or damaged.
    :raises idn.errors.RunError: if the run directory cannot be written, or another process uses it.
    """
    loaded = load(config) if isinstance(config, str) else config
    tell = reporter or _to_stderr
    everything = Path("runs") if out is None else out
    run_dir = everything / loaded.folder
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and int(os.environ.get("RANK", "0")) > 0:
        # The first process returns a finished run at once, so there is nobody to train with.
        if force or not finished(run_dir):
            if loaded.start is not None:
                run(loaded.start, out, reporter)
            _take_part(loaded, run_dir)
        return None
    is_new = not run_dir.exists()
    with files.exclusive(run_dir):
        if force:
            _clear(run_dir)
        if not force and finished(run_dir):
            _refuse_other(loaded.run, run_dir)
            tell(f"{run_dir} is finished; --force runs it again")
        else:
            try:
                start = None
                if loaded.start is not None:
                    tell(f"{run_dir.name} starts from {loaded.run.start_from}")
                    begun = run(loaded.start, out, reporter)
                    assert begun is not None  # this is the first process
                    start = begun.run_dir
                _run(loaded, run_dir, tell, reporter, start)
            except OSError as error:
                raise RunError(
                    f"the run in {run_dir} stopped: {error}; start it again to continue"
                ) from error
            except (ValueError, DataError):
                # Refused before it began. What was there before, results without a checkpoint say, stays.
                if is_new and not (run_dir / "checkpoint.pt").exists():
                    shutil.rmtree(run_dir, ignore_errors=True)
                raise
        return RunResult(run_dir, files.read_json(run_dir / "summary.json"))


def finished(run_dir: Path) -> bool:
    """Whether a run has come to its end."""
    return all((run_dir / name).is_file() for name in RESULTS)


def _refuse_other(config: RunConfig, run_dir: Path) -> None:
    """Refuses to pass off a finished run as one on other data, another device or other threads.

    The run's name does not tell these apart: files of one's own may change, and an interrupted run may go
    on on another device. But its times are those of the device, and its numbers those of the data.

    :raises idn.errors.RunError: naming what differs.
    """
    from idn.experiment import steps
    from idn.training.devices import resolve_device

    environment = files.read_json(run_dir / "environment.json")
    wanted = {"device": str(resolve_device(config.training.device))}
    if config.training.threads is not None:
        wanted["threads"] = str(config.training.threads)
    if (identity := steps.data_identity(config)) is not None:
        wanted["data"] = identity
    for name, value in wanted.items():
        if str(environment.get(name, value)) != value:
            raise RunError(
                f"{run_dir} is finished with {name} {environment[name]}, not {value}; "
                "--force runs it again, --out puts it elsewhere"
            )


def _run(
    loaded: LoadedConfig, run_dir: Path, tell: Reporter, log: Reporter | None, start: Path | None
) -> None:
    from idn import report
    from idn.experiment import claims, environment, run_policy, steps, summary
    from idn.training.devices import resolve_device, using_threads

    config = loaded.run
    (run_dir / RESULTS[-1]).unlink(missing_ok=True)
    files.write_text(run_dir / "config.yaml", loaded.as_yaml())
    with using_threads(config.training.threads):
        described = environment.describe(str(resolve_device(config.training.device)))
        described |= {"seed": config.training.seed, "overrides": loaded.overrides}
        if (identity := steps.data_identity(config)) is not None:
            described["data"] = identity
        files.write_json(run_dir / "environment.json", described)
        trained = steps.train(config, run_dir, tell, log, start)
        weights = steps.save_weights(trained, run_dir)
        tell("recording the logits of every exit on validation and test")
        traces = steps.record(trained, config, run_dir)
        tell("choosing thresholds on validation")
        policy, selection = summary.choose(config, traces["validation"], trained.costs.macs)
        found = summary.summarise(config, trained.model.exit_names, trained.costs, traces, policy, selection)
        tell("measuring time, one sample after the other")
        found["time"] = steps.measure(trained, config, policy)
    found |= {
        "preset": loaded.preset,
        "weights_sha256": weights,
        "device": str(trained.device),
        "classes": trained.test.classes,
        "trunk": trained.trunk,
        "training_seconds": trained.seconds,
    }
    files.write_json(run_dir / "summary.json", found)
    finished_run = report.load(run_dir)
    run_policy.of_run(finished_run).save(run_dir / "policy.json")
    compared = claims.of(finished_run)
    files.write_json(run_dir / "comparison.json", [entry.as_dict() for entry in compared])
    report.write(run_dir)


def _take_part(loaded: LoadedConfig, run_dir: Path) -> None:
    """What every process but the first does in data-parallel training."""
    from idn.experiment import steps
    from idn.training.devices import using_threads

    with using_threads(loaded.run.training.threads):
        steps.train(loaded.run, run_dir, _quiet, _quiet)


def _clear(run_dir: Path) -> None:
    for name in (*RESULTS, *_TO_RESUME):
        (run_dir / name).unlink(missing_ok=True)
    shutil.rmtree(run_dir / "tensorboard", ignore_errors=True)


def _quiet(line: str) -> None:
    del line


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
