from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

import synthetic_run

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PAIRS = sorted(NOTEBOOKS.glob("*.py"))


def cells(path: Path) -> list[tuple[str, str]]:
    notebook: Any = jupytext.read(path)
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def executed(name: str, folder: Path) -> list[Any]:
    """The outputs of all cells of a notebook that ran in a folder."""
    notebook: Any = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": folder}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_is_a_notebook_to_test() -> None:
    assert [path.stem for path in PAIRS] == ["policy", "trade_off"]


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_both_halves_of_a_pair_say_the_same(path: Path) -> None:
    assert cells(path) == cells(path.with_suffix(".ipynb")), f"run `jupytext --to ipynb {path}`"


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs(path: Path) -> None:
    notebook: Any = nbformat.read(path.with_suffix(".ipynb"), as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


def test_without_a_run_the_newest_of_b_alexnet_is_taken_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results" / "branchynet_2016"
    runs = {"z_alexnet": "b_alexnet", "cpu": "b_alexnet", "newer_alexnet": "b_lenet"}
    for seconds, (name, model) in enumerate(runs.items()):
        path = synthetic_run.write(results / name, model=model)
        os.utime(path / "summary.json", (seconds, seconds))
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    monkeypatch.delenv("IDN_RUN", raising=False)
    [source] = [
        text for kind, text in cells(NOTEBOOKS / "trade_off.py") if "IDN_RUN" in text and kind == "code"
    ]
    names: dict[str, Any] = {}
    exec(source.replace("%matplotlib inline", ""), names)
    assert names["run"].name == "cpu"


def test_the_trade_off_notebook_runs_on_a_run_and_draws_three_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDN_RUN", str(synthetic_run.write(tmp_path / "run-1")))
    outputs = executed("trade_off", tmp_path)
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert any("trunk alone" in output.get("data", {}).get("text/plain", "") for output in outputs)


def test_the_policy_notebook_runs_from_the_zoo_to_a_policy_on_test_data(tmp_path: Path) -> None:
    outputs = executed("policy", tmp_path)
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    printed = "".join(output.get("text", "") for output in outputs)
    assert '"criterion"' in printed
    assert "of the operations of all exits" in printed
