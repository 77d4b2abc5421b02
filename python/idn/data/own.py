"""What the user's own data sets have in common: which samples are held out when the files do not say."""

from __future__ import annotations

from idn.data.dataset import Dataset, Splits
from idn.data.split import hold_out_test, hold_out_validation
from idn.errors import DataError

FEWEST_SAMPLES = 10
MOST_CLASSES = 65_536
MOST_BYTES = 16 << 30


def split(parts: dict[str, Dataset], validation: int | None, seed: int) -> Splits:
    """Complete the parts that are there ("train" always, "validation" and "test" perhaps) to all three
    splits.

    A missing test part is a fifth of the samples, the same whatever the seed; a missing validation part a
    tenth of what is left.

    :raises ValueError: if `validation` is given for data that have a validation part.
    :raises DataError: if there are fewer than ten samples to split.
    """
    train = parts["train"]
    if len(parts) < 3 and len(train) < FEWEST_SAMPLES:
        raise DataError(
            f"{train.name!r} has {len(train)} samples, too few to hold some out; give it at least "
            f"{FEWEST_SAMPLES}, or "
            "give train, validation and test parts."
        )
    if "test" in parts:
        test = parts["test"]
    else:
        train, test = hold_out_test(train, len(train) // 5)
    if "validation" not in parts:
        count = max(1, len(train) // 10) if validation is None else validation
        return Splits(*hold_out_validation(train, count, seed), test)
    if validation is not None:
        raise ValueError(
            f"validation is {validation}, but {parts['validation'].name!r} comes with the data; leave it out."
        )
    return Splits(train, parts["validation"], test)
