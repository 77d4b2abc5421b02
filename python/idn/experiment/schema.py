"""What a run config may hold. Unknown keys are refused everywhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from idn.training.config import TrainingConfig

Preset = Literal["smoke", "cpu", "paper", "custom"]
Option = bool | int | float | str | list[bool | int | float | str] | None


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Section):
    """What to train on."""

    name: str = Field(description="digits, cifar10, mnist, or the path of a folder or .h5 file of your own")
    root: str | None = Field(
        None, description="where data sets lie; IDN_DATA_ROOT, then the user's cache, if unset"
    )
    validation: Annotated[int, Field(ge=1)] | None = Field(
        None, description="samples held out of the training part; what is usual for the data set if unset"
    )
    seed: int = Field(0, ge=0, description="which samples are held out")


class ModelConfig(BaseModel):
    """A network by name; every other key is an option of its builder (checked against its arguments)."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Option]

    name: str = Field(description="one of idn.models.names()")

    @property
    def options(self) -> dict[str, Option]:
        """The builder's options as given."""
        return dict(self.__pydantic_extra__ or {})


class CriterionConfig(_Section):
    """When a sample leaves at an early exit (idn.exits)."""

    name: Literal["confidence", "entropy", "margin", "patience", "vote", "learned"] = "entropy"
    normalized: bool = Field(
        True, description="entropy only: divided by log |C|; if false in nats, and leaving strictly below"
    )
    temperature: float | list[float] = Field(1.0, description="of the softmax: one number, or one per exit")
    calibrate: bool = Field(
        False, description="fits one temperature per exit on validation data, instead of giving them"
    )

    @field_validator("temperature")
    @classmethod
    def _positive(cls, temperature: float | list[float]) -> float | list[float]:
        for value in temperature if isinstance(temperature, list) else [temperature]:
            if not 0 < value < float("inf"):
                raise ValueError(f"a temperature must be positive and finite, not {value}")
        return temperature

    @model_validator(mode="after")
    def _calibrated_has_a_temperature(self) -> CriterionConfig:
        if self.calibrate and self.name in ("patience", "vote", "learned"):
            raise ValueError(f"calibrate fits temperatures, but {self.name} has none; leave it out")
        if self.calibrate and self.temperature != 1.0:
            raise ValueError(f"calibrate fits the temperature; leave out the one given, {self.temperature}")
        return self

    def options(self) -> dict[str, bool | float | list[float]]:
        """What `idn.exits.make` takes beside name, thresholds and what is fitted."""
        if self.name in ("patience", "vote", "learned"):
            return {}
        if self.name == "entropy":
            return {"temperature": self.temperature, "normalized": self.normalized}
        return {"temperature": self.temperature}


class ThresholdsConfig(_Section):
    """How thresholds are chosen, on validation data alone."""

    candidates_per_exit: Annotated[int, Field(ge=2, le=1000)] | None = Field(
        None,
        description="quantiles of the validation scores tried at early exits before the last two, where all "
        "scores are tried; if unset all scores everywhere, or as many as are searched within a minute",
    )
    max_accuracy_drop: float = Field(
        0.0,
        ge=0,
        le=100,
        description="percentage points of validation accuracy that may be lost against the last exit",
    )


class MeasureConfig(_Section):
    """How the time per sample is measured, one sample at a time."""

    samples: int = Field(200, ge=1, description="test samples, the same for both networks")
    repeats: int = Field(
        7, ge=1, description="times each sample is run; from six on their range covers the median with 95 %"
    )


class BatchingConfig(_Section):
    """Batches on the engine: what dropping the samples that left at exit 1 is worth (experiment.batching)."""

    batch_sizes: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(
        [1, 8, 32, 128], min_length=1, description="samples that are answered together"
    )
    leave: list[Annotated[float, Field(ge=0, lt=100)]] = Field(
        [0.0, 20.0, 40.0, 60.0, 80.0, 95.0],
        min_length=1,
        description="percent that leave at exit 1: thresholds are these quantiles of validation scores",
    )
    samples: int = Field(
        512, ge=1, description="test samples that are cut into batches of each size, a batch at least"
    )
    repeats: int = Field(7, ge=1, description="times each batch is run in each way")


class RunConfig(_Section):
    """A whole run: from data to report."""

    experiment: str = Field(
        "custom",
        pattern=r"^[a-z0-9][a-z0-9_]{0,63}$",
        description="its slug; the published claims come from there",
    )
    preset: Preset = Field(
        "custom",
        description="smoke, cpu (a shortened schedule), paper (as published), or custom: none of these",
    )
    note: str = Field("", description="what was shortened or changed against the published setting")
    start_from: str | None = Field(
        None,
        description="a config whose trained network this one starts from, or :VARIANT of the same study; "
        "exits the other lacks start untrained; or zoo/NAME, a network of the zoo",
    )
    data: DataConfig
    model: ModelConfig
    training: TrainingConfig
    criterion: CriterionConfig = CriterionConfig()
    thresholds: ThresholdsConfig = ThresholdsConfig()
    measure: MeasureConfig = MeasureConfig()
    batching: BatchingConfig | None = Field(None, description="measured on the engine where it is given")

    @model_validator(mode="after")
    def _something_is_trained(self) -> RunConfig:
        if not self.training.stages and self.start_from is None:
            raise ValueError("training.stages is empty, and there is no start_from to take a network from")
        return self

    @model_validator(mode="after")
    def _normalized_is_of_entropy(self) -> RunConfig:
        criterion = self.criterion
        if criterion.name != "entropy" and not criterion.normalized:
            raise ValueError(
                f"criterion.normalized is of entropy only, not of {criterion.name}; leave it out"
            )
        return self
