"""Studies in the generated part of an experiment's README."""

from __future__ import annotations

from pathlib import Path

import pytest

import synthetic_run
from idn.errors import RunError
from idn.report.markdown import markdown_table, runs_under, studies_under
from idn.report.table import BEGIN, END, main


def write_study(folder: Path, preset: str = "cpu") -> Path:
    synthetic_run.write(folder / "one", engine=synthetic_run.on_engine())
    synthetic_run.write(folder / "two", engine={"reason": "cannot be exported"})
    alone = {"exits": synthetic_run.summary()["exits"][-1:], "thresholds": []}
    point = synthetic_run.summary()["test"] | {"exit_rates": [100.0]}
    synthetic_run.write(folder / "trunk", **alone, test=point, validation=point)
    described = {
        "experiment": "branch_weights",
        "name": "cpu",
        "preset": preset,
        "note": "a quarter | of it",
        "variants": ["trunk", "one", "two"],
    }
    synthetic_run.write_json(folder / "study.json", described)
    entries = [entry.as_dict() for entry in synthetic_run.comparisons()]
    synthetic_run.write_json(folder / "comparison.json", entries)
    return folder


def test_a_study_has_a_line_for_each_variant_and_one_table_of_claims(tmp_path: Path) -> None:
    write_study(tmp_path / "cpu-1")
    lines = markdown_table([], studies_under(tmp_path)).splitlines()
    assert lines[0] == "Study `cpu-1` (preset cpu, on cifar10): a quarter \\| of it"
    rows = [line for line in lines if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == ["trunk", "one", "two"]
    assert "| 55.00, 70.00, 80.00 % | 78.25 % |" in rows[1]
    assert "21.2 M, 1.33× fewer | 1.2 | 1.25× | 0.345 | 1.61× |" in rows[1]  # noqa: RUF001
    assert "21.2 M, 1.33× fewer | 1.2 | 1.25× |  |  |" in rows[2]  # noqa: RUF001
    assert "| 80.00 % |  |" in rows[0]
    assert "fewer" not in rows[0]
    assert sum(line.startswith("| what | published") for line in lines) == 1
    assert "| most samples leave early | claim | 80.0 % |  | holds |" in lines


def test_studies_and_runs_of_a_folder_stand_apart_in_the_order_of_their_presets(tmp_path: Path) -> None:
    write_study(tmp_path / "b", "smoke")
    write_study(tmp_path / "a", "paper")
    synthetic_run.write(tmp_path / "alone", engine=synthetic_run.on_engine())
    assert [run.name for run in runs_under(tmp_path)] == ["alone"]
    table = markdown_table(runs_under(tmp_path), studies_under(tmp_path))
    assert "| 1.33× fewer | 1.25× | 1.61× | " in table  # noqa: RUF001
    assert table.index("| `alone` |") < table.index("Study `b`") < table.index("Study `a`")


def test_the_command_writes_studies_and_finds_nothing_to_change_then(tmp_path: Path) -> None:
    readme, results = tmp_path / "README.md", tmp_path / "results"
    readme.write_text(f"# Title\n\n{BEGIN}\n\n{END}\n", encoding="utf-8")
    assert main([str(readme), str(results)]) == 0
    assert "No run has been committed yet." in readme.read_text(encoding="utf-8")
    write_study(results / "cpu-1")
    assert main([str(readme), str(results), "--check"]) == 1
    assert main([str(readme), str(results)]) == 0
    assert "Study `cpu-1`" in readme.read_text(encoding="utf-8")
    assert main([str(readme), str(results), "--check"]) == 0


def test_a_study_that_lacks_a_variant_is_not_shown_without_it(tmp_path: Path) -> None:
    (write_study(tmp_path / "cpu-1") / "two" / "summary.json").unlink()
    with pytest.raises(RunError, match=r"summary\.json is missing"):
        markdown_table([], studies_under(tmp_path))
