from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

import synthetic_run
from idn import costs, experiment, models, report
from idn.experiment import claims
from idn.experiment.comparison import FIELDS, Comparison, wilson

ROOT = Path(__file__).resolve().parents[2]
SLUG = "branchynet_2016"
# A network that is trained for two epochs has learnt enough to be better than a guess, in a second or two.
SHORT = [
    "training.stages[0].epochs=1",
    "training.stages[1].epochs=2",
    "training.threads=1",
    "measure.samples=10",
    "thresholds.candidates_per_exit=8",
]
FILES = {"config.yaml", "environment.json", "metrics.jsonl", "model.pt", "summary.json", "traces.h5"}
BOUND = wilson(313, synthetic_run.SAMPLES)[1]  # of the accuracy with exits of the synthetic run
WRITTEN_LAST = {"comparison.json", "report.html"}


@pytest.fixture(scope="module", params=["lenet", "alexnet"])
def finished(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Any]:
    threads = torch.get_num_threads()
    loaded = experiment.load(f"{SLUG}/{request.param}_smoke", SHORT)
    result = experiment.run(loaded, tmp_path_factory.mktemp(request.param), lambda _: None)
    torch.set_num_threads(threads)
    assert result is not None
    return request.param, result


def test_a_smoke_run_leaves_every_file_of_a_run_and_no_scraps(finished: tuple[str, Any]) -> None:
    _, result = finished
    names = {path.name for path in result.run_dir.iterdir()}
    assert names >= FILES | WRITTEN_LAST
    assert not {name for name in names if name.startswith(".") and name != ".lock"}
    assert result.run_dir.parent.name == SLUG


def test_a_smoke_run_can_be_read_back_and_agrees_with_itself(finished: tuple[str, Any]) -> None:
    name, result = finished
    run = report.load(result.run_dir)
    assert (run.summary.model, run.summary.dataset) == (f"b_{name}", "digits")
    assert run.summary.preset == "smoke, changed"  # by the overrides of this test
    assert run.config["note"]
    trace = run.trace("test")
    exits = len(run.summary.exits)
    assert trace.logits.shape == (len(trace.labels), exits, 10)
    for index, item in enumerate(run.summary.exits):
        right = float((trace.logits[:, index].argmax(axis=1) == trace.labels).mean())
        assert item.test_accuracy == pytest.approx(100 * right, abs=1e-9)  # the same counts, divided once
    rates = run.summary.test.exit_rates
    assert sum(rates) == pytest.approx(100, abs=1e-9)
    mean = sum(rate * item.macs for rate, item in zip(rates, run.summary.exits, strict=True)) / 100
    assert run.summary.test.mean_macs == pytest.approx(mean, rel=1e-12)
    assert run.summary.trunk is not None


def test_a_smoke_run_draws_its_epochs(finished: tuple[str, Any]) -> None:
    _, result = finished
    run = report.load(result.run_dir)
    figure = report.figures.training_curves(run)
    assert figure is not None
    lines = figure.axes[0].get_lines()[: len(run.summary.exits)]
    assert [np.size(line.get_xdata()) for line in lines] == [2] * (len(lines) - 1) + [3]


def test_the_report_of_a_smoke_run_names_the_run_and_loads_nothing(finished: tuple[str, Any]) -> None:
    name, result = finished
    text = (result.run_dir / "report.html").read_text(encoding="utf-8")
    assert f"b_{name} on digits" in text
    assert text.count("<svg") == 4  # trade-off, epochs, who leaves where, reliability
    assert text.count("src=") == text.count('src="data:image/')
    assert "http://" not in text.replace("http://www.w3.org/", "")


def test_comparison_json_keeps_its_schema_and_judges_no_number_of_other_data(
    finished: tuple[str, Any],
) -> None:
    name, result = finished
    entries = json.loads((result.run_dir / "comparison.json").read_text(encoding="utf-8"))
    assert all(tuple(entry) == FIELDS for entry in entries)
    assert {entry["preset"] for entry in entries} == {"smoke, changed"}
    numbers = [entry for entry in entries if entry["published"] is not True]
    assert len(numbers) == {"lenet": 8, "alexnet": 9}[name]
    assert all(entry["holds"] is None and entry["measured"] is None for entry in numbers)
    assert all("digits" in entry["what"] for entry in numbers)
    judged = [entry for entry in entries if entry["published"] is True]
    assert len(judged) == 4
    assert all(isinstance(entry["holds"], bool) for entry in judged)


def found(path: Path) -> dict[str, Comparison]:
    return {entry.what: entry for entry in claims.of(report.load(path))}


def one(entries: dict[str, Comparison], beginning: str) -> Comparison:
    matching = [entry for what, entry in entries.items() if what.startswith(beginning)]
    assert len(matching) == 1
    return matching[0]


@pytest.mark.parametrize(("network", "gain"), [("lenet", "4.10"), ("alexnet", "1.44"), ("resnet110", "1.38")])
def test_the_published_exit_rates_save_the_operations_that_the_readme_says(network: str, gain: str) -> None:
    column: Any = OmegaConf.load(ROOT / "experiments" / SLUG / "published.yaml")[network]
    channels, height, width = column.input
    build = {"lenet": models.b_lenet, "alexnet": models.b_alexnet, "resnet110": models.b_resnet}[network]
    cost = costs.count(
        build(classes=10, in_channels=channels, image_size=height), torch.zeros(1, channels, height, width)
    )
    mean = sum(rate / 100 * macs for rate, macs in zip(column.exit_rate, cost.macs, strict=True))
    assert f"{cost.trunk_macs / mean:.2f}" == gain
    assert f"{gain}×" in (ROOT / "experiments" / SLUG / "README.md").read_text(encoding="utf-8")  # noqa: RUF001


def test_only_what_was_published_is_compared_as_published(tmp_path: Path) -> None:
    entries = found(synthetic_run.write(tmp_path / "run"))
    numbers = {entry.published for entry in entries.values() if entry.published is not True}
    assert numbers == {78.38, 79.19, 65.6, 25.2, 9.2, 9.56, 6.32, 1.5, 2.4}  # Table I, column of AlexNet


def test_numbers_are_tested_on_the_data_they_were_published_for(tmp_path: Path) -> None:
    entries = found(synthetic_run.write(tmp_path / "run"))
    alone = one(entries, "test accuracy of AlexNet alone")
    assert (alone.published, alone.measured, alone.holds) == (
        78.38,
        77.5,
        True,
    )  # 400 samples: a wide interval
    # Every trace is surer than the published thresholds ask, so all leave at exit 1 and 55 % are right.
    branchy = one(entries, "test accuracy of B-AlexNet")
    assert (branchy.measured, branchy.holds) == (55.0, False)
    rates = [one(entries, f"samples that leave at exit {number}") for number in (1, 2, 3)]
    assert [rate.measured for rate in rates] == [pytest.approx(100), 0, 0]
    assert [rate.holds for rate in rates] == [False, False, False]
    alone = one(entries, "ms per sample of AlexNet")
    assert alone.measured is not None
    assert alone.holds is None  # another machine's
    speed = one(entries, "speed-up of B-AlexNet on the CPU")
    assert (speed.measured, speed.interval, speed.holds) == (1.25, (1.2, 1.31), False)
    gpu = one(entries, "speed-up of B-AlexNet on a GPU")
    assert (gpu.measured, gpu.holds) == (None, None)
    assert "no GPU" in gpu.what


def test_a_gpu_run_tests_the_gpu_number_and_not_the_cpu_ones(tmp_path: Path) -> None:
    entries = found(synthetic_run.write(tmp_path / "run", device="cuda:0"))
    assert one(entries, "speed-up of B-AlexNet on a GPU").measured == 1.25
    assert one(entries, "speed-up of B-AlexNet on the CPU").holds is None
    assert one(entries, "ms per sample of AlexNet").holds is None


def test_too_few_repeats_give_no_interval(tmp_path: Path) -> None:
    few = synthetic_run.summary()["time"] | {"repeats": 5}
    entry = one(found(synthetic_run.write(tmp_path / "run", time=few)), "speed-up of B-AlexNet on the CPU")
    assert (entry.interval, entry.holds) == (None, False)


@pytest.mark.parametrize(
    ("trunk_accuracy", "slowest", "holds"),
    [(BOUND, 1.01, True), (BOUND + 0.01, 1.01, False), (78.25, 1.0, False)],
    ids=["inside the interval and faster", "less accurate", "one repeat not faster"],
)
def test_faster_at_no_less_accuracy_needs_both(
    tmp_path: Path, trunk_accuracy: float, slowest: float, holds: bool
) -> None:
    time = synthetic_run.summary()["time"]
    time["spread"]["gain"] = [slowest, 1.31]
    path = synthetic_run.write(tmp_path / "run", time=time, trunk={"test_accuracy": trunk_accuracy})
    entry = one(found(path), "B-AlexNet is faster")
    assert entry.holds is holds
    assert entry.what.endswith("AlexNet alone trained for the trunk's epochs only")
    assert f"78.25 % [73.95, {BOUND:.2f}] against {trunk_accuracy:.2f} %" in str(entry.measured)


def test_fewer_operations_need_no_less_accuracy_too(tmp_path: Path) -> None:
    for accuracy, holds in ((BOUND, True), (BOUND + 0.01, False)):
        path = synthetic_run.write(tmp_path / str(accuracy), trunk={"test_accuracy": accuracy})
        assert one(found(path), "B-AlexNet takes fewer MACs").holds is holds


def test_fewer_operations_must_be_fewer_with_the_heads_counted(tmp_path: Path) -> None:
    path = synthetic_run.write(tmp_path / "run", trunk_macs=21_159_398)
    assert one(found(path), "B-AlexNet takes fewer MACs").holds is False
    path = synthetic_run.write(tmp_path / "other")
    assert one(found(path), "B-AlexNet takes fewer MACs").holds is True


def test_claims_about_who_leaves_are_tested_on_the_recorded_logits(tmp_path: Path) -> None:
    path = synthetic_run.write(tmp_path / "all", thresholds=[0.2, 0.4])
    entries = found(path)
    assert one(entries, "most samples leave").holds is True
    # All leave at exit 1, so its leavers are no easier than the whole.
    assert one(entries, "exit 1 of B-AlexNet").holds is False
    path = synthetic_run.write(tmp_path / "none", thresholds=[None, None])
    entries = found(path)
    assert one(entries, "most samples leave").holds is False
    assert one(entries, "exit 1 of B-AlexNet").holds is None


def test_a_run_without_a_trunk_stage_cannot_test_what_compares_with_it(tmp_path: Path) -> None:
    entries = found(synthetic_run.write(tmp_path / "run", trunk=None))
    for beginning in ("test accuracy of AlexNet alone", "B-AlexNet is faster", "B-AlexNet takes fewer"):
        assert one(entries, beginning).holds is None


def test_a_network_that_is_not_in_the_paper_has_nothing_to_compare(tmp_path: Path) -> None:
    for model in ("resnet", "densenet"):  # a ResNet without its exits too
        assert found(synthetic_run.write(tmp_path / model, model=model)) == {}


def write_resnet(path: Path, **changes: Any) -> Path:
    synthetic_run.write(path, model="b_resnet")
    config = {"experiment": SLUG, "preset": "cpu", "model": {"name": "b_resnet", **changes}}
    (path / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    return path


def test_resnet_110_is_compared_with_its_column(tmp_path: Path) -> None:
    entries = found(write_resnet(tmp_path / "run"))
    numbers = {entry.published for entry in entries.values() if entry.published is not True}
    assert numbers == {80.7, 79.17, 41.5, 13.8, 44.7, 137.2, 73.5, 1.9}
    alone = one(entries, "test accuracy of ResNet-110 alone")
    assert (alone.published, alone.measured, alone.holds) == (80.7, 77.5, True)
    assert one(entries, "test accuracy of B-ResNet-110 at T = 0.3, 0.2").measured == 55.0
    assert one(entries, "B-ResNet-110 is faster than ResNet-110").holds is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"depth": 20}, "published for depth 110, this run has 20"),
        ({"heads": "light"}, "published for heads published, this run has light"),
        ({"width": 8}, "published for width 16, this run has 8"),
    ],
)
def test_a_cousin_of_resnet_110_is_judged_by_the_claims_alone(
    tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    entries = found(write_resnet(tmp_path / "run", **changes))
    numbers = [entry for entry in entries.values() if entry.published is not True]
    assert len(numbers) == 9
    assert all((entry.measured, entry.holds) == (None, None) and told in entry.what for entry in numbers)
    judged = [entry for entry in entries.values() if entry.published is True]
    assert [isinstance(entry.holds, bool) for entry in judged] == [True] * 4
    name = f"B-ResNet-{changes.get('depth', 110)}"
    assert all(name in entry.what for entry in judged)


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("alexnet_cpu", "cpu"),
        ("alexnet_modern", "cpu, another recipe"),
        ("resnet_paper", "cpu"),  # what the synthetic run says
        ("resnet_cpu", "cpu, another recipe"),
    ],
)
def test_entries_tell_another_recipe_from_a_shortened_one(tmp_path: Path, name: str, preset: str) -> None:
    path = synthetic_run.write(tmp_path / "run", model=f"b_{name.split('_')[0]}")
    config = experiment.load(f"{SLUG}/{name}")
    (path / "config.yaml").write_text(config.as_yaml(), encoding="utf-8")
    assert {entry.preset for entry in found(path).values()} == {preset}
    table = report.markdown_table([report.load(path)])
    assert f"Run `run` (preset cpu): {config.run.note}" in table.splitlines()


def test_a_committed_alexnet_on_cifar10_is_right_for_70_percent_at_its_last_exit() -> None:
    runs = [report.load(path) for path in sorted((ROOT / "results" / SLUG).glob("alexnet_cpu-*"))]
    accuracies = [run.summary.exits[-1].test_accuracy for run in runs if run.summary.dataset == "cifar10"]
    assert max(accuracies) >= 70
