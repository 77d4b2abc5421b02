"""Data parallel training: two processes do what one would with the whole batch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch

from idn.errors import RunError
from idn.training import Trainer
from idn.training.files import read_checkpoint
from test_training_resume import metrics_of
from tiny_training import quiet, tiny_config, tiny_model, tiny_splits

# A process trains, then trains again, breaks off in the middle of an epoch, and goes on.
WORKER = """
import faulthandler
import os
import sys
from pathlib import Path
import torch
from test_training_distributed import make_trainer

class Interrupted(Exception):
    pass

def stop(_module, _inputs):
    global steps
    steps += torch.is_grad_enabled()
    if steps == 14:
        raise Interrupted

def fit(name, hook=None):
    os.environ["MASTER_PORT"] = ports.pop()  # a closed store may linger on the port of the fit before
    trainer = make_trainer(run_dir / name)
    if hook is not None:
        trainer.model.trunk[7].register_forward_pre_hook(hook)
    trainer.fit()

faulthandler.dump_traceback_later(150, exit=True)  # one that waits for ever says where
run_dir, ports = Path(sys.argv[1]), sys.argv[2:]
fit("whole")
steps = 0
try:
    fit("broken", stop)
    sys.exit("nothing broke off")
except Interrupted:
    pass
fit("broken")
"""


def make_trainer(run_dir: Path) -> Trainer:
    # Without dropout and batch norm, which draw or average within a process, two do what one does.
    # 71 samples in batches of 16: the last batch has 7, so 4 and 3.
    return Trainer(tiny_model(0.0, norm=False), tiny_splits(71), tiny_config(), run_dir, log=quiet)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of two processes, started as torchrun would."""
    run_dir = tmp_path_factory.mktemp("two")
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(3)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ports = [str(probe.getsockname()[1]) for probe in probes]
    torchrun = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(run_dir), *ports],
            cwd=Path(__file__).parent,
            env={**os.environ, **torchrun, "RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    errors = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors)
    return run_dir


def model_of(run_dir: Path) -> dict[str, Any]:
    model: dict[str, Any] = read_checkpoint(run_dir / "checkpoint.pt")["model"]
    return model


def test_two_processes_train_like_one(two: Path, tmp_path: Path) -> None:
    make_trainer(tmp_path).fit()
    one, both = model_of(tmp_path), model_of(two / "whole")
    for name, value in one.items():
        # sums of float32 gradients in another order, over 20 steps
        torch.testing.assert_close(both[name], value, rtol=1e-3, atol=1e-5)
    for mine, theirs in zip(metrics_of(tmp_path), metrics_of(two / "whole"), strict=True):
        assert theirs["loss"] == pytest.approx(mine["loss"], rel=1e-3)
        for key in ("train_loss", "validation_loss"):
            pairs = [pair for pair in zip(mine[key], theirs[key], strict=True) if pair != (None, None)]
            assert all(b == pytest.approx(a, rel=1e-3) for a, b in pairs)
            assert pairs


def test_two_processes_go_on_to_the_same_bits(two: Path) -> None:
    whole, broken = model_of(two / "whole"), model_of(two / "broken")
    assert all(torch.equal(value, broken[name]) for name, value in whole.items())
    assert metrics_of(two / "whole") == metrics_of(two / "broken")


def test_a_checkpoint_of_two_processes_is_refused_by_one(two: Path) -> None:
    with pytest.raises(RunError, match="of another number of processes: 2 there, 1 here"):
        make_trainer(two / "broken").fit()


def test_incomplete_variables_of_torchrun_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    trainer = Trainer(tiny_model(), tiny_splits(), tiny_config(), tmp_path, log=quiet)
    with pytest.raises(ValueError, match=r"WORLD_SIZE is 2 but RANK.* is not set; start with `torchrun"):
        trainer.fit()
