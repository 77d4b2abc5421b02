"""The `idn` program: its commands, and the one place where errors become a line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer

from idn.cli import (
    bench_command,
    config_command,
    content_command,
    data_command,
    doctor_command,
    drift_command,
    exit_codes,
    experiments_command,
    id_command,
    inspect_command,
    policy_command,
    profile_command,
    report_command,
    run_command,
    suggest_command,
    sweep_command,
    zoo_command,
)

app = typer.Typer(
    name="idn",
    help="Train networks that leave early, measure what that saves, and report it.",
    epilog=exit_codes.epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run_command.run)
app.command("sweep")(sweep_command.sweep)
app.command("report")(report_command.report)
app.command("bench")(bench_command.bench)
app.command("suggest")(suggest_command.suggest)
app.command("inspect")(inspect_command.inspect)
app.command("profile")(profile_command.profile)
app.command("experiments")(experiments_command.experiments)
app.add_typer(policy_command.app, name="policy")
app.command("drift")(drift_command.drift)
app.add_typer(config_command.app, name="config")
app.add_typer(data_command.app, name="data")
app.add_typer(content_command.app, name="content")
app.add_typer(zoo_command.app, name="zoo")
app.add_typer(id_command.app, name="id")
app.command("doctor")(doctor_command.doctor)

_debug = False
# Click's base class of usage errors; newer Typers carry a Click of their own, so it has no fixed name.
_USAGE_ERRORS: type[Any] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"idn {version('idn')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="IDN_DEBUG", help="Show the traceback of a failure.")
    ] = False,
) -> None:
    del version
    global _debug
    _debug = debug


def main() -> NoReturn:
    """Run the program and end the process with one of `exit_codes.MEANING`."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = app(standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = exit_codes.INTERRUPTED
    except Exception as error:
        code = _explain(error)
    if code == exit_codes.INTERRUPTED:  # some Typers return this code themselves
        _line("interrupted")
    sys.exit(code if isinstance(code, int) else exit_codes.OK)


def _explain(error: Exception) -> int:
    """One clear line on stderr, and the exit code."""
    if isinstance(error, _USAGE_ERRORS):
        if message := error.format_message():  # none where no command was given and help was printed instead
            _line(message)
        return exit_codes.USAGE
    if _debug or os.environ.get("IDN_DEBUG", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, BrokenPipeError):
        # Who read our output has gone; keep the interpreter from failing again while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.FAILED
    _line(_message(error))
    return exit_codes.of(error)


def _message(error: Exception) -> str:
    from idn.errors import Error

    text = str(error).strip() or type(error).__name__
    if isinstance(error, (Error, ValueError, OSError, ImportError)):
        return text
    return f"{type(error).__name__}: {text} (run with --debug to see where)"


def _line(text: str) -> None:
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print("idn:", style="bold red", end=" ")
    console.print(text, style="red", markup=False)


def _terminated(number: int, frame: object) -> NoReturn:
    del number, frame
    raise SystemExit(exit_codes.TERMINATED)
