"""Put the network of a finished run into the zoo: package and card into python/idn/zoo/, and docs/zoo.md.

python scripts/make_zoo.py RUN_DIR NAME    the data set of the run must be there
python scripts/make_zoo.py --export        exports the networks that are there again
python scripts/make_zoo.py --engine        runs them on the engine: results/zoo/engine.json
python scripts/make_zoo.py                 only writes the cards in docs/zoo.md again
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from idn import Engine, _atomic, costs, data, exits, inference, models, report, zoo
from idn.branchy import Branchy
from idn.costs import ExitCosts
from idn.data import Batches, Normalizer, Splits
from idn.errors import RunError
from idn.experiment import environment, evaluate, files, on_engine, starting
from idn.experiment.schema import RunConfig
from idn.report import RunData
from idn.store import Trace
from idn.zoo import cards, packages, page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "zoo.md"
MARK = "<!-- What follows is written by scripts/make_zoo.py. -->\n"
ENGINE = PAGE.parents[1] / "results" / "zoo" / "engine.json"
TIMED, REPEATS = 200, 7  # samples, drawn evenly over the test split, and times each is run
TOLERANCE = 1e-4  # of logits, absolute and relative: float32 sums of thousands of terms in another order


def make(run_dir: Path, name: str, folder: Path = cards.FOLDER) -> None:
    """Write the package NAME.safetensors and the card NAME.json into a folder.

    :raises ValueError: if the run is not one of a network with early exits on data known by name.
    :raises idn.errors.Error: if the run is not whole, or its weights do not give its traces and summary.
    """
    run = report.load(run_dir)
    config = RunConfig.model_validate(run.config)
    settings = config.data
    if settings.name not in [source.name for source in data.registry()]:
        raise ValueError(f"{run_dir} is of data {settings.name!r}; the zoo takes data sets known by name.")
    splits = data.load(settings.name, settings.root, validation=settings.validation, seed=settings.seed)
    shape = splits.test.images.shape[1:]
    from_data = {"classes": len(splits.test.classes), "in_channels": shape[0], "image_size": shape[1]}
    options: dict[str, Any] = {**from_data, **config.model.options}
    model = models.build(config.model.name, **options)
    if not isinstance(model, Branchy) or model.exit_count < 2:
        raise ValueError(f"{run_dir} is of {config.model.name!r}, which has no early exits.")
    model.load_state_dict(starting.read_weights(run.path / "model.pt"))
    model.eval()
    normalizer = Normalizer.fit(splits.train.images)
    _check_outputs(model, normalizer, splits, run)
    card = cards.Card(
        name=name,
        model=config.model.name,
        options=options,
        **_data(splits, config),
        mean=normalizer.mean,
        std=normalizer.std,
        **_measured(run, costs.count(model, torch.zeros(1, *shape))),
        origin=_origin(run, config),
        sha256="0" * 64,  # until the package is written, which needs the rest of the card
    )
    _write(model, card, folder)


def export_again(folder: Path = cards.FOLDER) -> None:
    """Write the packages of all networks again, and the digests in their cards."""
    for name in zoo.names():
        _write(zoo.load(name), zoo.card(name), folder)


def _write(model: Branchy, card: cards.Card, folder: Path) -> None:
    content = packages.to_bytes(model, card)
    card = dataclasses.replace(card, sha256=hashlib.sha256(content).hexdigest())
    _atomic.replace(folder / f"{card.name}.safetensors", content)
    _atomic.replace(folder / f"{card.name}.json", cards.as_json(card).encode())
    print(f"{folder / card.name}.safetensors: {len(content)} bytes")


def _data(splits: Splits, config: RunConfig) -> dict[str, Any]:
    source = next(one for one in data.registry() if one.name == config.data.name)
    return {
        "dataset": source.name,
        "data_licence": source.licence,
        "data_homepage": source.homepage,
        "classes": splits.test.classes,
        "input_shape": splits.test.images.shape[1:],
        "validation_samples": len(splits.validation),
        "split_seed": config.data.seed,
    }


def _measured(run: RunData, cost: ExitCosts) -> dict[str, Any]:
    rule = dict(run.summary.criterion)
    policy = exits.make(rule.pop("name"), run.summary.thresholds, **rule)
    operations, accuracies = {}, []
    for split in ("validation", "test"):
        trace, stated = run.trace(split), getattr(run.summary, split).accuracy
        found = evaluate.evaluate(trace.logits, trace.labels, cost.macs, policy)
        if found.accuracy != stated:
            raise RunError(
                f"{run.path}: the thresholds give {found.accuracy} % on {split}, summary.json says "
                f"{stated} %; run its config again: --force"
            )
        operations[split] = cards.Operation(
            found.samples, found.accuracy, tuple(found.exit_rates), found.mean_macs
        )
        accuracies.append(evaluate.exit_accuracies(trace.logits, trace.labels))
    rows = zip(cost.exits, *accuracies, cost.macs, cost.parameters, strict=True)
    return {
        "exits": [cards.Exit(*row) for row in rows],
        "trunk_macs": cost.trunk_macs,
        "criterion": run.summary.criterion,
        "thresholds": run.summary.thresholds,
        **operations,
    }


def _origin(run: RunData, config: RunConfig) -> cards.Origin:
    source = run.environment["source"]
    return cards.Origin(
        run=f"{config.experiment}/{run.name}",
        preset=run.summary.preset,
        note=config.note,
        commit=source["commit"],
        changed=source["changed"],
        torch=run.environment["versions"]["torch"],
    )


@torch.no_grad()
def _check_outputs(model: Branchy, normalizer: Normalizer, splits: Splits, run: RunData) -> None:
    for split, part in (("validation", splits.validation), ("test", splits.test)):
        trace = run.trace(split)
        for rows in torch.arange(len(trace.index)).split(500):
            place = trace.index[rows.numpy()]
            images = normalizer(torch.from_numpy(np.ascontiguousarray(part.images[place])))
            logits = torch.stack(model(images), dim=1).numpy()
            same = np.allclose(logits, trace.logits[rows.numpy()], rtol=TOLERANCE, atol=TOLERANCE)
            if not same or (part.labels[place] != trace.labels[rows.numpy()]).any():
                raise RunError(
                    f"{run.path}: model.pt does not give the {split} logits of traces.h5, or the data are "
                    "others; run its config again: --force"
                )


def run_on_engine(path: Path = ENGINE) -> None:
    """Run every network on the engine with the policy of its card, and write what that gives.

    Beside it runs the module in plain PyTorch, whose answers are compared.
    """
    networks = {name: _on_engine(name) for name in zoo.names()}
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(path, {"environment": environment.describe("cpu"), "networks": networks})


def _on_engine(name: str) -> dict[str, Any]:
    card, model = zoo.card(name), zoo.load(name)
    test = data.load(card.dataset).test
    batches = Batches(test, 500, normalizer=card.normalizer, shuffle=False, seed=0)
    trace = Trace(*inference.record(model, batches, torch.device("cpu")))
    engine = Engine(zoo.graph(name), card.policy)
    trunk = on_engine.trunk_of(model, card.input_shape)
    found = on_engine.evaluate(engine, trunk, (images for images, _, _ in batches), trace)
    chosen = np.linspace(0, len(test) - 1, TIMED).round().astype(np.int64)
    images = card.normalizer(torch.from_numpy(test.images[chosen]))
    print(f"{name}: {found['accuracy']:.2f} %")
    timed = on_engine.measure(engine, trunk, images, REPEATS)
    return {"sha256": card.sha256, "run": card.origin.run, **found, "time": timed}


def write_page(path: Path = PAGE) -> None:
    """Write the cards of all networks below the mark in a page; what stands above it stays."""
    above, mark, _ = path.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{path} has no line {MARK.strip()!r}; below it come the cards.")
    known = json.loads(ENGINE.read_text(encoding="utf-8"))["networks"]
    sections = [page.markdown(zoo.card(name)) for name in zoo.names()]
    sections.append(page.on_engine({name: known[name] for name in zoo.names() if name in known}))
    _atomic.replace(path, (above + mark + "\n" + "\n".join(sections)).encode())


def main() -> None:
    """Write the files that the arguments ask for."""
    if len(sys.argv) == 3:
        make(Path(sys.argv[1]), sys.argv[2])
    elif sys.argv[1:] == ["--export"]:
        export_again()
    elif sys.argv[1:] == ["--engine"]:
        run_on_engine()
    elif len(sys.argv) != 1:
        sys.exit(__doc__)
    write_page()


if __name__ == "__main__":
    main()
