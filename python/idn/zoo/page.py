"""The card of a network for people, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idn.report import format as formats
from idn.zoo.cards import Card, Operation


def markdown(card: Card) -> str:
    """Write a card as a section of a page."""
    shape = " × ".join(str(size) for size in card.input_shape)  # noqa: RUF001 - the multiplication sign
    names = [f"`{one.name}`" for one in card.exits]
    rows = [
        _row(f"`{one.name}`", f"{one.validation_accuracy:.2f}", f"{one.test_accuracy:.2f}",
             formats.macs(one.macs), f"{one.parameters:,}")
        for one in card.exits
    ]  # fmt: skip
    lines = [
        f"## {card.name}",
        "",
        f"`{card.model}`, {card.parameters:,} parameters; images of {shape}, {len(card.classes)} classes.",
        "",
        *_head("exit, answering for all", "validation, %", "test, %", "MACs", "parameters"),
        *rows,
        "",
        *_head("thresholds in use", "samples", "accuracy, %", "MACs per sample", "gain", *_leave(names)),
        _operation("validation", card.validation, card),
        _operation("test", card.test, card),
        "",
        f"- **Exit rule:** {formats.criterion(card)}. {_thresholds(card)}, chosen on validation data.",
        f"- **Data:** [{card.dataset}]({card.data_homepage}). Licence: {card.data_licence}. Validation:"
        f" {card.validation_samples:,} samples, seed {card.split_seed}.",
        f"- **Normalised by:** mean {_numbers(card.mean)}, deviation {_numbers(card.std)}, of bytes.",
        f"- **Trained by:** {_origin(card)}",
        f"- **SHA-256 of the package:** `{card.sha256}`",
    ]
    return "\n".join(lines) + "\n"


def on_engine(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Write what networks did on the engine over their test data, as a section of a page.

    :param found: by name, what `idn.experiment.on_engine` gives.
    """
    rows = []
    for name, one in found.items():
        time, spread = one["time"], one["time"]["spread"]
        shares = ", ".join(f"{rate:.2f}" for rate in one["exit_rates"])
        rows.append(
            _row(
                f"`{name}`",
                f"{one['samples']:,}",
                f"{one['accuracy']:.2f}",
                shares,
                f"{one['same_labels']:.2f}, {one['same_exits']:.2f}",
                formats.macs(one["operations"]),
                formats.macs(one["trunk_operations"]),
                formats.gain(one["operation_gain"]),
                f"{time['branchy_ms']:.3f}",
                f"{time['trunk_ms']:.3f}",
                f"{formats.gain(time['gain'])} ({formats.interval(spread['gain'])})",
            )
        )
    head = _head(
        "package",
        "test samples",
        "accuracy, %",
        "leave at the exits, %",
        "labels and exits as in PyTorch, %",
        "operations",
        "trunk's",
        "gain",
        "ms",
        "trunk's",
        "gain",
    )
    return "\n".join(["## On the engine", "", *head, *rows]) + "\n"


def _head(first: str, *others: str) -> list[str]:
    return [_row(first, *others), "|---|" + "--:|" * len(others)]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _leave(names: list[str]) -> list[str]:
    return [f"leave at {name}, %" for name in names]


def _operation(split: str, found: Operation, card: Card) -> str:
    rates = [f"{rate:.2f}" for rate in found.exit_rates]
    cost = formats.macs(found.mean_macs), formats.gain(card.trunk_macs / found.mean_macs)
    return _row(split, f"{found.samples:,}", f"{found.accuracy:.2f}", *cost, *rates)


def _thresholds(card: Card) -> str:
    pairs = zip(card.exits, card.thresholds, strict=False)  # the last exit has none
    return "T: " + ", ".join(f"{formats.threshold(value)} at `{one.name}`" for one, value in pairs)


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _origin(card: Card) -> str:
    origin = card.origin
    commit = "an installed wheel" if origin.commit is None else f"commit `{origin.commit[:12]}`"
    changed = " with changes" if origin.changed else ""
    note = f" {origin.note}" if origin.note else ""
    return f"`{origin.run}`, preset `{origin.preset}`, from {commit}{changed}, torch {origin.torch}.{note}"
