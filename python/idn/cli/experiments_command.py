"""`idn experiments`: what can be run, and whether its data is there."""

from __future__ import annotations

from typing import Any

from idn.cli.output import AsJson, console, print_json


def experiments(as_json: AsJson = False) -> None:
    """List experiments, their configs and presets, and the data each needs."""
    found = _found()
    if as_json:
        print_json(found)
        return
    from rich.table import Table

    table = Table()
    for heading in ("config", "preset", "model", "data", "data is"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "config")
    for one in found:
        there = "there" if one["data_present"] else "missing"
        table.add_row(one["config"], one["preset"], one["model"], one["data"], there)
    console().print(table)
    for one in {each["experiment"]: each for each in found}.values():
        runs = f", a study of {len(one['variants'])} runs" if one["variants"] else ""
        console().print(f"{one['experiment']}{runs}: {one['tests']}", markup=False)
    console().print("`idn config show CONFIG` says what was shortened or changed: its note.", markup=False)


def _found() -> list[dict[str, Any]]:
    from idn import data, experiment
    from idn.experiment import catalog

    present = {source.name: source.present for source in data.registry()}

    found = []
    for slug in catalog.slugs():
        for name in catalog.names(slug):
            study = experiment.load_study(f"{slug}/{name}")
            variants = {} if study is None else study.variants
            loaded = next(iter(variants.values()), None) or experiment.load(f"{slug}/{name}")
            run = loaded.run
            found.append(
                {
                    "experiment": slug,
                    "tests": catalog.purpose(slug),
                    "config": f"{slug}/{name}",
                    "variants": list(variants),
                    "preset": run.preset,
                    "model": run.model.name,
                    "data": run.data.name,
                    "data_present": present[run.data.name](run.data.root),
                    "note": run.note,
                }
            )
    return found
