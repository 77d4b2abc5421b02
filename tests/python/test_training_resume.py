"""Interrupted runs: they go on to the same bits, and only from a checkpoint that is theirs and whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from idn.data import Dataset, Splits
from idn.errors import RunError
from idn.training import Trainer
from idn.training.files import read_checkpoint
from tiny_training import quiet, tiny_config, tiny_model, tiny_splits, train

HERE = Path(__file__).parent


def metrics_of(run_dir: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        del line["time"]
    return lines


def assert_same_bits(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert list(one) == list(other)
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


class BrokenOffError(Exception):
    pass


def train_until(run_dir: Path, steps: int, **changes: Any) -> None:
    """Train and break off in the middle of a step, after `steps` whole ones."""
    trainer = Trainer(tiny_model(), tiny_splits(), tiny_config(**changes), run_dir, log=quiet)
    done = 0

    def count(_module: object, _inputs: object) -> None:
        nonlocal done
        if torch.is_grad_enabled():
            done += 1
            if done > steps:
                raise BrokenOffError

    trainer.model.trunk[7].register_forward_pre_hook(count)
    with pytest.raises(BrokenOffError):
        trainer.fit()


# 5 steps an epoch, checkpoints after steps 2 and 4 and each epoch, stages of two epochs
@pytest.mark.parametrize("steps", [1, 3, 5, 8, 10, 13, 19])
def test_a_run_broken_off_anywhere_goes_on_to_the_same_bits(tmp_path: Path, steps: int) -> None:
    whole = train(tmp_path / "whole")
    train_until(tmp_path / "broken", steps)
    resumed = train(tmp_path / "broken")
    assert_same_bits(whole.model.state_dict(), resumed.model.state_dict())
    assert metrics_of(tmp_path / "whole") == metrics_of(tmp_path / "broken")


def test_a_run_broken_off_twice_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", checkpoint_every_steps=None, checkpoint_every_epochs=1)
    train_until(tmp_path / "broken", 7, checkpoint_every_steps=None)
    train_until(tmp_path / "broken", 7, checkpoint_every_steps=3)
    resumed = train(tmp_path / "broken")
    assert_same_bits(whole.model.state_dict(), resumed.model.state_dict())
    assert metrics_of(tmp_path / "whole") == metrics_of(tmp_path / "broken")


def test_a_killed_process_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import torch\n"
        "from tiny_training import Trainer, quiet, tiny_config, tiny_model, tiny_splits\n"
        "steps = 0\n"
        "def die(_module, _inputs):\n"
        "    global steps\n"
        "    steps += torch.is_grad_enabled()\n"
        "    if steps == 14:  # in the middle of an epoch, one step after a checkpoint\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "trainer = Trainer(tiny_model(), tiny_splits(), tiny_config(), Path(sys.argv[1]), log=quiet)\n"
        "trainer.model.trunk[7].register_forward_pre_hook(die)\n"
        "trainer.fit()\n"
    )
    died = subprocess.run([sys.executable, "-c", code, str(killed)], cwd=HERE, check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(metrics_of(killed)) == 2
    assert read_checkpoint(killed / "checkpoint.pt")["position"] == {"stage": 1, "epoch": 0, "step": 2}
    reference, resumed = train(whole), train(killed)
    assert_same_bits(reference.model.state_dict(), resumed.model.state_dict())
    assert metrics_of(killed) == metrics_of(whole)


def test_a_process_killed_at_any_moment_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    # Not a chosen step this time, but wherever the signal falls: writing a file included.
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    reference = train(whole, stages=[{"train": "joint", "epochs": 6}], checkpoint_every_steps=1)
    code = (
        "import sys\nfrom pathlib import Path\nfrom tiny_training import train\n"
        "train(Path(sys.argv[1]), stages=[{'train': 'joint', 'epochs': 6}], checkpoint_every_steps=1)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(killed)], cwd=HERE)
    deadline = time.monotonic() + 60
    while not (killed / "checkpoint.pt").exists() and time.monotonic() < deadline:
        os.sched_yield()
    process.kill()
    process.wait()
    resumed = train(killed, stages=[{"train": "joint", "epochs": 6}], checkpoint_every_steps=1)
    assert_same_bits(reference.model.state_dict(), resumed.model.state_dict())
    assert metrics_of(whole) == metrics_of(killed)


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train(tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = Trainer(tiny_model(), tiny_splits(), tiny_config(), tmp_path, log=quiet)
    assert len(again.fit()) == 4
    assert_same_bits(first.model.state_dict(), again.model.state_dict())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_training_that_is_done_says_so_and_not_that_it_goes_on(tmp_path: Path) -> None:
    train(tmp_path)
    said: list[str] = []
    Trainer(tiny_model(), tiny_splits(), tiny_config(), tmp_path, log=said.append).fit()
    assert said == [f"{tmp_path / 'checkpoint.pt'} is trained to its end; delete it to train again"]


def test_lines_written_after_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    train_until(tmp_path, 7)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"stage": "tru')
    train(tmp_path)
    assert [line["epoch"] for line in metrics_of(tmp_path)] == [1, 2, 1, 2]


def test_a_run_may_go_on_with_other_threads_and_checkpoints(tmp_path: Path) -> None:
    train_until(tmp_path, 7)
    train(tmp_path, threads=2, checkpoint_every_steps=None)
    assert len(metrics_of(tmp_path)) == 4


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"seed": 8}, "config: seed 7 there, 8 here"), ({"l1": 0.5}, "config: l1 0.0001 there, 0.5 here")],
)
def test_a_checkpoint_of_another_config_is_refused(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    train_until(tmp_path, 7)
    with pytest.raises(RunError, match=f"checkpoint.pt is of another {named}.*delete the checkpoint"):
        train(tmp_path, **changes)


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    train_until(tmp_path, 7)
    trainer = Trainer(tiny_model(norm=False), tiny_splits(), tiny_config(), tmp_path, log=quiet)
    with pytest.raises(
        RunError, match=r"of another model: trunk.1.weight \[\[4\], 'torch.float32'\] there, None"
    ):
        trainer.fit()


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    train_until(tmp_path, 7)
    splits = tiny_splits()
    images = splits.train.images.copy()
    images[0, 0, 0, 0] ^= 1
    other = Dataset(splits.train.name, images, splits.train.labels, splits.train.classes)
    trainer = Trainer(
        tiny_model(), Splits(other, splits.validation, splits.test), tiny_config(), tmp_path, log=quiet
    )
    with pytest.raises(RunError, match="of another data: tiny/train, 70 samples, "):
        trainer.fit()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_checkpoint_is_a_clear_error(tmp_path: Path, damage: str) -> None:
    train_until(tmp_path, 7)
    path = tmp_path / "checkpoint.pt"
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[-1000] ^= 1
    elif damage == "empty":
        content.clear()
    else:
        torch.save({"weights": torch.zeros(1)}, path)
        content = bytearray(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(
        RunError, match=rf"checkpoint.pt is (damaged|no checkpoint).*Delete {path} to start again"
    ):
        train(tmp_path)


def test_missing_metrics_are_a_clear_error(tmp_path: Path) -> None:
    train_until(tmp_path, 7)
    (tmp_path / "metrics.jsonl").write_text("")
    with pytest.raises(RunError, match=r"metrics.jsonl has 0 bytes, .* Put the file back, or delete"):
        train(tmp_path)


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    import hashlib
    import io

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (os.mkdir, (str(tmp_path / "pwned"),))

    buffer = io.BytesIO()
    torch.save({"identity": Evil()}, buffer)
    payload = buffer.getvalue()
    digest = hashlib.sha256(payload).hexdigest().encode()
    (tmp_path / "checkpoint.pt").write_bytes(b"idn checkpoint 1 " + digest + b"\n" + payload)
    with pytest.raises(RunError, match=r"checkpoint\.pt is refused: it holds code"):
        train(tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_numpys_and_pythons_random_numbers_go_on_too(tmp_path: Path) -> None:
    import random

    from idn.training import randomness

    randomness.seed_everything(5)
    np.random.standard_normal(3)  # noqa: NPY002
    random.gauss(0, 1)
    states = randomness.get_states()

    def draw() -> list[float]:
        return [np.random.standard_normal(), random.gauss(0, 1), float(torch.rand(()))]  # noqa: NPY002

    expected = draw()
    torch.save(states, tmp_path / "states.pt")
    randomness.set_states(torch.load(tmp_path / "states.pt", weights_only=True))
    assert draw() == expected
