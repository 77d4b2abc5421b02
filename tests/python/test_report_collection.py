"""A page over many runs and studies: what is found, what it holds, and its figures."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import synthetic_run
from collected import fewer_exits, plots, write_study, written
from idn import report, store
from idn.cli import exit_codes, main
from idn.errors import RunError
from idn.experiment.comparison import claim
from idn.report import marks, run_images
from idn.report.collection import MAX_RUNS
from idn.report.marks import front
from idn.report.trade_off_plot import as_data
from test_report import HOSTILE, Page


def test_runs_studies_and_folders_are_found_in_order_and_once(tmp_path: Path) -> None:
    study = write_study(tmp_path / "in" / "study", ["b", "a", "late"], made=["a", "b"])
    deep = synthetic_run.write(tmp_path / "in" / "x" / "y" / "run-1")
    synthetic_run.write(tmp_path / "in" / ".hidden" / "run-2")
    found = report.collect([deep, tmp_path / "in", study, study / "a"])
    assert [run.path for run in found.runs] == [deep, study / "b", study / "a"]
    assert [one.path for one in found.studies] == [study]
    assert found.unfinished == [study / "late"]


def test_runs_of_one_name_are_told_apart_by_the_folders_above(tmp_path: Path) -> None:
    for study in ("one", "two"):
        synthetic_run.write(tmp_path / study / "equal")
    synthetic_run.write(tmp_path / "two" / "other")
    assert report.collect([tmp_path]).labels == ["one/equal", "two/equal", "other"]


def test_a_folder_that_leads_into_itself_is_searched_once(tmp_path: Path) -> None:
    run = synthetic_run.write(tmp_path / "run-1")
    (tmp_path / "again").symlink_to(tmp_path)
    assert [one.path for one in report.collect([tmp_path]).runs] == [run]


@pytest.mark.parametrize(
    ("make", "message"), [(False, "is not a directory"), (True, "holds no finished run")]
)
def test_nothing_found_is_a_callers_mistake(tmp_path: Path, make: bool, message: str) -> None:
    place = tmp_path / "empty"
    if make:
        place.mkdir()
    with pytest.raises(ValueError, match=message):
        report.collect([place])
    with pytest.raises(ValueError, match="no path is given"):
        report.collect([])


def test_too_many_runs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_RUNS >= 20
    monkeypatch.setattr("idn.report.collection.MAX_RUNS", 1)
    for name in ("run-1", "run-2"):
        synthetic_run.write(tmp_path / name)
    with pytest.raises(ValueError, match="more than 1 runs"):
        report.collect([tmp_path])


@pytest.mark.parametrize("variant", ["..", ".", "../elsewhere", "/etc", "a\nb", "", ".hidden"])
def test_a_variant_cannot_lead_out_of_its_study(tmp_path: Path, variant: str) -> None:
    synthetic_run.write(tmp_path / "elsewhere")
    study = write_study(tmp_path / "study", [variant], made=[])
    with pytest.raises(RunError, match=r"study\.json: variants"):
        report.collect([study])


def test_a_damaged_run_of_many_is_named(tmp_path: Path) -> None:
    for name in ("run-1", "run-2"):
        synthetic_run.write(tmp_path / name)
    (tmp_path / "run-2" / "summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match=r"run-2/summary\.json"):
        report.write_collection([tmp_path], tmp_path / "all.html")
    assert not (tmp_path / "all.html").exists()


def test_the_page_holds_runs_claims_and_what_is_missing(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", ["equal", "trunk", "late"], made=["equal", "trunk"])
    report.write(study / "equal")
    path = report.write_study(study)
    assert path == study / "report.html"
    page = Page(path.read_text(encoding="utf-8"))
    for shown in [
        "branchynet_2016: weights", "shortened", "Not finished, and not on this page: late.",
        "Across the runs of branchynet_2016: weights", "equal weights are no worse", "80.0 % against 78.2 %",
        "Holds: 4", "Does not hold: 2", "Cannot be tested: 2", "most samples leave early", "78.25 %",
    ]:  # fmt: skip
        assert shown in page.text
    links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert links[0] == "equal/report.html"
    targets = {f"#{attributes['id']}" for _, attributes in page.tags if "id" in attributes}
    assert set(links[1:]) == {"#run-0", "#run-1"}
    assert set(links[1:]) <= targets


def test_tags_are_closed_ids_are_unique_and_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    runs = [synthetic_run.write(tmp_path / "run-1"), fewer_exits(tmp_path / "run-2")]
    text, page = written(runs, tmp_path / "all.html")
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert written(runs, tmp_path / "again.html")[0] == text


def test_the_runs_are_shown_with_their_speed_on_the_engine(tmp_path: Path) -> None:
    runs = [
        synthetic_run.write(tmp_path / "run-1", engine=synthetic_run.on_engine()),
        synthetic_run.write(tmp_path / "run-2"),
    ]
    text, _ = written(runs, tmp_path / "all.html")
    table = text[text.index("speed-up, engine") :]
    assert re.findall(r"<td[^>]*>(1\.25×|1\.61×|–)</td>", table)[:4] == ["1.25×", "1.61×", "1.25×", "–"]  # noqa: RUF001


def test_the_policy_allows_the_one_script_by_its_hash_and_images_inside(tmp_path: Path) -> None:
    text, page = written([synthetic_run.write(tmp_path / "run-1")], tmp_path / "all.html")
    (policy,) = (
        attributes["content"]
        for tag, attributes in page.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    )
    assert "innerHTML" not in script
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    assert not re.search(r" on[a-z]+=", text)


def test_hostile_texts_stay_text_and_data(tmp_path: Path) -> None:
    hostile = HOSTILE + "</script><img src=x onerror=alert(2)>"
    exits = [entry | {"name": hostile} for entry in synthetic_run.summary()["exits"]]
    names = [hostile] * synthetic_run.CLASSES
    study = write_study(
        tmp_path / "study", ["<img src=y onerror=alert(3)> & 'x'"], name=hostile, note=hostile,
        experiment=hostile,
    )  # fmt: skip
    (run,) = (one for one in study.iterdir() if one.is_dir())
    changed = {"model": hostile, "dataset": hostile, "preset": hostile, "exits": exits, "classes": names}
    synthetic_run.write_json(run / "summary.json", synthetic_run.summary() | changed)
    entry = claim(hostile, False, hostile, preset=hostile).as_dict()
    for place in (study, run):
        synthetic_run.write_json(place / "comparison.json", [entry])
    text, page = written([study], tmp_path / "all.html")
    assert page.open == []
    assert {tag for tag, _ in page.tags if tag in ("img", "iframe", "object", "link", "base")} == set()
    assert sum(tag == "script" for tag, _ in page.tags) == 2  # the data and our own
    (plot,) = plots(text)
    assert plot["runs"][0]["exits"] == [hostile] * 3
    assert plot["runs"][0]["label"].startswith("<img src=y")


def test_data_for_the_script_cannot_end_its_element() -> None:
    value = {"a": "</script><!--<script>&\u2028"}
    text = as_data(value)
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == value


def test_the_data_of_the_plot_lie_where_they_are_drawn(tmp_path: Path) -> None:
    text, _ = written([synthetic_run.write(tmp_path / "run-1")], tmp_path / "all.html")
    (plot,) = plots(text)
    points = plot["runs"][0]["points"]
    for cost in ("macs", "ms"):
        drawn = {
            (float(x), float(y))
            for group in re.findall(rf'<g id="plot0-{cost}-0-\d">(.*?)</g>\s*</g>', text, re.DOTALL)
            for x, y in re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', group)
        }
        places = [point["at"][cost] for point in points if point["at"][cost] is not None]
        assert len(places) == (8 if cost == "macs" else 2)  # no times of single exits in this run
        for x, y in places:
            # Places are rounded to a tenth.
            assert min(abs(x - a) + abs(y - b) for a, b in drawn) < 0.11


def test_time_of_a_point_is_the_mean_over_the_exits_it_leaves_at(tmp_path: Path) -> None:
    timed = synthetic_run.summary()["time"] | {"exit_ms": [1.0, 2.0, 4.0]}
    run = report.load(synthetic_run.write(tmp_path / "run-1", time=timed))
    found = {(mark.kind, round(mark.macs)): mark for mark in marks.marks(run.summary)}
    middle = found["curve", 21_159_398]
    assert middle.ms == pytest.approx(0.5 * 1 + 0.3 * 2 + 0.2 * 4)
    assert found["exit", synthetic_run.MACS[1]].ms == 2.0
    assert found["trunk", synthetic_run.TRUNK_MACS].ms == 1.5
    assert found["chosen", 21_159_398].ms == 1.2  # as measured, not as computed


def test_runs_on_one_trunk_share_a_measure_of_it(tmp_path: Path) -> None:
    quiet = synthetic_run.summary()["time"] | {"exit_ms": [1.0, 2.0, 4.0]}
    # The machine was three times slower during one run, and that on another trunk stands by itself.
    slow = quiet | {"trunk_ms": 4.5, "branchy_ms": 3.6, "exit_ms": [3.0, 6.0, 12.0]}
    runs = [
        report.load(synthetic_run.write(tmp_path / "a", time=quiet)),
        report.load(synthetic_run.write(tmp_path / "b", time=slow)),
        report.load(synthetic_run.write(tmp_path / "c", time=slow, trunk_macs=1)),
    ]
    first, second, third = ([mark.ms for mark in one] for one in marks.marks_together(runs))
    assert first == pytest.approx(second)
    assert third == [mark.ms for mark in marks.marks(runs[2].summary)]
    (trunk,) = [mark for mark in marks.marks_together(runs)[0] if mark.kind == "trunk"]
    assert trunk.ms == 3.0  # between 1.5 and 4.5


def test_repeats_far_apart_are_said_to_be_on_the_page_and_in_the_terminal(tmp_path: Path) -> None:
    time = synthetic_run.summary()["time"]
    apart = time | {"spread": time["spread"] | {"gain": [0.6, 1.9]}}
    runs = [
        synthetic_run.write(tmp_path / "calm"),
        synthetic_run.write(tmp_path / "busy", time=apart),
    ]
    _, page = written(runs, tmp_path / "all.html")
    assert "rather than their times: busy (0.60 to 1.90\u00d7)." in page.text
    alone = [Page(report.write(run).read_text(encoding="utf-8")).text for run in runs]
    assert ["the machine was busy" in one for one in alone] == [False, True]
    captions = [str(report.summary_table(run).caption) for run in runs]
    assert ["the machine was busy" in one for one in captions] == [False, True]


def test_claims_of_our_own_are_not_counted_as_published(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", ["a"])
    (study / "a" / "comparison.json").unlink()
    own = claim("our claim", True, "seen", preset="cpu", ours=True)
    theirs = claim("their claim", True, "seen", preset="cpu")
    synthetic_run.write_json(study / "comparison.json", [own.as_dict(), theirs.as_dict()])
    _, page = written([study], tmp_path / "all.html")
    assert "hold 1 of what was published" in page.text
    assert "of our own claims 1 of 1 hold" in page.text


def test_variants_are_named_with_their_study_beside_other_runs(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study", ["a", "b"])
    assert report.collect([study]).labels == ["a", "b"]
    synthetic_run.write(tmp_path / "run-1")
    assert sorted(report.collect([tmp_path]).labels) == ["run-1", "study/a", "study/b"]


def test_the_front_is_what_nothing_beats_in_both() -> None:
    rng = np.random.default_rng(0)
    points = [(float(x), float(y)) for x, y in rng.integers(0, 12, size=(60, 2))]

    def beaten(point: tuple[float, float]) -> bool:
        return any(other != point and other[0] <= point[0] and other[1] >= point[1] for other in points)

    kept = [points[index] for index in front(points)]
    assert kept == sorted({point for point in points if not beaten(point)})


def test_data_sets_are_plotted_apart(tmp_path: Path) -> None:
    runs = [synthetic_run.write(tmp_path / "a"), synthetic_run.write(tmp_path / "b", dataset="mnist")]
    text, _ = written(runs, tmp_path / "all.html")
    assert [[run["label"] for run in plot["runs"]] for plot in plots(text)] == [["a"], ["b"]]


def test_figures_are_written_for_one_run_and_for_many(tmp_path: Path) -> None:
    synthetic_run.write(tmp_path / "in" / "a" / "b")
    fewer_exits(tmp_path / "in" / "a-b")
    (tmp_path / "in" / "a-b" / "traces.h5").unlink()
    found = report.collect([tmp_path / "in"])
    files = report.write_figures(found, tmp_path / "new" / "figures")
    names = {file.name for file in files}
    assert {"trade-off-cifar10-macs.png", "trade-off-cifar10-ms.pdf", "exit-rates.png"} <= names
    assert sum(name.startswith("reliability") for name in names) == 2  # PNG and PDF of the one with traces
    assert all(file.read_bytes()[:4] in (b"\x89PNG", b"%PDF") for file in files)
    assert len(files) == len(names)
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="figures cannot be written"):
        report.write_figures(found, tmp_path / "taken")


def test_twenty_runs_make_a_page_of_less_than_three_megabytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Noise, which does not compress, in the size of CIFAR10, and samples that leave at all three exits.
    noise = np.random.default_rng(0).integers(0, 256, size=(synthetic_run.SAMPLES, 3, 32, 32), dtype=np.uint8)
    monkeypatch.setattr(run_images.RunImages, "of", lambda *_: noise)
    traces = synthetic_run.traces()
    logits = traces["logits"]
    logits[::3, :2] = logits[1::3, :1] = 0
    logits += np.random.default_rng(1).normal(size=logits.shape).astype(np.float32)
    curve = (synthetic_run.summary()["curve"] * 14)[:40]
    runs = [synthetic_run.write(tmp_path / f"run-{index}", curve=curve) for index in range(3)]
    for run in runs:
        with store.TraceWriter(run / "traces.h5") as writer:
            for split in ("validation", "test"):
                writer.append(split, **traces)
    one, three = (len(written(some, tmp_path / "all.html")[0].encode()) for some in (runs[:1], runs))
    assert one > 100_000  # with its images
    assert one + 19 * (three - one) / 2 < 3_000_000


def command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["idn", "report", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().out


def test_the_command_puts_each_page_in_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study = write_study(tmp_path / "study", ["equal", "trunk"])
    monkeypatch.chdir(tmp_path)
    code, out = command(capsys, monkeypatch, "study/equal", "--json")
    assert code == exit_codes.OK
    told = json.loads(out)
    assert told["run_dir"] == str(study / "equal")
    assert told["metrics"]["model"] == "b_alexnet"
    assert len(told["comparison"]) == 4
    assert (study / "equal" / "report.html").is_file()
    code, out = command(capsys, monkeypatch, "study")
    assert code == exit_codes.OK
    assert out.count("2 of 3") == 2  # claims of each run
    assert (study / "report.html").is_file()
    assert not (tmp_path / "report.html").exists()
    code, out = command(capsys, monkeypatch, "study/equal", "study/trunk", "--figures", "drawn", "--json")
    assert code == exit_codes.OK
    assert [run["run_dir"] for run in json.loads(out)["runs"]] == [str(study / "equal"), str(study / "trunk")]
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "drawn" / "exit-rates.pdf").is_file()
    code, _ = command(capsys, monkeypatch, "study/equal", "--out", "one.html")
    assert code == exit_codes.OK
    assert "1 run" in Page((tmp_path / "one.html").read_text(encoding="utf-8")).text
    assert command(capsys, monkeypatch, "study", "--out", "drawn")[0] == exit_codes.USAGE
