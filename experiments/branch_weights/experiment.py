"""Tests a study of three weightings against section 3.5.1 and Figure 3.6 of the dissertation.

Numbers are tested only on the network and the data they were published for; claims on whatever the study
used.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idn.experiment import published, study_tests
from idn.experiment.comparison import Comparison, number
from idn.experiment.paired import accuracy, exit_against_exit, right_answers

if TYPE_CHECKING:
    from idn.experiment.study import StudyData
    from idn.report import RunData

NAMES = {"equal": "equal weights", "alpha_0_9": "alpha 0.9", "alpha_0_1": "alpha 0.1"}

WEIGHTS: dict[str, Any] = {"equal": "equal", "alpha_0_9": {"alpha": 0.9}, "alpha_0_1": {"alpha": 0.1}}


def study_claims(study: StudyData) -> list[Comparison]:
    """The accuracy of the main branch before, nine of the branches, and three claims."""
    setting = published.read(Path(__file__).parent)
    study = replace(study, runs={name: run for name, run in study.runs.items() if _is_weighted_so(run, name)})
    claims, where = setting["claims"], f"on {study_tests.data_of(study)}"
    return [
        *_accuracies(study, setting),
        study_tests.tested(f"{claims['branches']}, {where}", study, ["alpha_0_9", "alpha_0_1"], _branches),
        study_tests.tested(
            f"{claims['convergence']}, {where}",
            study,
            list(NAMES),
            lambda *runs: _convergence(dict(zip(NAMES, runs, strict=True)), setting),
        ),
        study_tests.tested(
            f"{claims['profile']} (by MACs), {where}", study, ["equal", "alpha_0_9", "alpha_0_1"], _profile
        ),
    ]


def _is_weighted_so(run: RunData, variant: str) -> bool:
    """Whether a run has the weights its name says: a change on the command line is one of all variants."""
    wanted = WEIGHTS.get(variant)
    return wanted is None or run.config.get("training", {}).get("exit_weights", wanted) == wanted


def _accuracies(study: StudyData, setting: dict[str, Any]) -> list[Comparison]:
    """Each branch answering for every test sample."""
    before = setting["main_branch_accuracy_before_branches"]
    found = [_accuracy(study, setting, "trunk", 0, "of the main branch before branches were added", before)]
    for variant, one in setting["weightings"].items():
        for index, value in enumerate(one["branch_accuracy"]):
            what = f"of branch {index + 1} with {NAMES[variant]}"
            found.append(_accuracy(study, setting, variant, index, what, value))
    return found


def _accuracy(
    study: StudyData, setting: dict[str, Any], variant: str, index: int, what: str, value: float
) -> Comparison:
    what = f"test accuracy {what}, %"
    run = study.runs.get(variant)
    if run is None:
        return number(f"{what} (the study has no {variant})", value, None, preset=study.preset)
    why_not = published.another_setting(run, setting)
    if why_not is None and len(run.summary.exits) != (1 if variant == "trunk" else 3):
        why_not = "another number of exits"
    if why_not is not None:
        return number(f"{what} ({why_not})", value, None, preset=study.preset)
    measured, bounds = accuracy(right_answers(run.trace("test"))[:, index])
    return number(what, value, measured, bounds, preset=study.preset, better="higher")


def _branches(late: RunData, early: RunData) -> study_tests.Outcome:
    """Passes if alpha 0.9 is right more often at branch 2, and alpha 0.1 at branch 1.

    Both on the same test samples, with the 95 % interval of the paired difference above zero.
    """
    if min(len(run.summary.exits) for run in (late, early)) < 3:
        return None, "fewer than three branches"
    of_late, of_early = late.trace("test"), early.trace("test")
    second = exit_against_exit(of_late, of_early, 1, 1)
    first = exit_against_exit(of_early, of_late, 0, 0)
    saw = f"branch 2: {second} for alpha 0.9; branch 1: {first} for alpha 0.1"
    return second.is_more and first.is_more, saw


def _convergence(runs: dict[str, RunData], setting: dict[str, Any]) -> study_tests.Outcome:
    """Passes if an early branch has a lower training loss early on wherever its weight is higher.

    Early on is the first fifth of the epochs, one at least; the loss is the mean over them of the branch's
    own cross-entropy, without its weight. Every two weightings are compared that differ in a branch's weight.
    The main branch is left out: it was trained before, so it has nothing to converge to.
    """
    saw, holds = [], True
    for branch in (0, 1):
        losses: list[tuple[float, float]] = []
        for variant, run in runs.items():
            loss = _early_loss(run, branch)
            if loss is None:
                return None, f"{variant} trained no branch {branch + 1}"
            losses.append((setting["weightings"][variant]["weights"][branch], loss))
        losses.sort(reverse=True)
        holds &= all(loss < other for weight, loss in losses for lower, other in losses if lower < weight)
        saw.append(
            f"branch {branch + 1}: "
            + ", ".join(f"{loss:.3f} at weight {weight:g}" for weight, loss in losses)
        )
    return holds, "training loss early on of " + "; ".join(saw)


def _early_loss(run: RunData, branch: int) -> float | None:
    losses = [row["train_loss"][branch] for row in run.metrics if branch < len(row["train_loss"]) - 1]
    first = losses[: max(1, len(losses) // 5)]
    return None if not first or None in first else sum(first) / len(first)


def _profile(equal: RunData, *others: RunData) -> study_tests.Outcome:
    """Passes if equal weights are more accurate than either other weighting at equal budgets of MACs.

    Each time as `study_tests.better_along_the_front` says.
    """
    found = [study_tests.better_along_the_front(equal, other) for other in others]
    saw = "; ".join(
        f"{words} against {NAMES[name]}"
        for name, (_, words) in zip(("alpha_0_9", "alpha_0_1"), found, strict=True)
    )
    return all(holds for holds, _ in found), saw
