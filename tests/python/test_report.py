from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import synthetic_run
from idn import report
from idn.errors import RunError
from idn.experiment.comparison import claim, number, wilson


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return synthetic_run.write(tmp_path / "run-1")


class Page(HTMLParser):
    """Collects tags with their attributes, and the text outside of style and titles."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def change(run_dir: Path, **changes: Any) -> None:
    synthetic_run.write_json(run_dir / "summary.json", synthetic_run.summary() | changes)


def test_the_page_shows_the_numbers_of_the_run(run_dir: Path) -> None:
    path = report.write(run_dir)
    assert path == run_dir / "report.html"
    text = Page(path.read_text(encoding="utf-8")).text
    for shown in [
        "b_alexnet on cifar10", "preset cpu", "shortened", "78.25 %", "80.0 % of the test", "1.500 ms",
        "1.33\u00d7",
        "21.2 M against 28.2 M MACs", "1.25\u00d7", "77.50 %", "entropy in nats, leaves below T", "30.5 M",
        "1.400 to 1.700", "7 repeats", "idn run config.yaml", "2 hold, 1 do not, 1 cannot be tested",
    ]:  # fmt: skip
        assert shown in text


def test_every_opened_tag_is_closed_and_every_figure_described(run_dir: Path) -> None:
    page = Page(report.write(run_dir).read_text(encoding="utf-8"))
    assert page.open == []
    assert sum(tag == "svg" for tag, _ in page.tags) == 4
    assert sum(tag == "desc" for tag, _ in page.tags) == 4
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_loads_nothing(run_dir: Path) -> None:
    text = report.write(run_dir).read_text(encoding="utf-8")
    loading = {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}
    for tag, attributes in Page(text).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "img", "base", "foreignobject"}
        for name in loading & attributes.keys():
            assert (attributes[name] or "").startswith("#")
    assert "@import" not in text
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)'\"]*)", text))
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)  # the names of SVG's own name spaces


def test_equal_runs_give_equal_bytes(run_dir: Path) -> None:
    first = report.write(run_dir).read_bytes()
    assert report.write(run_dir).read_bytes() == first


HOSTILE = "<script>alert(1)</script>\"'&$\\frac{$ --> 'DejaVu Sans' \x07]]>"


def test_hostile_names_and_notes_stay_text(run_dir: Path) -> None:
    exits = [entry | {"name": HOSTILE} for entry in synthetic_run.summary()["exits"]]
    change(run_dir, model=HOSTILE, dataset=HOSTILE, exits=exits, experiment=HOSTILE, device=HOSTILE)
    (run_dir / "config.yaml").write_text(json.dumps({"note": HOSTILE, HOSTILE: [HOSTILE]}), encoding="utf-8")
    synthetic_run.write_json(run_dir / "environment.json", {HOSTILE: HOSTILE, "command": HOSTILE})
    synthetic_run.write_json(
        run_dir / "comparison.json", [claim(HOSTILE, False, HOSTILE, preset=HOSTILE).as_dict()]
    )
    text = report.write(run_dir).read_text(encoding="utf-8")
    page = Page(text)
    assert "<script" not in text
    assert page.open == []
    assert "<script>alert(1)</script>" in page.text


def test_a_run_without_trunk_time_curve_or_epochs_still_gives_a_page(run_dir: Path) -> None:
    change(run_dir, trunk=None, time=None, curve=[], training_seconds=None)
    (run_dir / "metrics.jsonl").write_text("", encoding="utf-8")
    (run_dir / "comparison.json").unlink()
    page = Page(report.write(run_dir).read_text(encoding="utf-8"))
    assert sum(tag == "svg" for tag, _ in page.tags) == 3
    for absent in ["trunk alone", "Published and measured", "Time", "Training"]:
        assert absent not in page.words


def test_loading_gives_traces_and_comparisons(run_dir: Path) -> None:
    run = report.load(run_dir)
    assert run.name == "run-1"
    assert run.trace("test").logits.shape == (synthetic_run.SAMPLES, 3, synthetic_run.CLASSES)
    assert run.comparisons == synthetic_run.comparisons()
    assert [row["epoch"] for row in run.metrics] == [1, 1, 2]


@pytest.mark.parametrize("name", ["config.yaml", "environment.json", "metrics.jsonl", "summary.json"])
def test_a_missing_file_is_a_clear_error(run_dir: Path, name: str) -> None:
    (run_dir / name).unlink()
    with pytest.raises(
        RunError, match=rf"{re.escape(name)} is missing.*idn run|{re.escape(name)} is missing.*run the"
    ):
        report.write(run_dir)
    assert not (run_dir / "report.html").exists()


@pytest.mark.parametrize(
    "name", ["config.yaml", "environment.json", "metrics.jsonl", "summary.json", "comparison.json"]
)
@pytest.mark.parametrize("content", [b'{"a": [1, ', b"\xff\xfe", b"[3]", b'"words"'])
def test_a_damaged_file_is_an_error_that_names_it(run_dir: Path, name: str, content: bytes) -> None:
    (run_dir / name).write_bytes(content)
    with pytest.raises(RunError, match=re.escape(name)):
        report.write(run_dir)
    assert not (run_dir / "report.html").exists()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"trunk_macs": "many"}, "trunk_macs"),
        ({"exits": []}, "exits"),
        ({"trunk_macs": float("inf")}, "trunk_macs"),
        ({"trunk": {"test_accuracy": 177.5}}, "trunk.test_accuracy"),
        (
            {"test": {"accuracy": 50.0, "exit_rates": [100.0], "mean_macs": 1.0}},
            "test.exit_rates has 1 entries",
        ),
    ],
)
def test_a_wrong_value_in_the_summary_is_named(run_dir: Path, changes: dict[str, Any], place: str) -> None:
    change(run_dir, **changes)
    with pytest.raises(RunError, match=re.escape(place)):
        report.load(run_dir)


def test_an_unfinished_run_is_told_to_resume(run_dir: Path) -> None:
    (run_dir / "summary.json").unlink()
    with pytest.raises(RunError, match="has not finished"):
        report.load(run_dir)


def test_the_folder_of_runs_points_at_a_run_in_it(run_dir: Path) -> None:
    with pytest.raises(RunError, match="run-1"):
        report.load(run_dir.parent)


def test_a_path_that_is_no_directory_is_a_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not a directory"):
        report.write(tmp_path / "nowhere")


def test_a_disk_that_fills_up_leaves_the_old_page_whole(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = report.write(run_dir).read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(RunError, match="No space left"):
        report.write(run_dir)
    assert (run_dir / "report.html").read_bytes() == before
    assert not list(run_dir.glob(".report*"))


def test_the_terminal_table_has_a_row_per_exit_and_takes_names_as_they_are(run_dir: Path) -> None:
    from rich.console import Console

    exits = [entry | {"name": f"[red]{i}"} for i, entry in enumerate(synthetic_run.summary()["exits"])]
    change(run_dir, exits=exits)
    console = Console(width=120, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(report.summary_table(run_dir))
        text = console.export_text()
    for shown in ["[red]0", "[red]2", "55.00 %", "trunk alone", "early exits", "1.33\u00d7", "1.25\u00d7"]:
        assert shown in text


def test_accuracy_on_validation_beyond_that_on_test_is_pointed_out(run_dir: Path) -> None:
    inside = report.summary_table(run_dir).caption
    assert "epsilon" not in str(inside)
    validation = synthetic_run.summary()["validation"] | {"accuracy": 90.0}
    change(run_dir, validation=validation)
    assert "Validation said 90.00 %, outside the 95 % interval of test" in str(
        report.summary_table(run_dir).caption
    )
    assert (
        "accuracy was 90.00 %: outside the interval of test"
        in Page(report.write(run_dir).read_text(encoding="utf-8")).text
    )


def test_the_trunk_is_said_to_have_trained_for_fewer_epochs(run_dir: Path) -> None:
    stages = [{"train": "trunk", "epochs": 5}, {"train": "joint", "epochs": 9}]
    config = {"experiment": "branchynet_2016", "training": {"stages": stages}}
    (run_dir / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    assert "trained for 5 of the 14 epochs" in str(report.summary_table(run_dir).caption)
    assert "after 5 of 14 epochs" in Page(report.write(run_dir).read_text(encoding="utf-8")).text


def test_times_by_exit_are_in_the_report_and_the_terminal(run_dir: Path) -> None:
    change(run_dir, time=synthetic_run.summary()["time"] | {"exit_ms": [0.9, 1.234, 1.65]})
    text = Page(report.write(run_dir).read_text(encoding="utf-8")).text
    assert "leaving at conv3 1.234 ms" in text
    assert "takes +10 % of the trunk's time on top" in text


def test_changes_to_a_preset_are_said_beside_its_note(run_dir: Path) -> None:
    change(run_dir, preset="cpu, changed")
    synthetic_run.write_json(run_dir / "environment.json", {"overrides": ["training.batch_size=7"]})
    text = Page(report.write(run_dir).read_text(encoding="utf-8")).text
    assert "shortened Changed in this run: training.batch_size=7." in text


def test_the_markdown_table_is_put_between_its_markers(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from idn.report.table import BEGIN, END, main

    readme = run_dir.parent / "README.md"
    readme.write_text(f"before\n\n{BEGIN}\nstale words\n{END}\nafter\n", encoding="utf-8")
    assert main([str(readme), str(run_dir.parent), "--check"]) == 1
    assert "out of date" in capsys.readouterr().err
    assert main([str(readme), str(run_dir.parent)]) == 0
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("before\n") and text.endswith("after\n")  # noqa: PT018
    assert "stale words" not in text
    assert "| `run-1` | cpu | cifar10 | 77.50 % | 80.00 % | 78.25 % |" in text
    assert main([str(readme), str(run_dir.parent), "--check"]) == 0


def test_a_readme_without_markers_is_a_callers_mistake() -> None:
    from idn.report.table import updated

    with pytest.raises(ValueError, match="needs one line"):
        updated("no markers", "table")


def test_a_number_holds_in_its_interval_or_where_the_measurement_is_better() -> None:
    def holds(published: float, better: Any) -> bool | None:
        return number("x", published, 10.0, (9.0, 11.0), preset="cpu", better=better).holds

    assert holds(9.0, None) is True
    assert holds(11.0, None) is True
    assert holds(8.9, None) is False
    assert holds(8.9, "higher") is True
    assert holds(8.9, "lower") is False
    assert holds(11.1, "lower") is True
    assert holds(11.1, "higher") is False


def test_a_number_that_was_not_measured_is_not_judged() -> None:
    entry = number("x", 5.0, None, preset="smoke")
    assert (entry.measured, entry.interval, entry.holds) == (None, None, None)


def test_a_measurement_that_is_not_finite_or_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="nan is not finite"):
        number("x", 5.0, float("nan"), preset="smoke")
    with pytest.raises(ValueError, match="outside its own interval"):
        number("x", 5.0, 4.0, (4.5, 6.0), preset="smoke")


@pytest.mark.parametrize(
    ("successes", "samples", "low", "high"),
    [
        # Newcombe (1998), Table I, method 3 (score without continuity correction), in percent.
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
    ],
)
def test_the_interval_of_a_share_is_wilsons(successes: int, samples: int, low: float, high: float) -> None:
    # Four printed decimals of a share: half a unit of the last one.
    assert wilson(successes, samples) == pytest.approx((low, high), abs=0.005)


def test_a_share_of_nothing_has_no_interval() -> None:
    with pytest.raises(ValueError, match="0 of 0"):
        wilson(0, 0)


def test_importing_the_report_loads_neither_torch_nor_matplotlib() -> None:
    code = "import sys, idn.report; print([m for m in ('torch', 'matplotlib', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_values_of_the_environment_are_shown_as_words(run_dir: Path) -> None:
    values = {"source": {"commit": "abc", "changed": True}, "overrides": [], "long": "x" * 1000}
    synthetic_run.write_json(run_dir / "environment.json", values)
    page = Page(report.write(run_dir).read_text(encoding="utf-8"))
    assert "commit abc, changed yes" in page.words
    assert page.words[page.words.index("overrides") + 1] == "\u2013"
    assert sum(tag == "details" for tag, _ in page.tags) == 2
