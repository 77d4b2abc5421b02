"""Contact sheets: images of the test split by the exit they left at."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from idn.errors import DataError
from idn.report import html
from idn.report.answers import Answers
from idn.report.run_images import RunImages

__all__ = ["chosen", "contact_sheet", "png"]

RIGHT, WRONG = 4, 3  # images per exit; a page over 20 runs of three exits stays below 3 MB
SIDE = 64  # pixels; larger images are made smaller


def contact_sheet(answers: Answers, images: RunImages) -> str:
    """For each exit, the test images it was surest of, right and wrong; a sentence where there are none."""
    try:
        found = images.of(answers.run, answers.test)
    except DataError as error:
        return html.paragraph(f"No images: {error}.", "soft")
    return "".join(
        html.subtitle(f"{name}: {int((answers.left == index).sum()):,} samples left here")
        + _sheet(answers, found, chosen(answers, index))
        for index, name in enumerate(answers.exit_names)
    )


def chosen(answers: Answers, exit_index: int) -> NDArray[np.int64]:
    """Which test samples stand for an exit: of those that left there the surest right, then wrong ones."""
    here = np.flatnonzero(answers.left == exit_index)
    surest = here[np.argsort(-answers.confidence[here], kind="stable")]
    right = answers.said[surest] == answers.test.labels[surest]
    return np.concatenate([surest[right][:RIGHT], surest[~right][:WRONG]])


def png(image: NDArray[np.uint8]) -> bytes:
    """An image (channels, height, width) as PNG, at most `SIDE` pixels a side.

    Three channels are colours; of any other number the first is shown in grey.
    """
    from PIL import Image

    pixels = image.transpose(1, 2, 0) if len(image) == 3 else image[0]
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _sheet(answers: Answers, images: NDArray[np.uint8], samples: NDArray[np.int64]) -> str:
    if len(samples) == 0:
        return ""
    return html.gallery(_picture(answers, images[sample], int(sample)) for sample in samples)


def _picture(answers: Answers, image: NDArray[np.uint8], sample: int) -> html.Picture:
    wrong = bool(answers.said[sample] != answers.test.labels[sample])
    said = answers.class_names[answers.said[sample]]
    label = answers.class_names[answers.test.labels[sample]]
    return html.Picture(
        png(image),
        caption=f"✗ {said}, is {label}" if wrong else said,
        about=f"called {said}, confidence {100 * answers.confidence[sample]:.1f} %, is {label}",
        marked=wrong,
    )
