"""The command line as a user and a script meet it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from idn.cli import checks, exit_codes, main


@dataclass
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


Idn = Callable[..., Done]


@pytest.fixture
def idn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Idn:
    """Runs a command in this process, as its own `main` would."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("signal.signal", lambda *_: None)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["idn", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        assert isinstance(code, int)
        return Done(code, *capsys.readouterr())

    return run


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "idn", *arguments], capture_output=True, text=True, timeout=120
    )


def test_help_lists_the_commands_and_every_exit_code(idn: Idn) -> None:
    done = idn("--help")
    assert done.code == exit_codes.OK
    for command in ("run", "sweep", "report", "experiments", "config", "data", "doctor"):
        assert f" {command} " in done.stdout
    for code, meaning in exit_codes.MEANING.items():
        assert f"{code} {meaning}" in " ".join(done.stdout.split())


def test_the_page_has_the_same_exit_codes() -> None:
    """Their first words are the same; the page may say more."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    for code, meaning in exit_codes.MEANING.items():
        assert f"| {code} | {meaning.split(',')[0].split(';')[0]}" in page


@pytest.mark.parametrize("group", [[], ["policy"], ["data"]])
def test_without_a_command_help_is_printed_and_nothing_else(idn: Idn, group: list[str]) -> None:
    done = idn(*group)
    assert (done.code, done.stderr) == (exit_codes.USAGE, "")
    assert "Usage: " in done.stdout
    assert " ".join([*group, "[OPTIONS] COMMAND [ARGS]..."]) in " ".join(done.stdout.split())


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    heavy = ("torch", "matplotlib", "omegaconf", "pydantic", "numpy")
    code = (
        "import sys; sys.argv = ['idn', '--help']\n"
        "from idn.cli import main\n"
        "try: main()\n"
        f"finally: print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "[]"

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Seconds of the processor, and the best of some: another process on the machine must not fail this.
    assert min(seconds() for _ in range(5)) < 0.5


def test_version_is_the_package_version(idn: Idn) -> None:
    from idn import __version__

    assert idn("--version").stdout == f"idn {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "branchynet_2016/smok"], exit_codes.USAGE, "did you mean branchynet_2016/smoke"),
        (["run", "branchynet_2016/smoke", "training.bach=1"], exit_codes.USAGE, "training.bach is unknown"),
        (
            ["run", "branchynet_2016/smoke", "data.name=nothing"],
            exit_codes.USAGE,
            "no data set is named 'nothing'",
        ),
        (
            ["run", "branchynet_2016/smoke", "model.name=alexnet"],
            exit_codes.USAGE,
            "exit_weights has 3 numbers for 1 exit;",
        ),
        (["run", "branchynet_2016/lenet_paper", "data.root=nowhere"], exit_codes.DATA, "idn data get mnist"),
        (
            ["run", "branchynet_2016/lenet_paper", "data.root=nowhere"],
            exit_codes.DATA,
            "expected there are train-images-idx3-ubyte.gz, ",
        ),
        (["run", "branchynet_2016/smoke", "data.name=./nowhere"], exit_codes.DATA, "no folder and no HDF5"),
        (["policy", "show", "nowhere.json"], exit_codes.FAILED, "nowhere.json cannot be read"),
        (["config", "show", "./none.yaml"], exit_codes.USAGE, "there is no file"),
        (["report", "nowhere"], exit_codes.USAGE, "nowhere is not a directory"),
        (["data", "verify", "mnist", "--root", "nowhere"], exit_codes.DATA, "idn data get mnist"),
        (["sweep", "branchynet_2016/smoke", "training.seed"], exit_codes.USAGE, "is not key=a,b,c"),
        (
            ["sweep", "branchynet_2016/smoke", "training.seed=0,1", "--cluster", "a=1"],
            exit_codes.USAGE,
            "--slurm",
        ),
    ],
)
def test_a_failure_is_one_line_on_stderr_and_a_code(
    idn: Idn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = idn(*arguments)
    assert done.code == code, done.stderr
    assert done.stdout == ""
    error = done.stderr.strip().splitlines()
    assert error[-1].startswith("idn: ")
    assert message in error[-1]
    assert "Traceback" not in done.stderr


def test_debug_shows_where_a_failure_came_from(idn: Idn, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Traceback" not in idn("report", "nowhere").stderr
    assert "Traceback" in idn("--debug", "report", "nowhere").stderr
    monkeypatch.setenv("IDN_DEBUG", "1")
    assert "Traceback" in idn("report", "nowhere").stderr


def test_an_unknown_option_and_a_missing_argument_are_usage_errors(idn: Idn) -> None:
    assert idn("run", "--nope").code == exit_codes.USAGE
    assert idn("run").code == exit_codes.USAGE
    assert idn("nothing").code == exit_codes.USAGE


def test_config_show_prints_the_resolved_config(idn: Idn) -> None:
    shown = idn("config", "show", "branchynet_2016/smoke", "training.seed=9").stdout
    assert "seed: 9" in shown
    assert "name: digits" in shown
    as_json = json.loads(idn("config", "show", "branchynet_2016/smoke", "training.seed=9", "--json").stdout)
    assert as_json["training"]["seed"] == 9


def test_config_schema_is_a_json_schema(idn: Idn) -> None:
    schema = json.loads(idn("config", "schema").stdout)
    assert set(schema["properties"]) >= {"extends", "experiment", "data", "model", "training"}


def test_experiments_are_listed_with_their_data(
    idn: Idn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDN_DATA_ROOT", str(tmp_path))
    found = json.loads(idn("experiments", "--json").stdout)
    rows = {row["config"]: row for row in found}
    assert rows["branchynet_2016/smoke"]["data_present"]
    assert not rows["branchynet_2016/alexnet_paper"]["data_present"]
    assert rows["branchynet_2016/alexnet_paper"]["preset"] == "paper"
    listed = idn("experiments").stdout
    assert "branchynet_2016/smoke" in listed
    assert "branch_count, a study of 2 runs: Tests a study of two against three branches" in listed
    assert "branchynet_2016: Tests a run of B-LeNet, B-AlexNet or B-ResNet" in listed
    assert all(row["tests"] for row in found)


def test_data_sets_are_listed_with_their_state(idn: Idn, tmp_path: Path) -> None:
    rows = json.loads(idn("data", "list", "--json", "--root", str(tmp_path)).stdout)
    assert {row["name"]: row["state"] for row in rows} == {
        "digits": "embedded",
        "cifar10": "missing",
        "mnist": "missing",
    }
    assert "digits" in idn("data", "list").stdout


def test_the_embedded_data_is_verified(idn: Idn) -> None:
    done = idn("data", "verify", "digits", "--json")
    assert done.code == exit_codes.OK, done.stderr
    assert json.loads(done.stdout)["name"] == "digits"


def test_the_doctor_finds_this_installation_sound(idn: Idn) -> None:
    done = idn("doctor", "--json")
    checks = {check["what"]: check for check in json.loads(done.stdout)}
    assert done.code == exit_codes.OK, checks
    assert checks["C++ library"]["state"] == "ok"
    assert checks["HDF5 store"]["state"] == "ok"
    assert "torch" in checks
    assert "ok" in idn("doctor").stdout


def test_a_check_that_breaks_is_reported_and_the_others_go_on(
    idn: Idn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> tuple[checks.State, str]:
        raise OSError("the disk is gone")

    monkeypatch.setitem(checks._CHECKS, "disk", broken)
    done = idn("doctor", "--json")
    assert done.code == exit_codes.FAILED
    found = {check["what"]: check for check in json.loads(done.stdout)}
    assert found["disk"] == {"what": "disk", "state": "failed", "detail": "the disk is gone"}
    assert found["python"]["state"] == "ok"


def test_an_unforeseen_error_is_one_line_too(idn: Idn, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("idn.experiment.config.json_schema", broken)
    done = idn("config", "schema")
    assert done.code == exit_codes.FAILED
    assert done.stderr == "idn: KeyError: 'surprise' (run with --debug to see where)\n"


def test_an_interrupt_is_one_line_and_its_code(idn: Idn, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("idn.experiment.config.json_schema", interrupted)
    done = idn("config", "schema")
    assert (done.code, done.stderr) == (exit_codes.INTERRUPTED, "idn: interrupted\n")


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ([], "The same command goes on where this one was interrupted."),
        (["--force"], "The same command without --force goes on where this one was interrupted."),
    ],
)
def test_an_interrupted_run_says_how_it_goes_on(
    idn: Idn, monkeypatch: pytest.MonkeyPatch, option: list[str], advice: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("idn.experiment.run", interrupted)
    done = idn("run", "branchynet_2016/smoke", *option)
    assert (done.code, done.stderr) == (exit_codes.INTERRUPTED, f"{advice}\nidn: interrupted\n")


def test_a_report_of_another_kind_is_refused_with_the_kinds(idn: Idn, tmp_path: Path) -> None:
    done = idn("report", str(tmp_path), "--out", str(tmp_path / "all.txt"))
    assert done.code == exit_codes.USAGE
    assert "all.txt, expected a name ending in .html" in done.stderr
    assert "--figures DIR writes PNG and PDF" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_message_with_brackets_is_printed_as_it_is(idn: Idn) -> None:
    assert "'[red]x[/red]'" in idn("config", "show", "[red]x[/red]").stderr


def test_output_into_a_closed_pipe_is_no_traceback() -> None:
    line = f"{sys.executable} -m idn config schema | head -c 1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_both_ways_to_start_are_the_same_program() -> None:
    for module in ("idn", "idn.cli"):
        command = [sys.executable, "-m", module, "--version"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ))
        assert done.stdout.startswith("idn ")
