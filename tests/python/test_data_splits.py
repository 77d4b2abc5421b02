"""What is trained on, chosen on and reported on never mix, and are the same on every machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from idn import data
from idn.data import Dataset, Normalizer, Splits
from idn.data.split import hold_out_test, hold_out_validation, keys

ROOT = os.environ.get("IDN_DATA_ROOT")
needs_cifar10 = pytest.mark.skipif(
    not (ROOT and (Path(ROOT) / "cifar-10-batches-bin").is_dir()),
    reason="no cifar-10-batches-bin under IDN_DATA_ROOT",
)


def random_dataset(samples: int = 500, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (samples, 3, 5, 5), dtype=np.uint8)
    return Dataset("random", images, rng.integers(0, 4, samples), list("abcd"))


def fingerprints(dataset: Dataset) -> list[bytes]:
    return [
        bytes([label]) + image.tobytes() for image, label in zip(dataset.images, dataset.labels, strict=True)
    ]


def assert_disjoint(splits: Splits) -> None:
    train, validation, test = (set(fingerprints(p)) for p in (splits.train, splits.validation, splits.test))
    assert not train & validation
    assert not train & test
    assert not validation & test


@pytest.fixture(scope="module")
def cifar10() -> Splits:
    return data.load("cifar10")


def test_every_sample_is_in_one_part_with_its_own_label() -> None:
    whole = random_dataset()
    rest, test = hold_out_test(whole, 100)
    train, validation = hold_out_validation(rest, 50, seed=0)
    assert [len(train), len(validation), len(test)] == [350, 50, 100]
    parts = fingerprints(train) + fingerprints(validation) + fingerprints(test)
    assert sorted(parts) == sorted(fingerprints(whole))
    assert [train.name, validation.name, test.name] == ["random/train", "random/validation", "random/test"]


def test_a_split_does_not_depend_on_the_order_of_the_samples() -> None:
    whole = random_dataset()
    mixed = whole.select(np.random.default_rng(1).permutation(len(whole)), "random")
    for one, other in zip(hold_out_validation(whole, 50, 3), hold_out_validation(mixed, 50, 3), strict=True):
        assert fingerprints(one) == fingerprints(other)


def test_another_seed_holds_out_other_samples_but_the_same_test_part() -> None:
    first, second = data.load("digits", seed=0), data.load("digits", seed=1)
    assert fingerprints(first.test) == fingerprints(second.test)
    shared = set(fingerprints(first.validation)) & set(fingerprints(second.validation))
    # A fifth of 297 is expected in both by chance.
    assert len(shared) < 120


def test_held_out_samples_are_a_fair_draw() -> None:
    whole = random_dataset(20_000)
    values = keys(whole.images, 0)
    assert len(np.unique(values)) == len(values)
    # 16 bins of 1,250 expected; chi-squared with 15 degrees of freedom is above 37.7 once in a thousand.
    bins = np.bincount((values >> np.uint64(60)).astype(np.int64), minlength=16)
    assert ((bins - 1250) ** 2 / 1250).sum() < 37.7
    assert not np.array_equal(np.argsort(values), np.argsort(keys(whole.images, 1)))


def test_the_split_of_the_digits_never_changes() -> None:
    splits = data.load("digits")
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [1200, 297, 300]
    assert_disjoint(splits)
    found = [
        hashlib.sha256(part.images.tobytes() + part.labels.tobytes()).hexdigest()[:16]
        for part in (splits.train, splits.validation, splits.test)
    ]
    # Taken when this was written: a change would make results of different versions incomparable.
    assert found == ["8a8b64c2be1dd08f", "c79cfc778eed1206", "40a9414f56844e41"]


def test_the_size_of_the_validation_part_can_be_chosen() -> None:
    splits = data.load("digits", validation=100)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [1397, 100, 300]


@pytest.mark.parametrize("validation", [0, -5, 1497, 5000])
def test_a_part_without_samples_is_refused(validation: int) -> None:
    with pytest.raises(ValueError, match=f"is to hold {validation} of the 1497 samples.*expected 1 to 1496"):
        data.load("digits", validation=validation)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed is -1, expected a number >= 0"):
        data.load("digits", seed=-1)


def test_images_labels_and_classes_must_fit_together() -> None:
    images, labels = np.zeros((3, 1, 2, 2), dtype=np.uint8), np.array([0, 1, 2])
    with pytest.raises(ValueError, match="label of sample 2 of 'x' is 2, expected 0 to 1 for 2 classes"):
        Dataset("x", images, labels, ["a", "b"])
    with pytest.raises(ValueError, match=r"labels of 'x' are int64 of shape \(2,\)"):
        Dataset("x", images, labels[:2], ["a", "b", "c"])
    with pytest.raises(ValueError, match="images of 'x' are float64"):
        Dataset("x", images.astype(np.float64), labels, ["a", "b", "c"])  # type: ignore[arg-type]
    good = Dataset("x", images, labels, ["a", "b", "c"])
    with pytest.raises(ValueError, match="expected the same classes"):
        Splits(good, Dataset("y", images, labels, ["a", "c", "b"]), good)
    with pytest.raises(ValueError, match="expected one shape in every split"):
        Splits(good, good, Dataset("y", np.zeros((3, 1, 2, 3), dtype=np.uint8), labels, ["a", "b", "c"]))


@needs_cifar10
def test_cifar10_is_split_as_published_without_overlap(cifar10: Splits) -> None:
    assert [len(cifar10.train), len(cifar10.validation), len(cifar10.test)] == [45_000, 5_000, 10_000]
    assert_disjoint(cifar10)
    assert np.bincount(cifar10.test.labels).tolist() == [1000] * 10
    both = np.bincount(cifar10.train.labels) + np.bincount(cifar10.validation.labels)
    assert both.tolist() == [5000] * 10
    # 500 of each class expected; the deviation of the hypergeometric count is 20.1.
    assert abs(np.bincount(cifar10.validation.labels) - 500).max() < 4 * 20.1


@needs_cifar10
def test_cifar10_has_the_published_channel_statistics(cifar10: Splits) -> None:
    images = np.concatenate([cifar10.train.images, cifar10.validation.images])
    normalizer = Normalizer.fit(images)
    # The numbers in general use are rounded to four decimals of 0 to 1.
    np.testing.assert_allclose(np.divide(normalizer.mean, 255), [0.4914, 0.4822, 0.4465], atol=5e-5)
    np.testing.assert_allclose(np.divide(normalizer.std, 255), [0.2470, 0.2435, 0.2616], atol=5e-5)
