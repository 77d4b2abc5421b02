"""Where exits are worth their cost: the guidelines of section 3.6.2, carried out on a trained trunk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from torch import nn

from idn.suggestion import designing, features, places, probing, samples
from idn.suggestion.result import Probe, Suggestion

if TYPE_CHECKING:
    from idn.data import Splits
    from idn.training import Progress

__all__ = ["Probe", "Suggestion", "suggest_exits"]

_LIMITS = {"max_exits": 4, "most_places": 64, "filters": 4096, "epochs": 1000}


def suggest_exits(
    trunk: nn.Module,
    data: Splits | Sequence[samples.Pair],
    *,
    min_accuracy: float | None = None,
    max_cost: float | None = None,
    max_exits: int = 3,
    margin: float = 0.01,
    most_places: int = 12,
    filters: int = 32,
    samples_each: int = 2000,
    epochs: int = 10,
    seed: int = 0,
    log: Progress | Callable[[str], None] | None = None,
) -> Suggestion:
    """Suggest early exits for a trained trunk, by the guidelines of section 3.6.2.

    The first exit bounds the trade-off: the accuracy from below, the speed from above. It is sought from the
    lowest place with one layer upwards, through more layers and higher places. Further exits are added, the
    most useful first, as long as the front of accuracy and cost gets better by more than a margin; one too
    near another brings less than its head costs.

    All of it is predicted by probes: heads trained for a few epochs on the features of the trunk as it is, on
    training data, and measured on validation data. They compare places; what exits reach that are trained
    with the trunk (section 3.7) is not known before. Nothing of the trunk changes. On a CPU, the same seed
    and number of threads give the same suggestion.

    :param trunk: a trained module from images (batch, ...) to logits (batch, classes). Exits are sought where
        all that follows depends on one tensor (batch, ...): between layers and blocks, not inside a residual
        block.
    :param data: splits, of which test is not touched; or ((images, labels), (images, labels)) of training and
        validation, with float images (samples, ...) normalised as the trunk expects and int64 labels.
    :param min_accuracy: what the first exit must reach if all samples left there, in percent; the cheapest
        such exit is taken.
    :param max_cost: what the first exit may cost, head included, as a share of the trunk's
        multiply-accumulates, above 0 and at most 1. Without `min_accuracy` the most accurate within it is
        taken. At least one of the two must be given.
    :param max_exits: at most so many early exits, 1 to 4.
    :param margin: what a further exit must save, as a share of the trunk's multiply-accumulates: the mean, at
        equal accuracy, over the accuracies from the first exit's to the trunk's.
    :param most_places: at most so many places are probed, spread over the cost of the trunk.
    :param filters: of each convolution in a probed head.
    :param samples_each: at most so many training and so many validation images are used, drawn by the seed.
    :param epochs: passes over the training images for each probe.
    :param log: where lines go, stderr if None; or a `Progress` of the caller's own.
    :raises ValueError: for a wish that no probe meets, naming what is nearest; data that do not fit the
        trunk; a trunk without a place for an exit, or with a recurrent layer, whose cost is unknown; or a
        number out of range.
    """
    from idn.training.progress import Progress

    _check_wishes(min_accuracy, max_cost, margin)
    given = {"max_exits": max_exits, "most_places": most_places, "filters": filters, "epochs": epochs}
    for name, value in given.items():
        samples.check_whole(name, value, 1, _LIMITS[name])
    training, validation = samples.draw(trunk, data, samples_each, seed)
    scan = places.find(trunk, training.images, most_places)
    samples.check_labels(scan.classes, training, validation)
    heads = probing.affordable_heads(scan, filters, seed)
    answers = features.trunk_logits(trunk, validation)
    with log if isinstance(log, Progress) else Progress(log) as progress:
        probed = probing.probe(
            trunk, scan.macs, heads, training, validation, epochs=epochs, seed=seed, progress=progress
        )
    trade_off = designing.TradeOff(scan.macs, answers.cpu().numpy(), validation.labels.cpu().numpy())
    first, why = designing.first_exit(probed, min_accuracy, max_cost)
    chosen, reasons = designing.further_exits(trade_off, probed, first, max_exits, margin)
    return Suggestion(
        exits={one.probe.place: one.probe.head for one in chosen},
        front=trade_off.front(chosen),
        probes=[one.probe for one in probed],
        trunk_macs=scan.macs,
        trunk_accuracy=trade_off.trunk_accuracy,
        training_samples=len(training.labels),
        validation_samples=len(validation.labels),
        reasons=[why, *reasons],
    )


def _check_wishes(min_accuracy: float | None, max_cost: float | None, margin: float) -> None:
    if min_accuracy is None and max_cost is None:
        raise ValueError(
            "no wish is given for the first exit: pass min_accuracy (percent, such as 80), max_cost (a share "
            "of the trunk's multiply-accumulates, such as 0.3), or both."
        )
    if min_accuracy is not None and not 0 <= min_accuracy <= 100:
        raise ValueError(f"min_accuracy is {min_accuracy!r}, expected percent, from 0 to 100.")
    if min_accuracy is not None and 0 < min_accuracy <= 1:  # nobody is content with that
        raise ValueError(
            f"min_accuracy is in percent, so {min_accuracy:g} is {min_accuracy:g} %: "
            f"write {100 * min_accuracy:g}."
        )
    if max_cost is not None and not 0 < max_cost <= 1:
        raise ValueError(
            f"max_cost is {max_cost!r}, expected a share of the trunk's multiply-accumulates, "
            "above 0 and at most 1."
        )
    if not 0 <= margin < 1:
        raise ValueError(
            f"margin is {margin!r}, expected a share of the trunk's multiply-accumulates, from 0, below 1."
        )
