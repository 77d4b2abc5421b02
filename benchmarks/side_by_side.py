"""Timing two ways of doing one thing, turn by turn in one run, so that a machine's drift hits both alike."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from typing import Any


def arguments(description: str | None, repeats: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--repeats", type=int, default=repeats, help="turns of each side (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    return parser.parse_args()


def compare(ours: Callable[[], float], theirs: Callable[[], float], repeats: int) -> dict[str, Any]:
    """Return medians and ranges of both, in what they return, and the median of the turns' ratios."""
    ours(), theirs()  # warm-up: caches, threads, lazy set-up
    pairs: list[tuple[float, float]] = []
    for turn in range(repeats):
        if turn % 2:  # who goes first alternates
            other = theirs()
            pairs.append((ours(), other))
        else:
            mine_first = ours()
            pairs.append((mine_first, theirs()))
    mine, others = zip(*pairs, strict=True)
    return {
        "ours": statistics.median(mine),
        "ours_range": [min(mine), max(mine)],
        "theirs": statistics.median(others),
        "theirs_range": [min(others), max(others)],
        "ratio": statistics.median(a / b for a, b in pairs),
        "ratio_range": [min(a / b for a, b in pairs), max(a / b for a, b in pairs)],
        "repeats": repeats,
    }


def show(title: str, result: dict[str, Any], unit: str, target: str, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"benchmark": title, "unit": unit, "target": target, **result}))
        return
    print(title)
    for side in ("ours", "theirs"):
        low, high = result[f"{side}_range"]
        print(f"  {side:<7} {result[side]:>12.4g} {unit}   ({low:.4g} to {high:.4g})")
    low, high = result["ratio_range"]
    turns = f"target {target}, {result['repeats']} turns"
    print(f"  ratio   {result['ratio']:>12.3f}   ({low:.3f} to {high:.3f}; {turns})")
    sys.stdout.flush()
