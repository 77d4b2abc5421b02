"""What holds of every experiment: its files, its README's table, and the results that are committed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from idn import report
from idn.experiment import claims
from idn.experiment.study import StudyData
from idn.report.markdown import runs_under, studies_under
from idn.report.table import main as table_command

ROOT = Path(__file__).resolve().parents[2]
SLUGS = sorted(path.name for path in (ROOT / "experiments").iterdir() if path.is_dir())


@pytest.mark.parametrize("slug", SLUGS)
def test_an_experiment_has_its_files_and_is_in_the_list(slug: str) -> None:
    folder = ROOT / "experiments" / slug
    assert {"README.md", "experiment.py", "published.yaml"} <= {path.name for path in folder.iterdir()}
    assert f"| `{slug}` |" in (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_config_starts_from_the_same_preset(slug: str) -> None:
    for preset in ("smoke", "cpu", "paper"):
        text = (ROOT / "configs" / slug / f"{preset}.yaml").read_text(encoding="utf-8")
        assert set(re.findall(r"start_from: (?!zoo/)\w+/(\w+)", text)) <= {preset}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_readmes_result_table_is_that_of_the_committed_results(slug: str) -> None:
    readme = ROOT / "experiments" / slug / "README.md"
    assert table_command([str(readme), str(ROOT / "results" / slug), "--check"]) == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_committed_results_have_their_whole_record(slug: str) -> None:
    for run in runs_under(ROOT / "results" / slug):
        assert run.comparisons == claims.of(run)
        assert (run.path / "report.html").is_file()
    for study in studies_under(ROOT / "results" / slug):
        runs = {path.name: report.load(path) for path in study.run_dirs}
        assert study.comparisons == claims.of_study(StudyData(slug, study.study.preset, runs))
        assert (study.path / "report.html").is_file()
