"""One config run with every combination of some values: as local processes, or on a Slurm cluster.

Each combination is a run of its own, so a finished one is not run again, an interrupted one continues, and a
failed one leaves the others alone.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from idn.errors import RunError
from idn.experiment import config as configs
from idn.experiment import files

MAX_RUNS = 10_000


@dataclass(frozen=True)
class Job:
    """One combination: what it changes in the config, and where its run directory is."""

    index: int
    config: str
    overrides: list[str]
    run_dir: str


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `metrics` as `idn run --json` gives them, or `error`, its last line, and `log`."""

    job: Job
    metrics: dict[str, Any] | None
    error: str | None
    log: str | None


Report = Callable[[Outcome], None]


def split_values(text: str) -> list[str]:
    """Splits `a,b,[1,2],"x,y"` at the commas outside brackets and quotes.

    :raises ValueError: for an empty value, or brackets or quotes that are not closed.
    """
    values, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        if character == "," and depth == 0 and not quote:
            values.append("")
        else:
            values[-1] += character
    if depth != 0 or quote:
        raise ValueError(f"{text!r}: brackets or quotes are not closed")
    if not all(value.strip() for value in values):
        raise ValueError(f"{text!r}: a value is empty; write key=a,b,c")
    return values


def combinations(axes: Sequence[str]) -> list[list[str]]:
    """Every combination of `key=a,b,c` axes as overrides; the last axis changes fastest.

    :raises ValueError: for an axis that is not `key=values`, a key given twice, or more than 10,000
        combinations.
    """
    choices: dict[str, list[str]] = {}
    total = 1
    for axis in axes:
        key, equals, text = axis.partition("=")
        if not equals or not key:
            raise ValueError(f"{axis!r} is not key=a,b,c, such as training.seed=0,1,2")
        if key in choices:
            raise ValueError(f"{key} is given twice; list its values in one key=a,b,c")
        choices[key] = split_values(text)
        total *= len(choices[key])
    if total > MAX_RUNS:
        raise ValueError(f"{total} combinations are more than {MAX_RUNS}; take values away")
    return [
        [f"{key}={value}" for key, value in zip(choices, values, strict=True)]
        for values in itertools.product(*choices.values())
    ]


def plan(config: str, axes: Sequence[str], out: Path) -> list[Job]:
    """Checks every combination before anything runs.

    :raises ValueError: for a bad axis, or two combinations with the same settings.
    :raises idn.errors.ConfigError: for a combination the schema refuses.
    """
    jobs: list[Job] = []
    seen: dict[str, list[str]] = {}
    for index, overrides in enumerate(combinations(axes)):
        loaded = configs.load(config, overrides)
        run_dir = str(out / loaded.folder)
        if run_dir in seen:
            raise ValueError(
                f"{' '.join(overrides)} and {' '.join(seen[run_dir])} are the same run; "
                "change something results follow from (threads, device and data.root are not)"
            )
        seen[run_dir] = overrides
        jobs.append(Job(index, config, overrides, run_dir))
    return jobs


def run_processes(jobs: Sequence[Job], out: Path, processes: int, on_end: Report) -> list[Outcome]:
    """Runs jobs as local processes, `processes` at a time; their output goes to `sweeps/` below `out`.

    :raises ValueError: unless processes >= 1.
    :raises idn.errors.RunError: if the folder for their output cannot be made.
    """
    if processes < 1:
        raise ValueError(f"jobs is {processes}; expected at least 1")
    logs = _log_folder(out)
    running: set[subprocess.Popen[bytes]] = set()

    def start(job: Job) -> Outcome:
        log = logs / f"{Path(job.run_dir).name}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command(job, out), stdout=stream, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
            running.add(process)
            code = process.wait()
            running.discard(process)
        return _outcome(job, code, log)

    with ThreadPoolExecutor(processes) as pool:
        futures = [pool.submit(start, job) for job in jobs]
        try:
            outcomes = list(_reported((future.result() for future in as_completed(futures)), on_end))
        except BaseException:
            # Interrupted: what waits is not started, what runs is asked to end and keeps its checkpoint.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.terminate()
            raise
    return sorted(outcomes, key=lambda outcome: outcome.job.index)


def run_submitit(
    jobs: Sequence[Job],
    out: Path,
    on_end: Report,
    *,
    cluster: str = "slurm",
    parameters: Mapping[str, Any] | None = None,
) -> list[Outcome]:
    """Runs every job as one job of a cluster, through submitit, and waits for them.

    :param cluster: "slurm", or "local" for processes of this machine.
    :param parameters: what submitit's AutoExecutor takes, such as `timeout_min`, `slurm_partition`,
        `cpus_per_task`.
    :raises ValueError: for parameters submitit refuses.
    :raises idn.errors.RunError: if submitit is not installed or the cluster cannot be reached.
    """
    try:
        import submitit
    except ImportError as error:
        raise RunError("submitit is not installed; run: pip install 'idn[slurm]'") from error
    logs = _log_folder(out)
    try:
        executor = submitit.AutoExecutor(folder=logs / "%j", cluster=cluster)
        executor.update_parameters(**({"name": "idn-sweep"} | dict(parameters or {})))
        with executor.batch():
            submitted = [executor.submit(_run_in_worker, command(job, out)) for job in jobs]
    except NameError as error:  # how submitit says that a parameter is unknown
        raise ValueError(f"submitit refuses the parameters: {' '.join(str(error).split())}") from error
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise RunError(f"the {cluster} cluster cannot be used: {' '.join(str(error).split())}") from error

    def finished(job: Job, handle: Any) -> Outcome:
        log = Path(str(handle.paths.stderr))
        try:
            code = int(handle.result())
        except Exception as error:  # a cluster loses jobs in its own ways; the others go on
            return Outcome(job, None, " ".join(str(error).split())[-300:] or type(error).__name__, str(log))
        return _outcome(job, code, log)

    return list(
        _reported((finished(job, handle) for job, handle in zip(jobs, submitted, strict=True)), on_end)
    )


def command(job: Job, out: Path) -> list[str]:
    """The command line of one job."""
    return [sys.executable, "-m", "idn", "run", job.config, *job.overrides, "--out", str(out), "--json"]


def save(outcomes: Sequence[Outcome], out: Path) -> Path:
    """Writes `sweep.json` below `out`: each job with its metrics or its error.

    :raises idn.errors.RunError: if it cannot be written.
    """
    path = out / "sweep.json"
    files.write_json(path, [asdict(outcome) for outcome in outcomes])
    return path


def _run_in_worker(arguments: list[str]) -> int:
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, env=dict(os.environ)).returncode


def _reported(outcomes: Iterator[Outcome], on_end: Report) -> Iterator[Outcome]:
    for outcome in outcomes:
        on_end(outcome)
        yield outcome


def _outcome(job: Job, code: int, log: Path) -> Outcome:
    summary = Path(job.run_dir) / "summary.json"
    if code == 0 and summary.is_file():
        return Outcome(job, json.loads(summary.read_text(encoding="utf-8")), None, str(log))
    return Outcome(job, None, _last_line(log) or f"ended with exit code {code}", str(log))


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    said = [line.removeprefix("idn: ") for line in lines if line.startswith("idn: ")]
    return (said or lines or [""])[-1]


def _log_folder(out: Path) -> Path:
    folder = out / "sweeps"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder} cannot be made: {error.strerror or error}; choose another --out") from error
    return folder
