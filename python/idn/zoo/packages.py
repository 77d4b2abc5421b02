"""The zoo's packages: written from a network and its card, and read only if they are the expected bytes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from idn._native import extension
from idn.branchy import Branchy
from idn.errors import PackageError, StoreError
from idn.exporting import export
from idn.zoo.cards import Card

if TYPE_CHECKING:
    from idn._idn.graph import Package

MAX_BYTES = 8 * 1024 * 1024
LICENCE = "Apache-2.0"  # that of idn, which made the weights; what the data ask for is in the provenance


def to_bytes(model: Branchy, card: Card) -> bytes:
    """Give the package of a network with what its card says; equal weights give equal bytes.

    Its constants are the entries of `state_dict()`, by the same names, so the network can be built from it.
    `card.sha256` is not looked at: it is that of what this returns.

    :raises ValueError: if the package would be larger than `MAX_BYTES`, or its constants would be others.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = export(
            model,
            torch.zeros(1, *card.input_shape),
            Path(folder) / f"{card.name}.safetensors",
            ranges={"input": card.normalizer.range},
            classes=card.classes,
            licence=LICENCE,
            provenance=_provenance(card),
        )
        content = path.read_bytes()
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"the package of {card.name!r} takes {len(content)} bytes, expected at most {MAX_BYTES}: "
            "the zoo is for small networks."
        )
    kept = tensors(extension.graph.Package.from_bytes(content))
    for key, value in model.state_dict().items():
        if key not in kept or not torch.equal(kept[key], value.cpu()):
            raise ValueError(f"{key} of {card.name!r} is not in its package; the zoo keeps whole networks.")
    return content


def read(path: Path, name: str, sha256: str) -> Package:
    """Read a package.

    :param name: of the network it must be of.
    :param sha256: of the whole file.
    :raises idn.errors.StoreError: if it is missing, too large, or anything but the package of that digest.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}. Install idn again.") from error
    if len(content) > MAX_BYTES:
        raise StoreError(f"{path} is larger than {MAX_BYTES} bytes. Install idn again.")
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256:
        raise StoreError(
            f"{path} is damaged or another file: its SHA-256 is {digest}, that of its card {sha256}. "
            "Install idn again."
        )
    try:
        package = extension.graph.Package.from_bytes(content)
    except PackageError as error:
        raise StoreError(f"{path} is no package: {error} Install idn again.") from error
    if (found := package.provenance.get("zoo")) != name:
        raise StoreError(f"{path} says it is {found!r}, expected {name!r}. Install idn again.")
    return package


def tensors(package: Package) -> dict[str, torch.Tensor]:
    """Give copies of the constants of a package, by name."""
    return {one["name"]: package.tensor(one["name"]) for one in package.constants}


def check(path: Path, found: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    """Compare names, shapes and types with those of the network they are for.

    :raises idn.errors.StoreError: naming the first that differs.
    """
    for key in sorted({*found, *expected}):
        ours, wanted = (_describe(part.get(key)) for part in (found, expected))
        if ours != wanted:
            raise StoreError(f"{path}: {key} is {ours}, the network of its card has {wanted} there.")


def _provenance(card: Card) -> dict[str, str]:
    origin = card.origin
    return {
        "zoo": card.name,
        "run": origin.run,
        "preset": origin.preset,
        "commit": origin.commit or "",
        "trained_with": f"torch {origin.torch}",
        "note": origin.note,
        "data": card.dataset,
        "data_homepage": card.data_homepage,
        "data_licence": card.data_licence,
        # What turns bytes into the input: less the mean, by the deviation, channel by channel.
        "mean": json.dumps(card.mean),
        "std": json.dumps(card.std),
    }


def _describe(tensor: torch.Tensor | None) -> str:
    return "missing" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"
