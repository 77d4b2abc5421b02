# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The trade-off of a run
#
# A network with early exits can answer sooner where it is sure. This notebook loads a finished run, draws
# its accuracy against its operations, and then asks what another exit rule would have done, from the
# recorded logits alone: the network does not run again.
#
# Set `IDN_RUN` to a run directory, as `idn run` printed it; without it, the newest
# committed result of B-AlexNet is taken.

# %%
# %matplotlib inline
import os
from pathlib import Path

from idn import report

if "IDN_RUN" in os.environ:
    run = report.load(os.environ["IDN_RUN"])
else:
    results = Path("..") / "results" / "branchynet_2016"
    summaries = sorted(results.glob("*/summary.json"), key=lambda path: (path.stat().st_mtime, path))
    runs = [report.load(path.parent) for path in summaries]
    found = [run for run in runs if run.summary.model == "b_alexnet"]
    if not found:
        raise SystemExit(
            "no run here: `idn run branchynet_2016/smoke`, then set IDN_RUN to the path it prints"
        )
    run = found[-1]
report.summary_table(run)

# %% [markdown]
# ## What the run chose
#
# Thresholds were picked on validation data; every point of the curve is measured on test data.

# %%
report.figures.trade_off(run)

# %%
report.figures.exit_rates(run)

# %% [markdown]
# ## Another exit rule, from the same logits
#
# One threshold for all early exits, swept over its range, once with entropy (section 3.4.2) and once with
# confidence (3.4.1). We look at **validation** data: a threshold picked on test data would flatter itself.

# %%
import numpy as np

from idn import exits
from idn.experiment.evaluate import evaluate

trace = run.trace("validation")
macs = [round(item.macs) for item in run.summary.exits]
early = len(macs) - 1


def sweep(rule, thresholds):
    found = [evaluate(trace.logits, trace.labels, macs, rule([t] * early)) for t in thresholds]
    return [point.mean_macs / 1e6 for point in found], [point.accuracy for point in found]


curves = {
    "entropy": sweep(exits.Entropy, np.linspace(0, 1, 41).tolist()),
    "confidence": sweep(exits.Confidence, np.linspace(0, 1, 41).tolist()),
}

# %%
from matplotlib.figure import Figure

figure = Figure(figsize=(5, 3.4), layout="constrained")
axes = figure.add_subplot()
for name, (cost, accuracy) in curves.items():
    axes.plot(cost, accuracy, marker=".", label=name)
axes.set_xlabel("million multiply-accumulates per sample")
axes.set_ylabel("validation accuracy, %")
axes.legend()
figure
