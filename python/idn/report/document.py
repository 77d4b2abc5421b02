"""The frame of a page: one HTML file with everything inside, light and dark, that loads nothing.

Its Content-Security-Policy allows its own style, images inside the file, and one script: ours, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

__all__ = ["document"]


def document(title: str, description: str, parts: list[str], *, script: str = "") -> str:
    """A whole page around finished parts; title and description are plain text.

    :param script: JavaScript of ours, which must not hold an end tag of its own.
    """
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    if script:
        policy += f"; script-src 'sha256-{_digest(script)}'"
        script = f"<script>{script}</script>\n"
    body = "\n".join(part for part in parts if part)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<meta name="description" content="{escape(description)}">
<style>
{style}</style>
</head>
<body>
<main>
{body}
</main>
{script}</body>
</html>
"""


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
