"""Normalisation, augmentation and batches: as slow references do it, whatever the threads and processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
import torch

from idn._native import extension
from idn.data import Augment, Batches, Dataset, Normalizer
from idn.data.augment import Draw

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def random_dataset(samples: int = 50, shape: tuple[int, int, int] = (3, 12, 10), seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (samples, *shape), dtype=np.uint8)
    return Dataset("random", images, rng.integers(0, 4, samples), list("abcd"))


def slow_augment(image: np.ndarray, pad: int, top: int, left: int, flip: bool) -> np.ndarray:
    """One image (channels, height, width), as one would write it first."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
    crop = padded[:, top : top + height, left : left + width]
    return crop[:, :, ::-1] if flip else crop


def make_batches(dataset: Dataset, batch_size: int = 8, **options: object) -> Batches:
    arguments = {"shuffle": True, "seed": 3, "augment": Augment(pad=2), **options}
    return Batches(dataset, batch_size, normalizer=Normalizer.fit(dataset.images), **arguments)  # type: ignore[arg-type]


def assert_same_batches(first: Sequence[Batch], second: Sequence[Batch]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_normalisation_is_by_the_mean_and_deviation_of_each_channel() -> None:
    images = random_dataset(200).images
    normalizer = Normalizer.fit(images)
    pixels = images.astype(np.float64)
    # The fit works in whole numbers, numpy's mean and deviation in float64: they agree to its rounding.
    np.testing.assert_allclose(normalizer.mean, pixels.mean((0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(normalizer.std, pixels.std((0, 2, 3)), rtol=1e-12)
    normal = normalizer(torch.from_numpy(images)).double()
    # float32 has 24 bits, and 24,000 values average its rounding down.
    torch.testing.assert_close(normal.mean((0, 2, 3)), torch.zeros(3, dtype=torch.float64), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        normal.std((0, 2, 3), unbiased=False), torch.ones(3, dtype=torch.float64), atol=1e-6, rtol=0
    )


def test_a_channel_that_never_changes_becomes_zero() -> None:
    images = np.full((5, 2, 4, 4), 7, dtype=np.uint8)
    images[:, 1] = np.arange(16).reshape(4, 4)
    normalizer = Normalizer.fit(images)
    assert normalizer.std[0] == 1.0
    assert torch.count_nonzero(normalizer(torch.from_numpy(images))[:, 0]) == 0


def test_unfit_images_are_refused_by_the_normaliser() -> None:
    normalizer = Normalizer((0.0,), (1.0,))
    with pytest.raises(ValueError, match=r"torch.float32 of shape \(2, 1, 3, 3\), expected torch.uint8"):
        normalizer(torch.zeros(2, 1, 3, 3))
    with pytest.raises(ValueError, match=r"expected torch.uint8 \(batch, 1, height, width\)"):
        normalizer(torch.zeros(2, 3, 3, 3, dtype=torch.uint8))
    with pytest.raises(ValueError, match="float64"):
        Normalizer.fit(np.zeros((2, 1, 3, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="std > 0"):
        Normalizer((0.0,), (0.0,))


@pytest.mark.parametrize("shape", [(3, 12, 10), (1, 8, 8), (2, 5, 3)])
def test_every_crop_and_flip_is_that_of_the_slow_reference(shape: tuple[int, int, int]) -> None:
    pad = 2
    choices = [(top, left, flip) for top in range(5) for left in range(5) for flip in (False, True)]
    images = random_dataset(len(choices), shape).images
    draw = Draw(*(torch.tensor(column) for column in zip(*choices, strict=True)))
    found = Augment(pad).apply(torch.from_numpy(images), draw).numpy()
    for image, augmented, choice in zip(images, found, choices, strict=True):
        np.testing.assert_array_equal(augmented, slow_augment(image, pad, *choice))


def test_every_crop_and_flip_is_equally_likely() -> None:
    draw = Augment(pad=1).draw(18_000, torch.Generator().manual_seed(0))
    cells = torch.bincount((draw.top * 3 + draw.left) * 2 + draw.flip.long(), minlength=18)
    # 18 cells of 1,000 expected; chi-squared with 17 degrees of freedom exceeds 40.8 once in a thousand.
    assert ((cells - 1000).square() / 1000).sum() < 40.8
    assert not Augment(flip=False).draw(100, torch.Generator().manual_seed(0)).flip.any()


def test_augmentation_follows_from_its_generator() -> None:
    images = torch.from_numpy(random_dataset().images)
    first, second, other = (Augment()(images, torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.dtype == torch.uint8


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 8, 8), (2, 5, 7), (3, 9, 17)])
@pytest.mark.parametrize("reach", [0, 4, 40])
def test_the_fused_pass_has_the_bits_of_normalising_then_augmenting(
    shape: tuple[int, int, int], reach: int
) -> None:
    dataset = random_dataset(64, shape)
    images = torch.from_numpy(dataset.images)
    normalizer = Normalizer.fit(dataset.images)
    augment = Augment(pad=reach)
    draw = augment.draw(100, torch.Generator().manual_seed(1))
    index = torch.randint(0, 64, (100,), generator=torch.Generator().manual_seed(2))
    found = extension.data.crop_batch(
        images,
        index,
        mean=normalizer.mean,
        inverse_std=normalizer.inverse_std,
        top=draw.top - reach,
        left=draw.left - reach,
        flip=draw.flip,
    )
    assert torch.equal(found, augment.apply(normalizer(images[index]), draw))


def test_an_index_out_of_range_is_refused_by_the_fused_pass() -> None:
    images = torch.zeros(3, 1, 8, 8, dtype=torch.uint8)
    zeros = torch.zeros(2, dtype=torch.int64)
    options = {"mean": [0.0], "inverse_std": [1.0], "top": zeros, "left": zeros, "flip": zeros.bool()}
    with pytest.raises(ValueError, match="index holds 3, expected 0 to 2"):
        extension.data.crop_batch(images, torch.tensor([0, 3]), **options)
    with pytest.raises(ValueError, match=r"top is Long of shape \[2\]"):
        extension.data.crop_batch(images, torch.tensor([0]), **options)
    with pytest.raises(ValueError, match="images are Float"):
        extension.data.crop_batch(images.float(), zeros, **options)


def test_padding_is_exactly_zero_after_normalisation() -> None:
    images = np.full((40, 1, 8, 8), 255, dtype=np.uint8)
    images[0] = 0
    dataset = Dataset("white", images, np.zeros(40, dtype=np.int64), ["a"])
    batches = Batches(
        dataset, 40, normalizer=Normalizer.fit(images), augment=Augment(4), shuffle=False, seed=0
    )
    values = next(iter(batches))[0][1:].unique()
    assert len(values) == 2
    assert 0.0 in values.tolist()


def test_batches_without_augmentation_are_the_normalised_images_in_order() -> None:
    dataset = random_dataset()
    batches = make_batches(dataset, 16, augment=None, shuffle=False)
    assert len(batches) == 4
    found = list(batches)
    assert [len(labels) for _, labels, _ in found] == [16, 16, 16, 2]
    normal = Normalizer.fit(dataset.images)(torch.from_numpy(dataset.images))
    assert torch.equal(torch.cat([images for images, _, _ in found]), normal)
    assert torch.equal(torch.cat([labels for _, labels, _ in found]), torch.from_numpy(dataset.labels))
    assert torch.equal(torch.cat([index for _, _, index in found]), torch.arange(50))


def test_shuffled_batches_hold_every_sample_once_with_its_own_label_and_pixels() -> None:
    dataset = random_dataset()
    found = list(make_batches(dataset, augment=None))
    index = torch.cat([index for _, _, index in found])
    assert index.tolist() != list(range(50))
    assert sorted(index.tolist()) == list(range(50))
    assert torch.equal(torch.cat([labels for _, labels, _ in found]), torch.from_numpy(dataset.labels)[index])
    normal = Normalizer.fit(dataset.images)(torch.from_numpy(dataset.images))
    assert torch.equal(torch.cat([images for images, _, _ in found]), normal[index])


def test_an_augmented_image_is_a_crop_of_its_own_image() -> None:
    dataset = random_dataset(8)
    normal = Normalizer.fit(dataset.images)(torch.from_numpy(dataset.images)).numpy()
    images, _, index = next(iter(make_batches(dataset, 8)))
    for image, own in zip(images.numpy(), index.tolist(), strict=True):
        crops = [
            slow_augment(normal[own], 2, top, left, flip)
            for top in range(5)
            for left in range(5)
            for flip in (False, True)
        ]
        assert sum(np.array_equal(image, crop) for crop in crops) == 1


def test_the_same_seed_and_epoch_give_the_same_bits() -> None:
    dataset = random_dataset()
    batches = make_batches(dataset)
    first = list(batches)
    assert_same_batches(first, list(batches))
    assert_same_batches(first, list(make_batches(dataset)))
    batches.set_epoch(1)
    assert batches.epoch == 1
    assert not torch.equal(next(iter(batches))[2], first[0][2])
    batches.set_epoch(0)
    assert_same_batches(first, list(batches))
    assert not torch.equal(next(iter(make_batches(dataset, seed=4)))[2], first[0][2])


def test_the_number_of_threads_changes_nothing() -> None:
    dataset = random_dataset(400, (3, 32, 32))
    one = list(make_batches(dataset, 200))
    torch.set_num_threads(2)
    assert_same_batches(one, list(make_batches(dataset, 200)))


def test_the_global_random_state_is_neither_read_nor_changed() -> None:
    torch.manual_seed(0)
    first = list(make_batches(random_dataset()))
    state = torch.get_rng_state()
    torch.manual_seed(1)
    assert_same_batches(first, list(make_batches(random_dataset())))
    torch.manual_seed(0)
    assert torch.equal(torch.get_rng_state(), state)


def test_an_epoch_resumed_at_any_batch_has_the_bits_of_a_whole_one() -> None:
    batches = make_batches(random_dataset())
    batches.set_epoch(7)
    whole = list(batches)
    for begin in range(len(batches) + 1):
        assert_same_batches(whole[begin:], list(batches.starting_at(begin)))
    with pytest.raises(ValueError, match="batch is 8, expected 0 to 7"):
        batches.starting_at(8)


@pytest.mark.parametrize("world", [2, 4])
@pytest.mark.parametrize("samples", [48, 49, 51, 53])
def test_processes_share_each_batch_of_a_single_one(world: int, samples: int) -> None:
    dataset = random_dataset(samples)
    single = list(make_batches(dataset))
    ranks = [list(make_batches(dataset, rank=rank, world=world)) for rank in range(world)]
    index = torch.cat([batch[2] for rank in ranks for batch in rank])
    assert sorted(index.tolist()) == list(range(samples))
    assert len({len(rank) for rank in ranks}) == 1, "every process takes as many steps"
    assert all(len(labels) > 0 for rank in ranks for _, labels, _ in rank), "and has something to do in each"
    for number in range(samples // 8):  # a short last batch may have joined the one before
        for rank, shares in enumerate(ranks):
            share = shares[number]
            for whole, part in zip(single[number], share, strict=True):
                assert torch.equal(part[: len(whole[rank::world])], whole[rank::world])


def test_dropping_the_last_batch_leaves_whole_ones() -> None:
    batches = make_batches(random_dataset(), drop_last=True)
    assert len(batches) == 6
    assert {len(labels) for _, labels, _ in batches} == {8}
    assert len(make_batches(random_dataset(48), drop_last=True)) == 6


def test_read_only_images_are_taken_too() -> None:
    dataset = random_dataset()
    dataset.images.setflags(write=False)
    dataset.labels.setflags(write=False)
    assert len(list(make_batches(dataset))) == 7


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 7, "world": 2}, "batch_size is 7, expected a positive multiple of the 2 processes"),
        ({"batch_size": 64, "drop_last": True}, "has 50 samples, too few for one batch of 64"),
        ({"seed": -1}, "seed is -1"),
        ({"rank": 2, "world": 2}, "rank is 2 of 2"),
        ({"normalizer": Normalizer((0.0,), (1.0,))}, "have 3 channels, the normaliser was made for 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], message: str) -> None:
    arguments = {
        "batch_size": 8,
        "normalizer": Normalizer((0.0,) * 3, (1.0,) * 3),
        "shuffle": True,
        "seed": 0,
        **options,
    }
    with pytest.raises(ValueError, match=message):
        Batches(random_dataset(), **arguments)  # type: ignore[arg-type]


def test_a_negative_epoch_and_padding_are_refused() -> None:
    with pytest.raises(ValueError, match="epoch is -1"):
        make_batches(random_dataset()).set_epoch(-1)
    with pytest.raises(ValueError, match="pad is -1"):
        Augment(pad=-1)
    with pytest.raises(ValueError, match=r"shape \(3, 8, 8\), expected"):
        Augment()(torch.zeros(3, 8, 8), torch.Generator())
