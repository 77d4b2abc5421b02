"""Which samples are held out: decided by a seed and each image's own pixels, never by its place in a file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from idn.data.dataset import Dataset

_TEST_SEED = (
    2016  # of data sets that come without a test part: fixed, so that no choice of a seed touches test data
)


def keys(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint64]:
    """Return one pseudo-random 64-bit number for each image: a multilinear hash of its bytes, keyed by the
    seed.

    The same image has the same key in whatever order or file it came, so copies of a data set packed in
    different orders are split alike, and images that are equal byte by byte are neighbours in the order of
    the keys.
    """
    flat = np.ascontiguousarray(images).reshape(len(images), -1)
    padding = -flat.shape[1] % 8
    if padding:
        flat = np.pad(flat, ((0, 0), (0, padding)))
    words = flat.view("<u8")
    # numpy promises that the raw stream of a bit generator never changes, unlike the functions built on it.
    factors = np.random.PCG64(seed).random_raw(words.shape[1] + 1).astype(np.uint64) | np.uint64(1)
    value = np.empty(len(words), dtype=np.uint64)
    for begin in range(0, len(words), 4096):  # in blocks, so the products fit the cache
        block = words[begin : begin + 4096] * factors[:-1]
        value[begin : begin + 4096] = block.sum(axis=1, dtype=np.uint64) + factors[-1]
    # The finishing step of SplitMix64, so that neighbouring sums end far apart.
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(value ^ (value >> np.uint64(31)), dtype=np.uint64)


def hold_out(
    dataset: Dataset, count: int, seed: int, rest_name: str, held_name: str
) -> tuple[Dataset, Dataset]:
    """Split a data set in two: all but `count` samples, and those `count`; both in the order of their keys.

    :raises ValueError: unless both parts get at least one sample, or if the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed is {seed}, expected a number >= 0.")
    if not 0 < count < len(dataset):
        raise ValueError(
            f"{held_name!r} is to hold {count} of the {len(dataset)} samples of {dataset.name!r}, "
            f"expected 1 to {len(dataset) - 1}."
        )
    order = np.argsort(keys(dataset.images, seed), kind="stable").astype(np.int64)
    return dataset.select(order[count:], rest_name), dataset.select(order[:count], held_name)


def hold_out_test(dataset: Dataset, count: int) -> tuple[Dataset, Dataset]:
    """Split off the test part of a data set that has none of its own; no seed of a run changes it."""
    return hold_out(dataset, count, _TEST_SEED, dataset.name, f"{dataset.name}/test")


def hold_out_validation(dataset: Dataset, count: int, seed: int) -> tuple[Dataset, Dataset]:
    """Split training data into what is trained on and what thresholds are chosen on."""
    name = dataset.name.removesuffix("/train")
    return hold_out(dataset, count, seed, f"{name}/train", f"{name}/validation")
