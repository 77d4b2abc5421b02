from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

# The synthetic run directory is shared with the tests of the report.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))


@pytest.fixture(scope="session")
def smoke_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Runs the smoke study of a slug, once, and gives its directory; what studies share is trained once."""
    from idn.experiment import study

    out = tmp_path_factory.mktemp("studies")

    @cache
    def run(slug: str) -> Path:
        result = study.run(f"{slug}/smoke", out, lambda _: None)
        assert result is not None
        return result.run_dir

    return run
