"""Data parallel training with torchrun: which process am I, and sums over all of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

__all__ = ["World", "join_world"]


@dataclass(frozen=True)
class World:
    """The processes that train one model together; a single one is rank 0 of 1."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks."""
        return self.rank == 0

    def sum(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum over all processes; every one of them has to call it."""
        if self.size > 1:
            values = values.clone()
            dist.all_reduce(values)
        return values

    def share(self, values: Iterable[torch.Tensor]) -> None:
        """Overwrite the values with the first process's; every one of them has to call it."""
        if self.size > 1:
            for value in values:
                dist.broadcast(value, 0)


@contextmanager
def join_world(device: str) -> Iterator[World]:
    """Join the process group that torchrun describes in the environment, or be alone.

    A group that is already there is used and left open.

    :param device: "cuda" makes NCCL carry the sums, anything else gloo.
    :raises ValueError: if torchrun's variables are incomplete.
    """
    if dist.is_available() and dist.is_initialized():
        yield World(dist.get_rank(), dist.get_world_size(), int(os.environ.get("LOCAL_RANK", "0")))
        return
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield World()
        return
    missing = [
        name for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ
    ]
    if missing:
        raise ValueError(
            f"WORLD_SIZE is {os.environ['WORLD_SIZE']} but {', '.join(missing)} is not set; "
            "start with `torchrun --nproc-per-node=N -m idn run ...`, or unset WORLD_SIZE."
        )
    _stay_on_this_machine()
    # DistributedDataParallel imports this, and its functions' defaults are the group there is at that moment:
    # imported once there is one, they keep it, and gloo's threads run on while the interpreter ends, which
    # aborts the process now and then.
    import torch.distributed.nn  # noqa: F401

    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield World(dist.get_rank(), dist.get_world_size(), int(os.environ["LOCAL_RANK"]))
    finally:
        dist.destroy_process_group()


def _stay_on_this_machine() -> None:
    # Gloo listens where the host's name resolves to, which need not be reachable (a container, a firewall).
    # Processes that meet at a loopback address are all on this machine, so loopback does for the sums too.
    is_local = os.environ["MASTER_ADDR"] in ("localhost", "127.0.0.1", "::1")
    if is_local and any(name == "lo" for _, name in socket.if_nameindex()):
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
