"""Write the handwritten digits that come inside the package, python/idn/data/digits.h5, from scikit-learn's
copy.

python scripts/make_digits.py [PATH]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from idn import store

PATH = Path(__file__).resolve().parents[1] / "python" / "idn" / "data" / "digits.h5"
ATTRIBUTES = {
    "name": "digits",
    "classes": json.dumps([str(digit) for digit in range(10)]),
    "license": "CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    "citation": "E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning "
    "Repository, 1998. https://doi.org/10.24432/C50P49",
    "source": "The test part of the UCI data set (1,797 samples, 8x8), as scikit-learn's load_digits "
    "gives it.",
    "changes": "Values 0 to 16 are stored as round(value * 255 / 16).",
}


def main() -> None:
    """Write the file and say how large it is."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PATH
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[:, np.newaxis]
    store.write(path, {"images": images, "labels": digits.target.astype(np.int64)}, ATTRIBUTES)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
