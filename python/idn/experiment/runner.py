"""The runner: from a config to a run directory with its report.

config -> data -> training -> traces -> thresholds on validation -> test -> time -> engine -> comparison
-> report
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
_PACKAGE = "model.safetensors"  # a run has none where its network cannot be exported, and old ones have none


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
    wait: bool = False,
    on_engine: bool = False,
) -> RunResult | None:
    """Runs a config to its end, in `<out>/<experiment>/<config>-<digest of its settings>/`.

    An interrupted run continues there and gives the same numbers; a finished one is returned as it is. What
    the config starts from is run first, where it is not finished.

    :param config: what `idn.experiment.load` gives, or a name or path for it.
    :param out: where run directories go; `runs` in the current directory if None.
    :param reporter: takes lines about the progress; if None, they go to stderr, with bars on a terminal.
    :param force: deletes what an earlier run of the same settings left, and starts again; what the config
        starts from stays.
    :param wait: waits for another process that runs the same, in place of refusing.
    :param on_engine: exports the network of a finished run again, and evaluates it on the engine, and trains
        nothing; other runs end with that anyway.
    :returns: None in all but the first process of a data-parallel run.
    :raises ValueError: for settings that do not fit the data or the network.
    :raises idn.errors.DataError: if the data is missing or damaged.
    :raises idn.errors.RunError: if the run directory cannot be written, another process uses it, or it is not
        finished and `on_engine` is given.
    """
    loaded = load(config) if isinstance(config, str) else config
    tell = reporter or to_stderr
    everything = Path("runs") if out is None else out
    run_dir = everything / loaded.folder
    if not is_first():
        # The first process returns a finished run at once, so there is nobody to train with.
        if force or not finished(run_dir):
            with ExitStack() as stack:
                if loaded.start is not None:
                    stack.enter_context(together(loaded.run))
                    run(loaded.start, out, reporter)
                _take_part(loaded, run_dir)
                _wait_for_the_first(run_dir)
        return None
    if on_engine and (force or not finished(run_dir)):
        state = "to be run again" if force else "no finished run"
        raise RunError(
            f"{run_dir} is {state}, and on_engine trains nothing; leave it out: every run ends with its "
            "network on the engine."
        )
    is_new = not run_dir.exists()
    with ExitStack() as stack:
        stack.enter_context(files.exclusive(run_dir, tell if wait else None))
        if force:
            _clear(run_dir)
        if not force and finished(run_dir):
            _refuse_other(loaded, run_dir, everything)
            if on_engine:
                _again_on_engine(run_dir, tell)
            else:
                tell(f"{run_dir} is finished; --force runs it again")
        else:
            try:
                start = None
                if loaded.start is not None:
                    stack.enter_context(together(loaded.run))
                    tell(f"{run_dir.name} starts from {loaded.run.start_from}")
                    begun = run(loaded.start, out, reporter, wait=True)
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


def show(run_dir: Path, *, on_engine: bool = False) -> RunResult:
    """A finished run, as it is, or as `run` with `on_engine`.

    :raises ValueError: if it is not finished, with what goes on with it.
    """
    if not finished(run_dir):
        again = files.read_json(run_dir / RESULTS[1]).get("command", "the command that began it")
        raise ValueError(
            f"{run_dir / RESULTS[0]} is the config of a run that is not finished; go on with: {again}"
        )
    if on_engine:
        with files.exclusive(run_dir):
            _again_on_engine(run_dir, to_stderr)
    return RunResult(run_dir, files.read_json(run_dir / "summary.json"))


def _again_on_engine(run_dir: Path, tell: Reporter) -> None:
    from idn.experiment import on_engine

    tell(f"{run_dir} is finished; exporting its network, and running it on the engine")
    on_engine.add(run_dir)


def run_of(config: str | Path) -> Path | None:
    """The run whose directory a config file lies in, where it is the `config.yaml` that run wrote."""
    path = Path(config)
    is_of_a_run = path.name == RESULTS[0] and (path.parent / RESULTS[1]).is_file()
    return path.parent if is_of_a_run else None


@contextmanager
def together(config: RunConfig) -> Iterator[None]:
    """Keeps the processes of data-parallel training joined over several runs: they can meet only once."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    from idn.training.devices import resolve_device
    from idn.training.distributed import join_world

    with join_world(resolve_device(config.training.device).type):
        yield


def is_first() -> bool:
    """Whether this is the process of a data-parallel run that writes the results, or the only one."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1 or int(os.environ.get("RANK", "0")) == 0


def finished(run_dir: Path) -> bool:
    """Whether a run has come to its end."""
    return all((run_dir / name).is_file() for name in RESULTS)


def _wait_for_the_first(run_dir: Path) -> None:
    """Waits until the first process has written its results: the next run may need them."""
    # If that process fails, whoever started all of them ends this one.
    while not finished(run_dir):
        time.sleep(0.1)


def _refuse_other(loaded: LoadedConfig, run_dir: Path, everything: Path) -> None:
    """Refuses to pass off a finished run as one on other data, another device, threads or start.

    The run's name does not tell these apart: files of one's own may change, an interrupted run may go on on
    another device, and what it started from may have been run anew. But its times are those of the device,
    and its numbers those of the data and the start.

    :raises idn.errors.RunError: naming what differs.
    """
    from idn.experiment import steps
    from idn.training.devices import resolve_device

    config = loaded.run
    environment = files.read_json(run_dir / "environment.json")
    wanted = {"device": str(resolve_device(config.training.device))}
    if config.training.threads is not None:
        wanted["threads"] = str(config.training.threads)
    if (identity := steps.data_identity(config)) is not None:
        wanted["data"] = identity
    if loaded.start is not None:
        wanted["settings"] = loaded.digest
        if finished(everything / loaded.start.folder):
            wanted["start"] = _weights_of(everything / loaded.start.folder)
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
    from idn.experiment import batching, claims, environment, on_engine, run_policy, steps, summary
    from idn.graph import load as load_package
    from idn.training.devices import resolve_device, using_threads

    config = loaded.run
    (run_dir / RESULTS[-1]).unlink(missing_ok=True)
    files.write_text(run_dir / "config.yaml", loaded.as_yaml())
    with using_threads(config.training.threads):
        described = environment.describe(str(resolve_device(config.training.device)))
        described |= {
            "command": loaded.command,
            "seed": config.training.seed,
            "overrides": loaded.overrides,
        }
        if (identity := steps.data_identity(config)) is not None:
            described["data"] = identity
        if start is not None:
            described |= {"settings": loaded.digest, "start": _weights_of(start)}
            _refuse_another_start(run_dir, described, start)
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
        tell("exporting the network, and running it on the engine")
        found["engine"] = on_engine.of_run(trained, config, policy, traces["test"], run_dir)
        if config.batching is not None and "reason" not in found["engine"]:
            tell("measuring batches on the engine")
            graph = load_package(run_dir / on_engine.PACKAGE, device=trained.device)
            images = steps.timed_images(trained, len(trained.test))
            found["batching"] = batching.measure(graph, policy, traces["validation"], images, config.batching)
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


def _weights_of(run_dir: Path) -> str:
    """The digest of a finished run's weights."""
    return str(files.read_json(run_dir / "summary.json").get("weights_sha256"))


def _refuse_another_start(run_dir: Path, described: dict[str, Any], start: Path) -> None:
    """Refuses a start on other data, or to go on with a training that began from other weights.

    :raises idn.errors.RunError: naming both.
    """
    theirs = files.read_json(start / "environment.json").get("data")
    if theirs != described.get("data"):
        raise RunError(f"{start} was trained on other data of the same name; --force runs it again on these")
    if not (run_dir / "checkpoint.pt").exists() or not (run_dir / "environment.json").exists():
        return
    before = files.read_json(run_dir / "environment.json").get("start", described["start"])
    if before != described["start"]:
        raise RunError(
            f"{run_dir} began from weights {before[:16]}, but {start} has {described['start'][:16]} now; "
            "--force begins again from these"
        )


def _take_part(loaded: LoadedConfig, run_dir: Path) -> None:
    """What every process but the first does in data-parallel training."""
    from idn.experiment import steps
    from idn.training.devices import using_threads

    with using_threads(loaded.run.training.threads):
        steps.train(loaded.run, run_dir, _quiet, _quiet)


def _clear(run_dir: Path) -> None:
    for name in (*RESULTS, *_TO_RESUME, _PACKAGE):
        (run_dir / name).unlink(missing_ok=True)
    shutil.rmtree(run_dir / "tensorboard", ignore_errors=True)


def _quiet(line: str) -> None:
    del line


def to_stderr(line: str) -> None:
    """Where lines about the progress go, if nobody takes them."""
    print(line, file=sys.stderr, flush=True)
