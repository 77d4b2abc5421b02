"""Tests a run of B-LeNet, B-AlexNet or B-ResNet against Table I of BranchyNet (ICPR 2016) and what follows.

A number of the table is tested only on the data set and the network it was published for. What the numbers
say of the method ("faster at no less accuracy", "most samples leave early") is tested on whatever data and
network the run used, a smaller ResNet for one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from idn import exits, inference
from idn.experiment import published
from idn.experiment.comparison import Better, Comparison, claim, number, wilson
from idn.experiment.evaluate import Evaluation, evaluate
from idn.experiment.fronts import policy_of
from idn.report import RunData
from idn.report.summary import Operation, Trunk

NAMES = {"lenet": "LeNet", "alexnet": "AlexNet", "resnet110": "ResNet-110"}
# The least and the most of R repeats enclose the median with probability 1 - 2^(1 - R): 95 % from six on.
REPEATS_FOR_95_PERCENT = 6


def claims(run: RunData) -> list[Comparison]:
    """One entry for each published number and claim; none for a network the paper does not have."""
    network = "resnet110" if run.summary.model == "b_resnet" else run.summary.model.removeprefix("b_")
    if network not in NAMES:
        return []
    table = Table(run, network, published.read(Path(__file__).parent)[network])
    entries = [*table.accuracies(), *table.exit_rates(), *table.times(), *method(run, name_of(run, network))]
    if published_recipe(run, network):
        return entries
    return [replace(entry, preset=f"{entry.preset}, another recipe") for entry in entries]


def name_of(run: RunData, network: str) -> str:
    """What the run's own network is called, without its exits: a ResNet by its depth."""
    if network != "resnet110":
        return NAMES[network]
    return f"ResNet-{published.model_option(run, 'depth')}"


def published_recipe(run: RunData, network: str) -> bool:
    """Whether a run was trained as in the paper but for its length: by Adam in every stage, not augmented.

    ResNet may be augmented: it is in He et al., whose network it is.
    """
    training = run.config.get("training", {})
    optimizers = {stage.get("optimizer", {}).get("name", "adam") for stage in training.get("stages", [])}
    augmented = training.get("augment", "none") != "none"
    return optimizers <= {"adam"} and (network == "resnet110" or not augmented)


@dataclass(frozen=True)
class Table:
    """The published numbers of one network beside those of a run."""

    run: RunData
    network: str
    published: dict[str, Any]

    def accuracies(self) -> list[Comparison]:
        """The trunk alone, and the network at the published thresholds."""
        trunk = self.run.summary.trunk
        name = NAMES[self.network]
        alone = self._number(
            f"test accuracy of {name} alone, %",
            "accuracy",
            None if trunk is None else trunk.test_accuracy,
            None if trunk is None else trunk.accuracy_interval,
            "higher",
            why_not="the trunk was not trained alone",
        )
        found = self._at_published_thresholds()
        branchy = self._number(
            f"test accuracy of B-{name} at {self._thresholds()}, %",
            "branchy_accuracy",
            None if found is None else found.accuracy,
            None if found is None else found.accuracy_interval,
            "higher",
            why_not="another number of exits",
        )
        return [alone, branchy]

    def exit_rates(self) -> list[Comparison]:
        """Who leaves where at the published thresholds; neither more nor fewer is better."""
        found = self._at_published_thresholds()
        compared = []
        for index, share in enumerate(self.published["exit_rate"]):
            rate = None if found is None else found.exit_rates[index]
            bounds = None
            if found is not None and rate is not None:
                bounds = wilson(round(rate * found.samples / 100), found.samples)
            what = f"samples that leave at exit {index + 1} at {self._thresholds()}, %"
            compared.append(self._number(what, share, rate, bounds, None, why_not="another number of exits"))
        return compared

    def times(self) -> list[Comparison]:
        """Milliseconds and speed-ups, at the thresholds this run chose on validation data."""
        name, time = NAMES[self.network], self.run.summary.time
        device = self.run.summary.device.split(":")[0]
        cpu = time if device == "cpu" else None
        gpu = time if device == "cuda" else None
        at = "heads and decisions timed, thresholds chosen on validation"
        no_cpu, no_gpu = "the CPU was not timed", "no GPU in this run"
        return [
            _of_another_machine(
                self._number(
                    f"ms per sample of {name} on the CPU",
                    "cpu_ms",
                    None if cpu is None else cpu.trunk_ms,
                    self._repeats("trunk_ms"),
                    None,
                    why_not=no_cpu,
                )
            ),
            _of_another_machine(
                self._number(
                    f"ms per sample of B-{name} on the CPU, {at}",
                    "branchy_cpu_ms",
                    None if cpu is None else cpu.branchy_ms,
                    self._repeats("branchy_ms"),
                    None,
                    why_not=no_cpu,
                )
            ),
            self._number(
                f"speed-up of B-{name} on the CPU, {at}",
                "cpu_gain",
                None if cpu is None else cpu.gain,
                self._repeats("gain"),
                "higher",
                why_not=no_cpu,
            ),
            self._number(
                f"speed-up of B-{name} on a GPU, {at}",
                "gpu_gain",
                None if gpu is None else gpu.gain,
                self._repeats("gain"),
                "higher",
                why_not=no_gpu,
            ),
        ]

    def _number(
        self,
        what: str,
        key: str | float,
        measured: float | None,
        bounds: tuple[float, float] | None,
        better: Better | None,
        *,
        why_not: str,
    ) -> Comparison:
        summary = self.run.summary
        value = self.published[key] if isinstance(key, str) else key
        if (another := published.another_setting(self.run, self.published)) is not None:
            measured, why_not = None, another
        if measured is None:
            return number(f"{what} ({why_not})", value, None, preset=summary.preset)
        return number(what, value, measured, bounds, preset=summary.preset, better=better)

    def _at_published_thresholds(self) -> Evaluation | None:
        summary = self.run.summary
        thresholds = self.published["thresholds"]
        if published.another_setting(self.run, self.published) or len(summary.exits) != len(thresholds) + 1:
            return None
        trace = self.run.trace("test")
        policy = exits.Entropy(thresholds, normalized=False)
        return evaluate(trace.logits, trace.labels, [round(item.macs) for item in summary.exits], policy)

    def _thresholds(self) -> str:
        return "T = " + ", ".join(f"{value:g}" for value in self.published["thresholds"])

    def _repeats(self, key: str) -> tuple[float, float] | None:
        time = self.run.summary.time
        if time is None or time.spread is None or time.repeats < REPEATS_FOR_95_PERCENT:
            return None
        bounds: tuple[float, float] = getattr(time.spread, key)
        return bounds


def _of_another_machine(entry: Comparison) -> Comparison:
    """Milliseconds beside those of another machine: both are shown, and neither confirms the other."""
    if entry.measured is None:
        return entry
    return replace(entry, what=f"{entry.what} (published for another machine)", holds=None)


def method(run: RunData, name: str) -> list[Comparison]:
    """What the table says of the method, on this run's data, at thresholds chosen on validation."""
    where = f"on {run.summary.dataset}"
    no_less = "at no less accuracy (95 % interval)"
    alone = f"{name} alone trained for the trunk's epochs only"
    return [
        _faster(run, f"B-{name} is faster than {name} {no_less}, {where}; {alone}"),
        _fewer_operations(
            run, f"B-{name} takes fewer MACs than {name} {no_less}, heads counted, {where}; {alone}"
        ),
        _most_leave_early(run, f"most samples leave at an early exit of B-{name}, {where}"),
        _easy_samples_leave(
            run, f"exit 1 of B-{name} is right more often on the samples it lets out, {where}"
        ),
    ]


def _faster(run: RunData, what: str) -> Comparison:
    """Passes if every repeat was faster with exits, and accuracy no less than that of the trunk alone."""
    summary = run.summary
    if summary.time is None or summary.trunk is None:
        return claim(f"{what} (not timed, or the trunk not trained alone)", None, preset=summary.preset)
    slowest = summary.time.gain if summary.time.spread is None else summary.time.spread.gain[0]
    no_less, points = _no_less_accurate(summary.test, summary.trunk)
    saw = f"{summary.time.gain:.2f}× as fast (least {slowest:.2f}×), {points}"  # noqa: RUF001
    return claim(what, slowest > 1 and no_less, saw, preset=summary.preset)


def _fewer_operations(run: RunData, what: str) -> Comparison:
    """Passes if the mean of the MACs is below the trunk's, and accuracy no less than the trunk's alone."""
    summary = run.summary
    if summary.trunk is None:
        return claim(f"{what} (the trunk was not trained alone)", None, preset=summary.preset)
    gain = summary.trunk_macs / summary.test.mean_macs
    no_less, points = _no_less_accurate(summary.test, summary.trunk)
    saw = f"{gain:.2f}× fewer, {points}"  # noqa: RUF001
    return claim(what, gain > 1 and no_less, saw, preset=summary.preset)


def _no_less_accurate(test: Operation, trunk: Trunk) -> tuple[bool, str]:
    """Whether the trunk's accuracy is not above the 95 % interval of that with exits; and in words."""
    low, high = test.accuracy_interval or (test.accuracy, test.accuracy)
    points = f"{test.accuracy - trunk.test_accuracy:+.2f} points"
    words = f"{points} ({test.accuracy:.2f} % [{low:.2f}, {high:.2f}] against {trunk.test_accuracy:.2f} %)"
    return trunk.test_accuracy <= high, words


def _most_leave_early(run: RunData, what: str) -> Comparison:
    """Passes if the share of test samples that leave early is above one half with 95 % confidence."""
    chosen = _decisions(run)
    early, samples = int((chosen.exits < len(run.summary.exits) - 1).sum()), len(chosen.exits)
    low, high = wilson(early, samples)
    saw = f"{100 * early / samples:.1f} % ({low:.1f} to {high:.1f})"
    return claim(what, low > 50, saw, preset=run.summary.preset)


def _easy_samples_leave(run: RunData, what: str) -> Comparison:
    """Passes if exit 1 is more accurate on its leavers (lower end of 95 %) than on all samples."""
    chosen, labels = _decisions(run), run.trace("test").labels
    left = (chosen.exits == 0).numpy()
    if not left.any():
        return claim(f"{what} (nobody left at exit 1)", None, preset=run.summary.preset)
    right = int((chosen.labels.numpy()[left] == labels[left]).sum())
    low, _ = wilson(right, int(left.sum()))
    everyone = run.summary.exits[0].test_accuracy
    saw = f"{100 * right / int(left.sum()):.2f} % (at least {low:.2f}) against {everyone:.2f} % on all"
    return claim(what, low > everyone, saw, preset=run.summary.preset)


def _decisions(run: RunData) -> inference.Prediction:
    import torch

    return inference.from_traces(torch.as_tensor(run.trace("test").logits), policy_of(run))
