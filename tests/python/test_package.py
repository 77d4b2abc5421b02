"""The package's face: its public names, for those who run it and for those who type-check it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import idn
import idn.data
import idn.training
import idn.zoo


def seen_by_type_checkers(package: ModuleType) -> set[str]:
    """The names under `if TYPE_CHECKING` in the package's `__init__.py`."""
    assert package.__file__ is not None
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    return {
        alias.asname or alias.name
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize(
    "package", [idn, idn.data, idn.training, idn.zoo], ids=lambda package: str(package.__name__)
)
def test_names_are_there_and_type_checkers_see_the_same(package: ModuleType) -> None:
    public = set(package.__all__) - {"__version__"}
    assert seen_by_type_checkers(package) >= public
    for name in public:
        assert getattr(package, name) is not None


def test_importing_idn_does_not_import_torch() -> None:
    code = "import idn, sys; assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="brunchy"):
        idn.brunchy  # noqa: B018
