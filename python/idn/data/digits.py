"""The UCI handwritten digits (Alpaydin and Kaynak 1998, CC BY 4.0), 1,797 of them, inside the package.

They are those of scikit-learn's load_digits. Their values 0 to 16 are stored as round(value * 255 / 16),
which loses nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

from idn.data.dataset import Dataset
from idn.errors import DataError, StoreError

VALIDATION = 297
TEST = 300
PATH = Path(__file__).parent / "digits.h5"


def read() -> Dataset:
    """Read all 1,797 digits, in scikit-learn's order.

    :raises DataError: if the file in the package is damaged.
    """
    from idn import store

    try:
        arrays = store.read(PATH, ["images", "labels"])
        classes = json.loads(store.attributes(PATH)["classes"])
        return Dataset("digits", arrays["images"], arrays["labels"], classes)
    except (StoreError, KeyError, ValueError) as error:
        raise DataError(f"{PATH} is damaged: {error} Install idn again.") from error
