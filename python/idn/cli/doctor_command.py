"""`idn doctor`: is this installation sound?"""

from __future__ import annotations

import typer

from idn.cli import exit_codes
from idn.cli.output import AsJson, console, print_json


def doctor(as_json: AsJson = False) -> None:
    """Check Python, torch, the C++ library, storage, data, disk, threads and CUDA; 1 if any fails."""
    from dataclasses import asdict

    from idn.cli import checks

    found = checks.run_all()
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        styles = {"ok": "green", "warning": "yellow", "failed": "bold red"}
        people = console()
        for one in found:
            people.print(f"{one.state:8}", style=styles[one.state], end="")
            people.print(f"{one.what}: {one.detail}", markup=False)
    if any(one.state == "failed" for one in found):
        raise typer.Exit(exit_codes.FAILED)
