"""Studies: variants of one config, and runs that start from the network of another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from idn import experiment, report
from idn.errors import ConfigError, RunError
from idn.experiment import files, starting
from idn.experiment import study as studies
from idn.experiment.config import Study

BASE = """
experiment: mine
data: {name: digits}
model: {name: lenet, exits: ["conv1: pool-linear"]}
training:
  batch_size: 64
  threads: 1
  stages:
    - {train: joint, epochs: 1, optimizer: {lr: 3e-3}}
measure: {samples: 3, repeats: 1}
"""
STAGES = BASE[BASE.index("stages:") : BASE.index("\nmeasure")]
VARIANTS = """
variants:
  trunk:
    model: {exits: null}
  heads:
    start_from: ":trunk"
    training: {stages: [{train: heads, epochs: 1}]}
  again:
    start_from: ":heads"
    training: {stages: []}
    criterion: {name: margin}
"""


def quiet(_: str) -> None:
    """A reporter for runs nobody watches."""


def write(folder: Path, text: str, name: str = "mine.yaml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def load(path: str, *overrides: str) -> Study:
    study = experiment.load_study(path, overrides)
    assert study is not None
    return study


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("study")
    config = write(folder, BASE + VARIANTS)
    result = studies.run(config, folder / "runs", quiet)
    assert result is not None
    return config, result.run_dir


def weights(run_dir: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = torch.load(run_dir / "model.pt", weights_only=True)
    return loaded


def test_a_study_leaves_a_run_for_each_variant_and_a_page_over_all(finished: tuple[str, Path]) -> None:
    _, folder = finished
    described = json.loads((folder / "study.json").read_text())
    assert described["variants"] == ["trunk", "heads", "again"]
    assert json.loads((folder / "comparison.json").read_text()) == []
    page = (folder / "report.html").read_text()
    for name in described["variants"]:
        assert report.load(folder / name).summary.experiment == "mine"
        assert name in page


def test_a_variant_starts_from_the_weights_of_another(finished: tuple[str, Path]) -> None:
    _, folder = finished
    trunk, heads, again = (weights(folder / name) for name in ("trunk", "heads", "again"))
    assert set(trunk) < set(heads)
    assert all(torch.equal(heads[name], value) for name, value in trunk.items())  # heads only were trained
    assert again.keys() == heads.keys()
    assert all(torch.equal(again[name], value) for name, value in heads.items())


def test_what_the_trunk_alone_was_worth_is_passed_on(finished: tuple[str, Path]) -> None:
    _, folder = finished
    trunk, heads, again = (report.load(folder / name).summary for name in ("trunk", "heads", "again"))
    assert trunk.trunk is None
    assert trunk.exits[0].test_accuracy == heads.exits[-1].test_accuracy
    for later in (heads, again):
        assert later.trunk is not None
        assert later.trunk.test_accuracy == trunk.test.accuracy
    assert [one.test_accuracy for one in again.exits] == [one.test_accuracy for one in heads.exits]


def test_a_finished_study_trains_nothing_again(finished: tuple[str, Path]) -> None:
    config, folder = finished
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*/model.pt")}
    said: list[str] = []
    result = studies.run(config, folder.parents[1], said.append)
    assert result is not None
    assert result.run_dir == folder
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/model.pt")} == before
    assert said[0] == "variant 1 of 3: trunk"
    assert all("is finished" in line for line in said[1::2])


def test_one_variant_is_run_in_its_place_in_the_study(finished: tuple[str, Path]) -> None:
    config, folder = finished
    loaded = experiment.load(f"{config}:heads")
    assert folder.parents[1] / loaded.folder == folder / "heads"
    assert loaded.start is not None
    assert folder.parents[1] / loaded.start.folder == folder / "trunk"


def test_the_written_config_of_a_variant_is_the_same_run(finished: tuple[str, Path]) -> None:
    config, folder = finished
    written = experiment.load(str(folder / "heads" / "config.yaml"))
    assert written.digest == experiment.load(f"{config}:heads").digest


def test_an_override_changes_every_variant_and_the_name_of_the_study(tmp_path: Path) -> None:
    config = write(tmp_path, BASE + VARIANTS)
    plain, changed = load(config), load(config, "training.seed=7")
    assert plain.study_id != changed.study_id
    assert all(variant.run.training.seed == 7 for variant in changed.variants.values())
    start = changed.variants["again"].start
    assert start is not None
    assert start.start is not None
    assert start.start.run.training.seed == 7
    assert load(config, "training.threads=2").study_id == plain.study_id


def test_a_start_in_another_file_keeps_its_settings_but_runs_on_the_same_machine(tmp_path: Path) -> None:
    write(tmp_path, BASE + VARIANTS)
    other = write(tmp_path, BASE + "start_from: mine.yaml:heads\n", "other.yaml")
    start = experiment.load(other, ["training.seed=7", "training.threads=2"]).start
    assert start is not None
    assert (start.run.training.seed, start.run.training.threads) == (0, 2)


def test_a_start_holds_out_the_same_samples(tmp_path: Path) -> None:
    write(tmp_path, BASE + VARIANTS)
    other = write(tmp_path, BASE + "start_from: mine.yaml:heads\n", "other.yaml")
    start = experiment.load(other, ["data.seed=5"]).start
    assert start is not None
    assert start.run.data.seed == 5
    split = write(
        tmp_path, BASE.replace("digits}", "digits, seed: 5}") + "start_from: mine.yaml:heads\n", "split.yaml"
    )
    with pytest.raises(
        ConfigError, match=r"data\.seed is 5, but .*mine\.yaml:heads.* has 0; both need the same split"
    ):
        experiment.load(split)


def test_a_start_counts_for_the_name_of_the_run(tmp_path: Path) -> None:
    write(tmp_path, BASE + VARIANTS)
    other = write(tmp_path, BASE + "start_from: mine.yaml:heads\n", "other.yaml")
    first = experiment.load(other).run_id
    write(tmp_path, BASE.replace("batch_size: 64", "batch_size: 32") + VARIANTS)
    assert experiment.load(other).run_id != first


@pytest.mark.parametrize(
    ("config", "name", "told"),
    [
        (BASE + VARIANTS, "", "name one of them"),
        (BASE + VARIANTS, ":trunks", "did you mean trunk?"),
        (BASE, ":trunk", "has no variants"),
        (BASE + "variants: []", ":a", "expected 1 to 100 names"),
        (BASE + "variants: {A b: {}}", ":a", "is no name"),
        (BASE + "variants: {a: 3}", ":a", "expected what it changes"),
        (BASE + "variants: {a: {training: {epochs: 3}}}", ":a", "training.epochs"),
        (BASE + 'variants: {a: {start_from: ":b"}, b: {start_from: ":a"}}', ":a", "starts from itself"),
        (BASE + "start_from: mine.yaml", "", "starts from itself"),
        (BASE + 'variants: {a: {start_from: ":c"}}', ":a", "has no variant 'c'"),
        (BASE + "start_from: nowhere/smoke", "", "is unknown"),
        (BASE.replace(STAGES, "stages: []"), "", "no start_from"),
    ],
)  # fmt: skip
def test_a_config_that_fits_nothing_is_refused(tmp_path: Path, config: str, name: str, told: str) -> None:
    path = write(tmp_path, config)
    with pytest.raises((ValueError, ConfigError)) as error:
        experiment.load(f"{path}{name}")
    assert told in str(error.value)


def test_configs_that_start_from_each_other_across_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path, BASE + "variants: {a: {start_from: 'two.yaml:a'}}", "one.yaml")
    two = write(tmp_path, BASE + "variants: {a: {start_from: 'one.yaml:a'}}", "two.yaml")
    with pytest.raises(ConfigError, match="starts from itself"):
        experiment.load(f"{two}:a")
    with pytest.raises(ConfigError, match="starts from itself"):
        experiment.load_study(two)


def test_variants_that_are_not_asked_for_make_no_cycle(tmp_path: Path) -> None:
    one = write(tmp_path, BASE + "variants: {a: {start_from: 'two.yaml:b'}}", "one.yaml")
    write(tmp_path, BASE + "variants: {b: {}, c: {start_from: 'one.yaml:a'}}", "two.yaml")
    start = experiment.load(f"{one}:a").start
    assert start is not None
    assert start.variant == "b"


def test_a_deeper_trunk_is_refused_too(finished: tuple[str, Path]) -> None:
    config, folder = finished
    from idn import models
    from idn.branchy import Branchy

    whole = models.build("lenet", in_channels=1, image_size=8)
    assert isinstance(whole, torch.nn.Sequential)
    shallower = Branchy(whole[:-1], {}, example_input=torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match=r"it has trunk\.linear2\.\w+, which is missing here"):
        starting.load(shallower, experiment.load(f"{config}:trunk").run, folder / "trunk")


def test_a_start_that_was_trained_anew_is_not_passed_off_as_the_old_one(tmp_path: Path) -> None:
    config, out = write(tmp_path, BASE + VARIANTS), tmp_path / "runs"
    heads = experiment.run(f"{config}:heads", out, quiet)
    assert heads is not None
    trunk = heads.run_dir.parent / "trunk" / "summary.json"
    trunk.write_text(trunk.read_text().replace(json.loads(trunk.read_text())["weights_sha256"], "ab" * 32))
    with pytest.raises(RunError, match="is finished with start"):
        experiment.run(f"{config}:heads", out, quiet)
    (heads.run_dir / "report.html").unlink()
    with pytest.raises(RunError, match="began from weights"):
        experiment.run(f"{config}:heads", out, quiet)
    assert experiment.run(f"{config}:heads", out, quiet, force=True) is not None


def test_settings_that_changed_under_a_finished_run_are_seen(tmp_path: Path) -> None:
    out = tmp_path / "runs"
    write(tmp_path, BASE + VARIANTS)
    other = write(tmp_path, "extends: mine.yaml\nvariants: {trunk: {start_from: 'one.yaml'}}", "other.yaml")
    write(tmp_path, BASE.replace('exits: ["conv1: pool-linear"]', "exits: null"), "one.yaml")
    assert experiment.run(f"{other}:trunk", out, quiet) is not None
    write(tmp_path, BASE.replace('exits: ["conv1: pool-linear"]', "exits: null") + "note: same\n", "one.yaml")
    assert experiment.run(f"{other}:trunk", out, quiet) is not None
    text = BASE.replace('exits: ["conv1: pool-linear"]', "exits: null").replace("epochs: 1", "epochs: 2")
    write(tmp_path, text, "one.yaml")
    with pytest.raises(RunError, match="is finished with settings"):
        experiment.run(f"{other}:trunk", out, quiet)


def test_a_start_in_use_is_waited_for(tmp_path: Path) -> None:
    config, out = write(tmp_path, BASE + VARIANTS), tmp_path / "runs"
    said: list[str] = []
    trunk = out / experiment.load(f"{config}:trunk").folder
    free = threading.Event()

    def hold() -> None:
        with files.exclusive(trunk):
            held.set()
            free.wait()

    held = threading.Event()
    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()

    def tell(line: str) -> None:
        said.append(line)
        if "waiting for another process" in line:
            free.set()

    assert experiment.run(f"{config}:heads", out, tell) is not None
    holder.join()
    assert any("waiting for another process" in line for line in said)


def test_two_processes_run_a_study_together(tmp_path: Path) -> None:
    config = write(tmp_path, BASE + VARIANTS)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*command, "-m", "idn.cli", "run", config, "--out", str(tmp_path / "runs"), "--json"],
        capture_output=True, text=True, timeout=400, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout.splitlines()[-1])["metrics"]
    assert list(metrics) == ["trunk", "heads", "again"]
    assert metrics["heads"]["trunk"]["test_accuracy"] == metrics["trunk"]["test"]["accuracy"]


def test_another_trunk_is_refused(finished: tuple[str, Path], tmp_path: Path) -> None:
    config, folder = finished
    text = BASE.replace("lenet", "alexnet") + f"start_from: {config}:trunk\n"
    with pytest.raises(ValueError, match="its trunk is another one"):
        experiment.run(write(tmp_path, text, "other.yaml"), folder.parents[1], quiet)


def test_exits_that_nothing_trains_are_refused(finished: tuple[str, Path], tmp_path: Path) -> None:
    config, folder = finished
    stages = "training: {batch_size: 64, threads: 1, stages: []}\n"
    text = BASE.split("training:")[0] + stages + f"start_from: {config}:trunk\n"
    with pytest.raises(ValueError, match="no stage does"):
        experiment.run(write(tmp_path, text, "other.yaml"), folder.parents[1], quiet)


def test_damaged_weights_to_start_from_are_a_clear_error(tmp_path: Path) -> None:
    config = write(tmp_path, BASE + VARIANTS)
    trunk = experiment.run(f"{config}:trunk", tmp_path / "runs", quiet)
    assert trunk is not None
    (trunk.run_dir / "model.pt").write_bytes(b"no weights")
    with pytest.raises(RunError, match="cannot be read"):
        experiment.run(f"{config}:heads", tmp_path / "runs", quiet)
