"""Sphinx: the guides in Markdown, the API from the docstrings."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

project = "idn"
author = "The idn authors"
copyright = author
release = importlib.metadata.version("idn")

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
extensions = [
    "config_reference",
    "operator_reference",
    "plain_docstrings",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"idn {release}"
html_show_copyright = False
pygments_style = "default"

myst_enable_extensions = ["deflist", "colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_class_signature = "separated"
