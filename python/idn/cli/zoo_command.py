"""`idn zoo list|show`: the trained networks inside the package."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from idn.cli.output import AsJson, console, print_json

app = typer.Typer(help="List and describe the trained networks in the package.", no_args_is_help=True)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the networks, with the accuracy and MACs per sample that their thresholds give on test data."""
    from idn import zoo
    from idn.report import format as formats

    cards = [zoo.card(name) for name in zoo.names()]
    if as_json:
        print_json([asdict(card) for card in cards])
        return
    from rich.table import Table

    table = Table()
    for heading in ("name", "data", "parameters", "exits", "accuracy", "MACs", "gain"):
        table.add_column(heading, overflow="fold")
    for card in cards:
        table.add_row(
            card.name,
            card.dataset,
            f"{card.parameters:,}",
            str(len(card.exits)),
            formats.percent(card.test.accuracy),
            formats.macs(card.test.mean_macs),
            formats.gain(card.trunk_macs / card.test.mean_macs),
        )
    console().print(table)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name, as `idn zoo list` prints it.")],
    as_json: AsJson = False,
) -> None:
    """Print the card of a network: where it comes from, what it takes and what it is worth."""
    from idn import zoo

    card = zoo.card(name)
    if as_json:
        print_json(asdict(card))
        return
    from rich.markdown import Markdown

    from idn.zoo import page

    people, text = console(), page.markdown(card)
    if people.is_terminal:
        people.print(Markdown(text), soft_wrap=False)
    else:
        people.print(text, markup=False, end="")
