"""From a name to a trained network."""

from __future__ import annotations

from typing import Any

import torch

from idn import models
from idn.branchy import Branchy
from idn.errors import StoreError
from idn.zoo import cards, weights


def load(name: str) -> Branchy:
    """Load a trained network, in evaluation mode, on the CPU.

    Its images are normalised by `card(name).normalizer` first. Two calls give two networks that share
    nothing; the state of torch's random numbers is left as it is.

    :param name: one of `names()`.
    :raises ValueError: if no network has this name.
    :raises idn.errors.StoreError: if its files are damaged, or do not belong to one another.
    """
    known = cards.card(name)
    path = cards.FOLDER / f"{name}.safetensors"
    tensors = weights.read(path, name, known.sha256)
    options: dict[str, Any] = dict(known.options)
    try:
        with torch.device("meta"):  # no memory and no random numbers for weights that are replaced at once
            model = models.build(known.model, **options)
    except ValueError as error:
        raise StoreError(f"the card of {name!r} names a network that cannot be built: {error}") from error
    exits = [one.name for one in known.exits]
    if not isinstance(model, Branchy) or model.exit_names != exits:
        raise StoreError(f"the card of {name!r} names the exits {exits}, which {known.model} has not.")
    weights.check(path, tensors, model.state_dict())
    model.load_state_dict(tensors, assign=True)
    return model.eval()
