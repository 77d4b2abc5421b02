"""What a checkpoint holds, and whether it belongs to this run."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch.distributed as dist
from torch import nn

from idn.errors import RunError
from idn.training import randomness
from idn.training.config import TrainingConfig
from idn.training.distributed import World
from idn.training.files import read_checkpoint, write_checkpoint

if TYPE_CHECKING:
    from idn.data import Dataset

__all__ = ["Checkpoints", "Position", "State"]

# These change how a run is carried out, not what it computes.
_FREE = (
    "device",
    "threads",
    "checkpoint_every_epochs",
    "checkpoint_every_steps",
    "tensorboard",
)


@dataclass(frozen=True)
class Position:
    """The step to be done next: indices from 0; `step` is within the epoch, `epoch` within the stage."""

    stage: int = 0
    epoch: int = 0
    step: int = 0


@dataclass(frozen=True)
class State:
    """What a run goes on from; the model has been loaded already."""

    position: Position
    optimizer: dict[str, Any] | None
    tally: dict[str, Any]
    randomness: dict[str, Any]
    metrics_size: int


class Checkpoints:
    """The checkpoint of a run directory: written by rank 0, read by all."""

    def __init__(
        self, run_dir: Path, model: nn.Module, config: TrainingConfig, data: Dataset, world: World
    ) -> None:
        self.path = run_dir / "checkpoint.pt"
        self._model = model
        self._world = world
        self._identity: dict[str, Any] = {
            "config": config.model_dump(mode="json", exclude=set(_FREE)),
            "model": {
                name: [list(value.shape), str(value.dtype)] for name, value in model.state_dict().items()
            },
            "data": _digest(data),
            "number of processes": world.size,
        }

    def save(
        self,
        position: Position,
        *,
        optimizer: dict[str, Any] | None,
        tally: dict[str, Any],
        metrics_size: int,
    ) -> None:
        """Write the model and where the run is; every process has to call it.

        :raises idn.errors.RunError: if the file cannot be written.
        """
        mine = {"randomness": randomness.get_states(), "tally": tally}
        everyones: list[Any] = [mine]
        if self._world.size > 1:
            everyones = [None] * self._world.size
            dist.all_gather_object(everyones, mine)
        if not self._world.is_main:
            return
        write_checkpoint(
            self.path,
            {
                "identity": self._identity,
                "position": asdict(position),
                "model": self._model.state_dict(),
                "optimizer": optimizer,
                "processes": everyones,
                "metrics_size": metrics_size,
            },
        )

    def load(self) -> State | None:
        """Load the model and return where the run was; None if there is no checkpoint.

        :raises idn.errors.RunError: if the file is damaged, or of another model, config or data set.
        """
        if not self.path.exists():
            return None
        state = read_checkpoint(self.path)
        self._refuse_foreign(state["identity"])
        self._model.load_state_dict(state["model"])
        mine = state["processes"][self._world.rank]
        return State(
            position=Position(**state["position"]),
            optimizer=state["optimizer"],
            tally=mine["tally"],
            randomness=mine["randomness"],
            metrics_size=state["metrics_size"],
        )

    def _refuse_foreign(self, identity: dict[str, Any]) -> None:
        for kind, ours in self._identity.items():
            theirs = identity[kind]
            if theirs == ours:
                continue
            if isinstance(ours, dict):
                keys = [key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]
                what = ", ".join(f"{key} {theirs.get(key)} there, {ours.get(key)} here" for key in keys[:3])
                more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
                what = f"{what}{more}"
            else:
                what = f"{theirs} there, {ours} here"
            raise RunError(
                f"{self.path} is of another {kind}: {what}. "
                f"Choose another directory, go back to that {kind}, or delete the checkpoint to start again."
            )


def _digest(data: Dataset) -> str:
    digest = hashlib.sha256()
    digest.update(np.ascontiguousarray(data.images).data)
    digest.update(np.ascontiguousarray(data.labels).data)
    return f"{data.name}, {len(data)} samples, {digest.hexdigest()[:16]}"
