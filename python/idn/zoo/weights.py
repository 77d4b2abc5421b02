"""Files of weights: safetensors, with a name and a version, read only if they are the expected bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors.torch
import torch

from idn.errors import StoreError

FORMAT_VERSION = 1
MAX_BYTES = 8 * 1024 * 1024


def to_bytes(name: str, tensors: Mapping[str, torch.Tensor]) -> bytes:
    """Give the content of a file of weights; equal weights give equal bytes.

    :raises ValueError: if the file would be larger than `MAX_BYTES`.
    """
    # One key only: safetensors writes several in an order that differs from call to call.
    plain = {key: value.detach().cpu().contiguous() for key, value in tensors.items()}
    content: bytes = safetensors.torch.save(plain, _metadata(name))
    if len(content) > MAX_BYTES:
        raise ValueError(
            f"the weights of {name!r} take {len(content)} bytes, expected at most {MAX_BYTES}: "
            "the zoo is for small networks."
        )
    return content


def read(path: Path, name: str, sha256: str) -> dict[str, torch.Tensor]:
    """Read a file of weights.

    :param name: of the network it must be of.
    :param sha256: of the whole file.
    :raises idn.errors.StoreError: if it is missing, too large, or anything but the file of that digest.
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
        tensors = safetensors.torch.load(content)
        length = int.from_bytes(content[:8], "little")
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__")
    except Exception as error:  # safetensors promises nothing about what it raises
        raise StoreError(f"{path} is no file of weights: {error}. Install idn again.") from error
    if metadata != _metadata(name):
        raise StoreError(f"{path} says it is {metadata}, expected {_metadata(name)}. Install idn again.")
    return {key: value.clone() for key, value in tensors.items()}


def check(path: Path, tensors: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]) -> None:
    """Compare names, shapes and types with those of the network they are for.

    :raises idn.errors.StoreError: naming the first that differs.
    """
    for key in sorted({*tensors, *expected}):
        found, wanted = (_describe(part.get(key)) for part in (tensors, expected))
        if found != wanted:
            raise StoreError(f"{path}: {key} is {found}, the network of its card has {wanted} there.")


def _describe(tensor: torch.Tensor | None) -> str:
    return "missing" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"


def _metadata(name: str) -> dict[str, str]:
    return {"idn_zoo": f"version {FORMAT_VERSION}, {name}"}
