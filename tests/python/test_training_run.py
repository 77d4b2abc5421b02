"""Training: what each stage moves, what is written, and what stops it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import idn
from idn.errors import RunError
from idn.training import Progress, Trainer
from tiny_training import quiet, tiny_config, tiny_model, tiny_splits, train


def stages(*names: str, epochs: int = 1) -> list[dict[str, Any]]:
    return [{"train": name, "epochs": epochs, "optimizer": {"lr": 0.01}} for name in names]


def changed(trainer: Trainer) -> set[str]:
    """The parts of the tiny model that differ from a fresh one."""
    fresh = tiny_model().state_dict()
    state = trainer.model.state_dict()
    return {name.split(".")[0] for name in fresh if not torch.equal(fresh[name], state[name])}


def test_training_learns(tmp_path: Path) -> None:
    trainer = train(tmp_path, stages=stages("joint", epochs=8), augment="none", l1=0.0, l2=0.0)
    metrics = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert metrics[-1]["loss"] < 0.5 * metrics[0]["loss"]
    assert min(metrics[-1]["validation_accuracy"]) > 80
    assert not trainer.model.training


@pytest.mark.parametrize(
    ("stage", "parts"), [("trunk", {"trunk"}), ("joint", {"trunk", "heads"}), ("heads", {"heads"})]
)
def test_a_stage_moves_its_part_and_no_other(tmp_path: Path, stage: str, parts: set[str]) -> None:
    # Batch-norm statistics and weight decay included: nothing else may change by a bit.
    trainer = train(tmp_path, stages=stages(stage))
    assert changed(trainer) == parts
    assert all(parameter.requires_grad for parameter in trainer.model.parameters())
    assert all(parameter.grad is None for parameter in trainer.model.parameters())
    (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
    trained = [value is not None for value in json.loads(line)["validation_accuracy"]]
    assert trained == ["heads" in parts, "trunk" in parts]


def test_a_step_is_the_step_of_a_plain_loop(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "stages": [{"epochs": 2, "optimizer": {"name": "sgd", "lr": 0.1}}],
        "exit_weights": [0.3, 2.0],
        "augment": "none",
        "l1": 0.0,
        "l2": 0.0,
    }
    trainer = train(tmp_path, **changes)
    model = tiny_model()
    batches = idn.data.Batches(
        tiny_splits().train, 16, normalizer=trainer.normalizer, shuffle=True, seed=trainer.config.seed
    )
    torch.manual_seed(trainer.config.seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(2):
        batches.set_epoch(epoch)
        model.train()
        for images, labels, _ in batches:
            optimizer.zero_grad()
            first, last = model(images)
            (0.3 * F.cross_entropy(first, labels) + 2.0 * F.cross_entropy(last, labels)).backward()
            optimizer.step()
    for name, value in model.state_dict().items():
        # the fused loss rounds otherwise than two separate ones, in float32
        torch.testing.assert_close(trainer.model.state_dict()[name], value, rtol=1e-4, atol=1e-6)


def test_the_metrics_are_those_of_the_model(tmp_path: Path) -> None:
    trainer = train(tmp_path, stages=stages("trunk", "joint"), exit_weights={"alpha": 0.9})
    metrics = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])
    logits, labels, _ = idn.inference.record(trainer.model, trainer.batches("validation"))
    for index in range(2):
        exit_logits = torch.from_numpy(logits[:, index])
        target = torch.from_numpy(labels)
        accuracy = 100 * float((exit_logits.argmax(dim=1) == target).double().mean())
        assert metrics["validation_accuracy"][index] == pytest.approx(accuracy)
        assert metrics["validation_loss"][index] == pytest.approx(
            float(F.cross_entropy(exit_logits, target)), rel=1e-5
        )
    assert metrics["loss"] == pytest.approx(
        0.1 * metrics["train_loss"][0] + 0.9 * metrics["train_loss"][1], rel=1e-5
    )
    assert set(metrics["time"]) == {"seconds", "images_per_second"}


def test_gradient_norms_are_those_of_the_steps(tmp_path: Path) -> None:
    changes = {"stages": stages("joint", epochs=1), "batch_size": 70, "augment": "none", "l1": 0.0}
    trainer = Trainer(tiny_model(dropout=0.0), tiny_splits(), tiny_config(**changes), tmp_path, log=quiet)
    model = tiny_model(dropout=0.0)
    images, labels, _ = next(iter(trainer.batches("train", batch_size=70)))
    idn.joint_loss(model.train()(images), labels, "equal").backward()
    trainer.fit()
    found = json.loads((tmp_path / "metrics.jsonl").read_text())["gradient_norms"]
    weights = {name: value for name, value in model.named_parameters() if value.dim() >= 2}
    assert list(found) == list(weights)
    for name, value in weights.items():
        assert value.grad is not None
        assert found[name] == pytest.approx(float(value.grad.norm()), rel=1e-4)


def test_gradient_norms_are_written_only_where_they_are_wanted(tmp_path: Path) -> None:
    train(tmp_path, stages=stages("joint", epochs=1), gradient_norms=False)
    assert "gradient_norms" not in json.loads((tmp_path / "metrics.jsonl").read_text())


def test_the_layout_used_for_training_does_not_stay(tmp_path: Path) -> None:
    model = train(tmp_path, stages=stages("joint", epochs=1)).model
    assert all(parameter.is_contiguous() for parameter in model.parameters())


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path: Path) -> None:
    one, two, other = (train(tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    states = [run.model.state_dict() for run in (one, two, other)]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    assert not torch.equal(states[0]["trunk.7.weight"], states[2]["trunk.7.weight"])


def test_validation_can_be_measured_less_often(tmp_path: Path) -> None:
    train(tmp_path, stages=stages("joint", epochs=3), evaluate_every_epochs=2)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [line["validation_accuracy"] is not None for line in lines] == [False, True, True]


def test_an_ordinary_module_with_a_list_of_logits_is_trained_too(tmp_path: Path) -> None:
    class TwoExits(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(64, 4)
            self.second = nn.Linear(64, 4)

        def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
            x = x.flatten(1)
            return [self.first(x), self.second(x)]

    config = tiny_config(stages=stages("joint"))
    (metrics,) = Trainer(TwoExits(), tiny_splits(), config, tmp_path, log=quiet).fit()
    assert len(metrics["validation_accuracy"]) == 2
    with pytest.raises(ValueError, match=r"'trunk' needs a model made with idn.Branchy, not TwoExits"):
        Trainer(TwoExits(), tiny_splits(), tiny_config(), tmp_path / "other", log=quiet)


def test_bfloat16_trains_by_autocast(tmp_path: Path) -> None:
    trainer = train(tmp_path, stages=stages("joint", epochs=2), precision="bfloat16")
    assert trainer.model.trunk[7].weight.dtype == torch.float32
    assert changed(trainer) == {"trunk", "heads"}
    metrics = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert metrics[1]["loss"] < metrics[0]["loss"]


def test_a_loss_that_is_not_finite_stops_the_run_and_says_where(tmp_path: Path) -> None:
    trainer = Trainer(tiny_model(), tiny_splits(), tiny_config(stages=stages("joint")), tmp_path, log=quiet)
    with torch.no_grad():
        trainer.model.heads[0].linear.bias[2] = float("nan")
    with pytest.raises(
        RunError, match=r"loss is nan in stage 1 \(joint\), epoch 1, step 1 \(not finite: exit 1\).*Lower"
    ):
        trainer.fit()
    assert not (tmp_path / "metrics.jsonl").exists()


def test_a_run_that_diverges_is_stopped_by_the_end_of_the_epoch(tmp_path: Path) -> None:
    diverging = [{"epochs": 9, "optimizer": {"name": "sgd", "lr": 90.0}}]
    with pytest.raises(RunError, match=r"in stage 1 \(joint\), .*training has diverged. Lower optimizer.lr"):
        train(tmp_path, stages=diverging, l2=1.0)


def test_weights_that_do_not_fit_the_exits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="exit_weights has 3 numbers for 2 exits"):
        train(tmp_path, exit_weights=[1, 1, 1])
    assert not list(tmp_path.iterdir())


def test_a_model_for_other_classes_is_refused(tmp_path: Path) -> None:
    model = idn.models.b_lenet(classes=7, in_channels=1, image_size=8)
    with pytest.raises(
        ValueError, match=r"exit 1 gives \(1, 7\).*has 4 classes; build the model with classes=4"
    ):
        Trainer(model, tiny_splits(), tiny_config(), tmp_path, log=quiet)


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is present, so asking for it is no mistake")
def test_asking_for_cuda_where_there_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"device is 'cuda', but torch .* use device 'auto' or 'cpu'"):
        train(tmp_path, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training_runs_on_cuda(tmp_path: Path, precision: str) -> None:
    trainer = train(tmp_path, device="cuda", precision=precision)
    assert next(trainer.model.parameters()).is_cuda
    assert changed(trainer) == {"trunk", "heads"}


def test_tensorboard_gets_the_numbers(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    train(tmp_path, tensorboard=True)
    (file,) = (tmp_path / "tensorboard").iterdir()
    tags = {
        value.tag
        for event in reader.EventFileLoader(str(file)).Load()
        if event.HasField("summary")
        for value in event.summary.value
    }
    assert {"loss", "lr", "validation_accuracy/exit_1", "train_loss/exit_2"} <= tags


def test_tensorboard_that_is_not_installed_is_refused_with_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ValueError, match=r"pip install 'idn\[tensorboard\]'"):
        train(tmp_path, tensorboard=True)


def test_without_a_terminal_there_is_a_line_for_each_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Trainer(tiny_model(), tiny_splits(), tiny_config(), tmp_path).fit()
    output = capsys.readouterr()
    assert output.out == ""
    lines = output.err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["trunk 1/2", "trunk 2/2", "joint 1/2", "joint 2/2"]
    assert all("images/s" in line and "\x1b" not in line for line in lines)


def test_a_long_epoch_shows_that_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr("idn.training.progress.SECONDS_BETWEEN_LINES", 0.0)
    progress = Progress(lines.append, bars=False)
    progress.begin_epoch("trunk 1/2", 40, 0)
    progress.step(3, 1.5)
    assert lines == ["trunk 1/2  step 3/40  loss 1.5000"]


def test_on_a_terminal_there_are_bars(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(bars=True)
    Trainer(tiny_model(), tiny_splits(), tiny_config(), tmp_path, log=progress).fit()
    output = capsys.readouterr()
    assert output.out == ""
    assert "joint 2/2" in output.err


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from tiny_training import quiet, tiny_config, tiny_model, tiny_splits
from idn.errors import RunError
from idn.training import Trainer

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as on a full disk, write() fails
for name, limit, steps in (("checkpoint", 4000, 2), ("metrics", 100, None)):
    config = tiny_config(checkpoint_every_steps=steps)
    trainer = Trainer(tiny_model(), tiny_splits(), config, Path(sys.argv[1]) / name, log=quiet)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        trainer.fit()
    except RunError as error:
        print(f"RunError: {error}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def test_a_full_disk_stops_the_run_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        check=True,
    )
    lines = done.stdout.splitlines()
    expected = [tmp_path / "checkpoint" / "checkpoint.pt", tmp_path / "metrics" / "metrics.jsonl"]
    for line, path in zip(lines, expected, strict=True):
        assert line.startswith(f"RunError: cannot write {path}: File too large. Free some space")
        left = {file.name: file.stat().st_size for file in path.parent.iterdir()}
        assert left in ({}, {"metrics.jsonl": 0})
        train(path.parent)  # with space again, the same directory works
        assert len((path.parent / "metrics.jsonl").read_text().splitlines()) == 4
