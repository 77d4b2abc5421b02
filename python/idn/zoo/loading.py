"""From a name to a trained network: as a module, as a graph, or as the file that holds both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from idn import models
from idn.branchy import Branchy
from idn.errors import StoreError
from idn.graph import Graph, Passes
from idn.zoo import cards, packages


def path(name: str) -> Path:
    """Give the file of a network's package, for whatever takes a package.

    :param name: one of `names()`.
    :raises ValueError: if no network has this name.
    :raises idn.errors.StoreError: if its card is damaged.
    """
    return cards.FOLDER / f"{cards.card(name).name}.safetensors"


def graph(name: str, *, device: torch.device | str = "cpu", passes: Passes | None = None) -> Graph:
    """Open the package of a network, ready to run without the module.

    Its images are normalised by `card(name).normalizer` first.

    :param name: one of `names()`.
    :param device: where it runs.
    :param passes: which rewritings are done first; all by default.
    :raises ValueError: if no network has this name.
    :raises idn.errors.StoreError: if its files are damaged, or do not belong to one another.
    """
    package = packages.read(path(name), name, cards.card(name).sha256)
    return Graph(package, device=device, passes=passes)


def load(name: str) -> Branchy:
    """Load a trained network as a module, in evaluation mode, on the CPU.

    Its images are normalised by `card(name).normalizer` first. Two calls give two networks that share
    nothing; the state of torch's random numbers is left as it is.

    :param name: one of `names()`.
    :raises ValueError: if no network has this name.
    :raises idn.errors.StoreError: if its files are damaged, or do not belong to one another.
    """
    known = cards.card(name)
    file = path(name)
    tensors = packages.tensors(packages.read(file, name, known.sha256))
    options: dict[str, Any] = dict(known.options)
    try:
        with torch.device("meta"):  # no memory and no random numbers for weights that are replaced at once
            model = models.build(known.model, **options)
    except ValueError as error:
        raise StoreError(f"the card of {name!r} names a network that cannot be built: {error}") from error
    exits = [one.name for one in known.exits]
    if not isinstance(model, Branchy) or model.exit_names != exits:
        raise StoreError(f"the card of {name!r} names the exits {exits}, which {known.model} has not.")
    packages.check(file, tensors, model.state_dict())
    model.load_state_dict(tensors, assign=True)
    return model.eval()
