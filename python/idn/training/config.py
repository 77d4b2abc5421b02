"""What a training run is made of, as values that are checked before anything starts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["AlphaWeights", "OptimizerConfig", "ScheduleConfig", "Stage", "TrainingConfig"]

Weight = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Rate = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OptimizerConfig(_Config):
    """How parameters move along the gradient; the forms are those of torch.optim (section 2.4)."""

    name: Literal["sgd", "adam"] = Field("adam", description="stochastic gradient descent, or Adam")
    lr: Rate = Field(1e-3, description="learning rate")
    momentum: Fraction = Field(0.0, description="sgd only")
    nesterov: bool = Field(False, description="sgd only; needs momentum")
    betas: tuple[Fraction, Fraction] = Field((0.9, 0.999), description="adam only")
    eps: Annotated[float, Field(gt=0, le=1)] = Field(1e-8, description="adam only")

    @model_validator(mode="after")
    def _fits_together(self) -> OptimizerConfig:
        if self.nesterov and (self.name != "sgd" or self.momentum == 0):
            raise ValueError("nesterov needs name: sgd and a momentum above 0 (0.9 is usual)")
        if self.momentum and self.name != "sgd":
            raise ValueError(f"momentum is {self.momentum} but the optimizer is {self.name}: use name: sgd")
        return self


class ScheduleConfig(_Config):
    """How the learning rate changes: `sgdr` is cosine with warm restarts (Loshchilov, Hutter; 2017)."""

    name: Literal["constant", "sgdr"] = Field("constant", description="constant, or sgdr")
    period: Annotated[int, Field(ge=1, le=100_000)] = Field(10, description="epochs to the first restart")
    factor: Annotated[int, Field(ge=1, le=100)] = Field(
        1, description="what the period is multiplied by at each restart"
    )
    minimum_lr: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = Field(
        0.0, description="learning rate at the end of a period"
    )


class Stage(_Config):
    """A part of the training: what is trained, for how long, and how.

    `trunk` trains the trunk alone by its own output; `joint` all exits and the trunk together (section 3.2);
    `heads` the early exits on a trunk that stays as it is, its batch-norm statistics included.
    """

    train: Literal["trunk", "joint", "heads"] = Field("joint", description="trunk, joint or heads")
    epochs: Annotated[int, Field(ge=1, le=100_000)] = Field(description="passes over the training split")
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()


class AlphaWeights(_Config):
    """Exponential exit weights (section 3.2.1)."""

    alpha: Annotated[float, Field(ge=0, le=1)]


class TrainingConfig(_Config):
    """Everything that decides what a training run computes, and how it is kept."""

    stages: tuple[Stage, ...] = Field(max_length=100, description="run in order")
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        512, description="samples per step, over all processes together"
    )
    exit_weights: Literal["equal"] | tuple[Weight, ...] | AlphaWeights = Field(
        "equal", description="equal (1/N each), a number per exit, or {alpha: A}"
    )
    divide_by_classes: bool = Field(False, description="also divide the loss by the number of classes")
    augment: Literal["none", "crop_flip"] = Field(
        "none", description="crop_flip: pad 4, random crop and flip"
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    precision: Literal["float32", "bfloat16"] = Field("float32", description="bfloat16 is by autocast")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: cuda where there is one")
    l1: Penalty = Field(0.0, description="adds l1 * sum |w| over weights (not biases) to the loss")
    l2: Penalty = Field(0.0, description="adds l2/2 * sum w^2 over weights (not biases) to the loss")
    threads: Annotated[int, Field(ge=1, le=4096)] | None = Field(
        None, description="torch threads; the same number is needed for the same bits"
    )
    checkpoint_every_epochs: Annotated[int, Field(ge=1, le=100_000)] = 1
    checkpoint_every_steps: Annotated[int, Field(ge=1)] | None = Field(
        None, description="also within an epoch"
    )
    evaluate_every_epochs: Annotated[int, Field(ge=1, le=100_000)] = Field(
        1, description="how often the validation split is measured; the last epoch of a stage always is"
    )
    gradient_norms: bool = Field(
        False, description="also write the mean norm of each weight's gradient into every line of the metrics"
    )
    tensorboard: bool = Field(False, description="also write TensorBoard event files into the run directory")

    @model_validator(mode="after")
    def _weights_are_not_all_zero(self) -> TrainingConfig:
        if isinstance(self.exit_weights, tuple) and not any(self.exit_weights):
            raise ValueError(f"exit_weights is {list(self.exit_weights)}: at least one must be above 0")
        return self
