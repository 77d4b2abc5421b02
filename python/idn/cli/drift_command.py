"""`idn drift`: whether live answers still look like those a policy was chosen on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from idn.cli import exit_codes
from idn.cli.output import AsJson, print_json
from idn.cli.policy_text import print_lines

if TYPE_CHECKING:
    from idn.exits import Drift


def drift(
    package: Annotated[
        Path, typer.Argument(metavar="PACKAGE", help="The network, as `idn.export` wrote it.")
    ],
    policy: Annotated[
        Path, typer.Argument(metavar="POLICY", help="Its policy, as `idn policy make` writes it.")
    ],
    data: Annotated[
        Path | None,
        typer.Argument(metavar="[DATA]", help="Live inputs, .npy or HDF5 with an array for each input."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help='Live answers instead: a line {"exit": 0, "confidence": 0.9} each.',
        ),
    ] = None,
    significance: Annotated[
        float, typer.Option("--significance", help="How often an alarm may be false where nothing drifted.")
    ] = 0.01,
    batch: Annotated[int, typer.Option("--batch", help="Samples that are run at once.")] = 256,
    as_json: AsJson = False,
) -> None:
    """Compare where live samples leave, and how sure they are there, with the validation data of a policy.

    Ends with code 4 where they differ by more than chance.
    """
    if (data is None) == (answers is None):
        raise ValueError("give either DATA, which is run, or --answers FILE, which was run before.")
    if batch < 1:
        raise ValueError(f"--batch is {batch}, expected at least 1.")

    from idn import Engine, exits, load
    from idn.exits import live_answers

    file = exits.PolicyFile.load(policy)
    engine = Engine(load(package), file)
    if answers is not None:
        left_at, sure = live_answers.read(answers)
    else:
        assert data is not None
        left_at, sure = live_answers.run(engine, data, batch)
    found = exits.detect_drift(file, left_at, sure, significance=significance)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found, [f"exit {k} ({name})" for k, name in enumerate(engine.graph.exits, start=1)])
    if found.found:
        raise typer.Exit(exit_codes.DRIFT)


def _print(found: Drift, names: list[str]) -> None:
    """A line for each exit, and one that says what is to be made of it."""
    shifts = {one.exit: one for one in found.confidences}
    lines = {"samples": str(found.samples)}
    for rate in found.rates:
        text = f"{rate.found:.1f} % leave, {rate.expected:.1f} % on validation"
        shift = shifts.get(rate.exit)
        if shift is not None and shift.below_median is not None:
            text += f"; {shift.below_median:.1f} % of them less sure than half were there"
            text += f" (p = {shift.p_value:.2g})"
        lines[names[rate.exit]] = text
    lines["rates"] = f"p = {found.rates_p_value:.2g}"
    if not shifts:
        lines["note"] = "confidences are not compared: there are none on one of the two sides"
    lines["drift"] = _verdict(found, names)
    print_lines(lines)


def _verdict(found: Drift, names: list[str]) -> str:
    """Which exit moved, and how."""
    if not found.found:
        return f"none found (significance {found.significance:g})"
    said = []
    if found.rates_moved:
        most = found.most_moved
        way = "more" if most.moved > 0 else "fewer"
        said.append(
            f"{way} samples leave at {names[most.exit]}: {most.found:.1f} %, not {most.expected:.1f} %"
        )
    said += [f"those that leave at {names[k]} are sure otherwise" for k in found.exits_less_alike]
    return f"found (significance {found.significance:g}): {'; '.join(said)}"
