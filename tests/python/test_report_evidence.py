"""What a page shows of each run by its traces: exits, calibration, classes and images."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import synthetic_run
from collected import on_digits, written
from idn import data, report, store
from idn.errors import RunError
from idn.report import run_images, samples
from idn.report.answers import read
from idn.report.reliability import measure
from idn.report.trace_sections import evidence


def test_without_traces_the_page_says_so_and_is_made(tmp_path: Path) -> None:
    runs = [synthetic_run.write(tmp_path / "run-1"), synthetic_run.write(tmp_path / "run-2")]
    (runs[0] / "traces.h5").unlink()
    text, page = written(runs, tmp_path / "all.html")
    assert "run-1: no calibration, classes and images" in page.text
    assert "How sure the exits are" in page.text
    assert str(tmp_path) not in text
    (runs[1] / "traces.h5").write_bytes(b"no HDF5")
    _, page = written(runs, tmp_path / "all.html")
    assert "run-2: no calibration, classes and images" in page.text
    assert "How sure the exits are" not in page.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t | {"logits": t["logits"][:, :2]}, "2 exits"),
        (lambda t: t | {"labels": t["labels"] + 5}, "outside 0 to 9"),
        (lambda t: t | {"logits": np.where(t["logits"] > 0, np.float32(np.nan), t["logits"])}, "not finite"),
    ],
)
def test_traces_that_do_not_fit_are_named(tmp_path: Path, change: Any, message: str) -> None:
    run = synthetic_run.write(tmp_path / "run-1")
    with store.TraceWriter(run / "traces.h5") as writer:
        for split in ("validation", "test"):
            writer.append(split, **change(synthetic_run.traces()))
    with pytest.raises(RunError, match=message):
        read(report.load(run))
    shown = evidence(report.load(run), "run-1", run_images.RunImages())
    assert message in shown.missing


@pytest.mark.parametrize("criterion", [{}, {"name": ["entropy"]}, {"name": "entropy", "temperature": {}}])
def test_an_exit_rule_that_is_none_is_named(tmp_path: Path, criterion: dict[str, Any]) -> None:
    run = report.load(synthetic_run.write(tmp_path / "run-1", criterion=criterion))
    with pytest.raises(RunError, match="exit rule"):
        read(run)


def test_samples_leave_where_the_policy_lets_them(tmp_path: Path) -> None:
    # Exit 1 is never sure enough: normalised entropy is at or below a negative threshold for no sample.
    rule = {"name": "confidence", "temperature": 1.0}
    run = report.load(synthetic_run.write(tmp_path / "run-1", criterion=rule, thresholds=[None, 0.9]))
    answers = read(run)
    assert set(answers.left) == {1}
    right = answers.said == answers.test.labels
    assert 100 * right.mean() == pytest.approx(synthetic_run.ACCURACIES[1])


def test_calibration_is_fitted_on_validation_and_shown_on_test(tmp_path: Path) -> None:
    run = synthetic_run.write(tmp_path / "run-1")
    traces = synthetic_run.traces()
    with store.TraceWriter(run / "traces.h5") as writer:
        writer.append("validation", **traces)
        writer.append("test", **(traces | {"labels": traces["logits"][:, 0].argmax(axis=1)}))
    found = measure(read(report.load(run)))
    # Exit 1 is always sure. On test it is always right; on validation on 55 %, which the temperature makes
    # it say: on test that is 45 % too low.
    assert found[0].before.error == pytest.approx(0, abs=1e-6)
    assert found[0].after.error == pytest.approx(0.45, abs=1e-3)  # Newton's method ends before all digits
    text = report.write(run).read_text(encoding="utf-8")
    assert f'<td class="n">{found[0].temperature:.2f}</td><td class="n">0.00 %</td>' in text


def test_classes_are_counted_by_exit(tmp_path: Path) -> None:
    run = synthetic_run.write(tmp_path / "run-1", classes=[f"kind {n}" for n in range(10)])
    text = report.write(run).read_text(encoding="utf-8")
    cells = re.search(r"<td>kind 0</td>(.*?)</tr>", text)
    assert cells is not None
    labels, traces = synthetic_run.traces()["labels"], synthetic_run.traces()
    for index in range(3):
        said = traces["logits"][:, index].argmax(axis=1)
        assert f">{100 * (said == labels)[labels == 0].mean():.1f} %<" in cells[1]


def test_the_surest_right_and_wrong_samples_stand_for_an_exit(tmp_path: Path) -> None:
    answers = read(report.load(on_digits(tmp_path / "run-1", thresholds=[0.2, 0.4])))
    picked = samples.chosen(answers, 0)
    assert len(picked) == samples.RIGHT + samples.WRONG
    right = answers.said[picked] == answers.test.labels[picked]
    assert right.tolist() == [True] * samples.RIGHT + [False] * samples.WRONG
    assert set(picked[-samples.WRONG :]) <= set(range(4))
    assert len(samples.chosen(answers, 2)) == 0


def test_images_are_those_of_the_data_set_by_the_index_of_the_trace(tmp_path: Path) -> None:
    run = on_digits(tmp_path / "run-1")
    _, page = written([run], tmp_path / "all.html")
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    answers = read(report.load(run))
    picked = samples.chosen(answers, 0)
    assert len(images) == len(picked)
    digits = data.load("digits").test.images
    for shown, sample in zip(images, picked, strict=True):
        encoded = (shown["src"] or "").removeprefix("data:image/png;base64,")
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
        np.testing.assert_array_equal(pixels, digits[sample, 0])
        assert f"is {answers.test.labels[sample]}" in (shown["alt"] or "")
    assert page.text.count("✗") == samples.WRONG + 1  # and once in the words above


def test_large_and_colour_images_are_made_small_pngs() -> None:
    image = np.random.default_rng(0).integers(0, 256, size=(3, 200, 100), dtype=np.uint8)
    picture = Image.open(io.BytesIO(samples.png(image)))
    assert (picture.mode, picture.size) == ("RGB", (samples.SIDE // 2, samples.SIDE))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"data": {"name": "mnist", "root": "nowhere"}}, "the data set mnist is not here"),
        ({"data": {"name": "digits", "seed": -1}}, "names no data set"),
        ({}, "names no data set"),
        ({"data": {"name": "/nowhere/private"}}, "the data set private is not here"),
    ],
)
def test_without_the_data_there_is_a_sentence_for_the_images(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    run = on_digits(tmp_path / "run-1")
    (run / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    shown = evidence(report.load(run), "run-1", run_images.RunImages())
    assert shown.samples.startswith('<p class="soft">No images: ')
    assert message in shown.samples
    assert "nowhere" not in shown.samples
    assert shown.classes


def test_other_data_of_the_same_name_is_not_shown(tmp_path: Path) -> None:
    run = on_digits(tmp_path / "run-1")
    loaded = report.load(run)
    answers = read(loaded)
    moved = store.Trace(answers.test.logits, answers.test.labels, answers.test.index[::-1].copy())
    beyond = store.Trace(answers.test.logits, answers.test.labels, answers.test.index + 1)
    for trace in (moved, beyond):
        with pytest.raises(run_images.DataError, match="not the one this run was measured on"):
            run_images.RunImages().of(loaded, trace)


def test_files_of_ones_own_are_shown_only_with_the_digest_the_run_wrote(tmp_path: Path) -> None:
    from idn.experiment import steps
    from idn.experiment.schema import RunConfig

    splits = data.load("digits")
    arrays = {
        f"{part}/{name}": getattr(getattr(splits, part), name)
        for part in ("train", "test")
        for name in ("images", "labels")
    }
    classes = json.dumps([str(n) for n in range(10)])
    store.write(tmp_path / "own.h5", arrays, {"classes": classes})
    run = on_digits(tmp_path / "run-1")
    config = {
        "data": {"name": str(tmp_path / "own.h5")},
        "model": {"name": "b_lenet"},
        "training": {"stages": [{"train": "joint", "epochs": 1}]},
    }
    (run / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    answers = read(report.load(run))
    assert "the data set own.h5 is not here" in samples.contact_sheet(answers, run_images.RunImages())
    digest = steps.data_identity(RunConfig.model_validate(config))
    synthetic_run.write_json(run / "environment.json", {"data": digest})
    page = report.render(report.load(run))
    assert page.count("<img ") == samples.RIGHT + samples.WRONG
