"""Data parallel training: two processes do what one would with the whole batch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from idn.errors import RunError
from idn.training import Trainer
from idn.training.files import read_checkpoint
from test_training_resume import metrics_of
from tiny_training import quiet, tiny_config, tiny_model, tiny_splits

BREAKS_OFF = 7  # the exit code of a process that ends in the middle of an epoch
WORKER = f"""
import faulthandler
import os
import sys
from pathlib import Path
import torch
from test_training_distributed import make_trainer

def stop(_module, _inputs):
    global steps
    steps += torch.is_grad_enabled()
    if steps == 14:
        os._exit({BREAKS_OFF})

faulthandler.dump_traceback_later(100, exit=True)  # one that waits for ever says where
trainer = make_trainer(Path(sys.argv[1]))
steps = 0
if "break off" in sys.argv:
    trainer.model.trunk[7].register_forward_pre_hook(stop)
trainer.fit()
threads = {{(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}}
left = [name for name in threads if "gloo" in name]
assert not left, left  # one that runs on while the interpreter ends may abort it
"""


def make_trainer(run_dir: Path) -> Trainer:
    # Without dropout and batch norm, which draw or average within a process, two do what one does.
    # 71 samples in batches of 16: the last batch has 7, so 4 and 3.
    return Trainer(tiny_model(0.0, norm=False), tiny_splits(71), tiny_config(), run_dir, log=quiet)


def train_with_two(run_dir: Path, *options: str) -> list[int]:
    """Trains with two processes, started as torchrun would, and returns how they ended."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    torchrun = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(run_dir), *options],
            cwd=Path(__file__).parent,
            env={**os.environ, **torchrun, "RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    errors = [process.communicate(timeout=200)[1] for process in processes]
    codes = [process.returncode for process in processes]
    # The second to break off may first see that the other has gone.
    assert codes == [0, 0] or BREAKS_OFF in codes, "\n".join(errors)
    return codes


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of two processes: one left alone, one that broke off in the middle of an epoch and went on."""
    folder = tmp_path_factory.mktemp("two")
    assert train_with_two(folder / "whole") == [0, 0]
    assert BREAKS_OFF in train_with_two(folder / "broken", "break off")
    assert train_with_two(folder / "broken") == [0, 0]
    return folder


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
