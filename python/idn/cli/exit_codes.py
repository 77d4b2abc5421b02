"""The exit codes of every command, in one place: what `idn --help` prints and scripts may rely on."""

from __future__ import annotations

OK = 0
FAILED = 1
USAGE = 2
DATA = 3
DRIFT = 4
INTERRUPTED = 130
TERMINATED = 143

MEANING = {
    OK: "done",
    FAILED: "failed while running, or a run, policy or package that cannot be used",
    USAGE: "wrong usage, config or value, or no command",
    DATA: "data set, identity or content store missing or damaged",
    DRIFT: "`idn drift` found drift",
    INTERRUPTED: "interrupted (Ctrl-C); `idn run` resumes",
    TERMINATED: "ended by SIGTERM; `idn run` resumes",
}


def epilog() -> str:
    """The table of codes as one paragraph."""
    return "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in MEANING.items()) + "."


def of(error: BaseException) -> int:
    """The code a failure ends the program with."""
    from idn.errors import ConfigError, DamagedIdentity, DataError, MissingIdentity

    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, (DataError, DamagedIdentity, MissingIdentity)):
        return DATA
    if isinstance(error, (ConfigError, ValueError)):
        return USAGE
    return FAILED
