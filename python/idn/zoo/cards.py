"""What is known of each network of the zoo: its card, a JSON file beside its package."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from idn.errors import StoreError

if TYPE_CHECKING:
    from idn.data import Normalizer
    from idn.exits import Policy

FOLDER = Path(__file__).parent
MAX_BYTES = 64 * 1024

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
_Percent = Annotated[float, Field(ge=0, le=100)]
_Count = Annotated[int, Field(ge=0)]
_Size = Annotated[int, Field(ge=1, le=512)]


@dataclass(frozen=True, config=_STRICT)
class Exit:
    """An exit answering for every sample: accuracies in percent, MACs and parameters with heads up to it."""

    name: str
    validation_accuracy: _Percent
    test_accuracy: _Percent
    macs: _Count
    parameters: _Count


@dataclass(frozen=True, config=_STRICT)
class Operation:
    """What the card's thresholds give on one split.

    `accuracy` and `exit_rates` (one per exit) in percent, `mean_macs` per sample with every head that ran.
    """

    samples: Annotated[int, Field(ge=1)]
    accuracy: _Percent
    exit_rates: tuple[_Percent, ...]
    mean_macs: Annotated[float, Field(gt=0)]


@dataclass(frozen=True, config=_STRICT)
class Origin:
    """The run that trained the network.

    `run` is the experiment and the name of the run's directory, `note` what was shortened or changed against
    the published setting, `commit` that of the code, None for a wheel, and `changed` whether files differed.
    """

    run: str
    preset: str
    note: str
    commit: str | None
    changed: bool | None
    torch: str


@dataclass(frozen=True, config=_STRICT)
class Card:
    """What is known of a network.

    `idn.models.build(model, **options)` gives it untrained. Its images are (batch, *input_shape), normalised
    by the channels' `mean` and `std` in units of a byte. `validation_samples` and `split_seed` are what
    `idn.data.load` takes to hold out the same validation samples; on these the `thresholds` of `criterion`
    were chosen. `trunk_macs` are those of one sample without any early exit. `sha256` is of the package.
    """

    name: str
    model: str
    options: dict[str, bool | int | float | str | tuple[str, ...]]
    dataset: str
    data_licence: str
    data_homepage: str
    classes: Annotated[tuple[str, ...], Field(min_length=2, max_length=1000)]
    input_shape: tuple[_Size, _Size, _Size]
    validation_samples: _Count
    split_seed: _Count
    mean: tuple[float, ...]
    std: tuple[Annotated[float, Field(gt=0)], ...]
    exits: Annotated[tuple[Exit, ...], Field(min_length=2)]
    trunk_macs: _Count
    criterion: dict[str, bool | float | str | tuple[float, ...]]
    thresholds: tuple[float | None, ...]
    validation: Operation
    test: Operation
    origin: Origin
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    def __post_init__(self) -> None:
        channels, early = self.input_shape[0], len(self.exits) - 1
        for what, found, expected in (
            ("mean", len(self.mean), channels),
            ("std", len(self.std), channels),
            ("thresholds", len(self.thresholds), early),
            ("validation.exit_rates", len(self.validation.exit_rates), early + 1),
            ("test.exit_rates", len(self.test.exit_rates), early + 1),
            ("options.classes", self.options.get("classes"), len(self.classes)),
            ("options.in_channels", self.options.get("in_channels"), channels),
            ("options.image_size", self.options.get("image_size"), self.input_shape[1]),
            ("input_shape[2]", self.input_shape[2], self.input_shape[1]),
        ):
            if found != expected:
                raise ValueError(f"{what}: found {found}, expected {expected} to fit the rest of the card")

    @property
    def parameters(self) -> int:
        """How many numbers are learned, heads included."""
        return self.exits[-1].parameters

    @property
    def normalizer(self) -> Normalizer:
        """What turns uint8 images (batch, channels, height, width) into what the network takes."""
        from idn.data import Normalizer

        return Normalizer(self.mean, self.std)

    @property
    def policy(self) -> Policy:
        """The criterion with the thresholds that were chosen on validation data.

        :raises ValueError: if the card names no criterion, or its options do not fit it.
        """
        from idn import exits

        options = dict(self.criterion)
        return exits.make(str(options.pop("name", "")), self.thresholds, **options)


_CARD = TypeAdapter(Card)


def names() -> list[str]:
    """Return the names of the networks in the package, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def card(name: str) -> Card:
    """Return what is known of a network.

    :raises ValueError: if none has this name; the message says which there are.
    :raises idn.errors.StoreError: if the card is damaged.
    """
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"the zoo has no network {name!r}; expected one of {', '.join(names())}.{hint}")
    path = FOLDER / f"{name}.json"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise StoreError(f"{path} is larger than {MAX_BYTES} bytes, so it is no card. Install idn again.")
        found = _CARD.validate_json(content, strict=True)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    except ValidationError as error:
        from idn.report.run_data import first_problem

        raise StoreError(f"{path} is damaged: {first_problem(error)}. Install idn again.") from error
    if found.name != name:
        raise StoreError(f"{path} is the card of {found.name!r}, not of {name!r}. Install idn again.")
    return found


def as_json(known: Card) -> str:
    """The card as its file holds it."""
    return json.dumps(asdict(known), indent=2, allow_nan=False) + "\n"
