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
# # From a trained network to a policy
#
# A network with early exits needs thresholds before it saves anything. This notebook takes a small trained
# network from the zoo and goes the whole way: recorded logits, calibration, the front of all thresholds, a
# promise about the accuracy, and a file that holds the choice. Thresholds are chosen on **validation** data;
# the test data are looked at once, at the end.

# %%
# %matplotlib inline
import tempfile
from pathlib import Path

import torch

import idn
from idn import exits

card = idn.zoo.card("b_lenet_digits")
model = idn.zoo.load(card.name)
splits = idn.data.load(card.dataset, validation=card.validation_samples, seed=card.split_seed)
print(f"{card.name}: {model.exit_count} exits, {len(splits.validation)} validation samples")

# %% [markdown]
# ## The logits of every exit
#
# All that follows works on these, and could be repeated without the network.


# %%
def recorded(part):
    batches = idn.data.Batches(part, 256, normalizer=card.normalizer, shuffle=False, seed=0)
    logits, labels, _ = idn.inference.record(model, batches)
    return logits, labels


logits, labels = recorded(splits.validation)
example = card.normalizer(torch.from_numpy(splits.validation.images[:1]))
cost = idn.costs.count(model, example).macs
print("million multiply-accumulates up to each exit:", [round(macs / 1e6, 3) for macs in cost])

# %% [markdown]
# ## How sure is an exit, and how right?
#
# On the diagonal an exit is right as often as it says. One temperature per exit (section 3.4.3) moves it
# there, and changes no label.

# %%
from matplotlib.figure import Figure

calibration = exits.calibrate(logits, labels)
figure = Figure(figsize=(8, 3.2), layout="constrained")
for k, axes in enumerate(figure.subplots(1, model.exit_count, sharey=True)):
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--")
    for name, temperature in (("as trained", 1.0), ("calibrated", calibration.temperatures[k])):
        found = exits.reliability(logits[:, k], labels, temperature, bins=10)
        held = found.samples > 0
        label = f"{name}: error {100 * found.error:.1f} %"
        axes.plot(found.confidence[held], found.accuracy[held], marker="o", label=label)
    axes.set_title(f"exit {k + 1}, temperature {calibration.temperatures[k]:.2f}")
    axes.set_xlabel("confidence")
    axes.legend(fontsize=8)
figure

# %% [markdown]
# ## All thresholds at once
#
# The exact front of accuracy against operations, for several rules. No thresholds of a rule are both cheaper
# and more accurate than its front.

# %%
rules = {
    "confidence": exits.Confidence([]),
    "confidence, calibrated": exits.Confidence([], temperature=calibration.temperatures),
    "entropy": exits.Entropy([]),
    "learned": exits.fit("learned", logits, labels),
}
fronts = {name: exits.search(logits, labels, cost, rule) for name, rule in rules.items()}
figure = Figure(figsize=(5, 3.4), layout="constrained")
axes = figure.add_subplot()
for name, front in fronts.items():
    points = front.points
    axes.step([p.cost / 1e6 for p in points], [p.accuracy for p in points], where="post", label=name)
axes.set_xlabel("million multiply-accumulates per sample")
axes.set_ylabel("validation accuracy, %")
axes.legend()
figure

# %% [markdown]
# ## A choice, with a promise
#
# The cheapest thresholds that keep the accuracy of the full network on these samples are one choice. It may
# do worse on others. `control_risk` chooses so that the loss stays below epsilon with probability 1 - delta
# (Learn then Test): with few samples, it can only promise little.

# %%
keeping = fronts["confidence"].at_least(fronts["confidence"].full_accuracy)
print(f"keeps the accuracy here: {keeping.accuracy:.2f} % at {keeping.cost / cost[-1]:.0%} of the cost")
promised = exits.control_risk(logits, labels, cost, exits.Confidence([]), epsilon=0.06, delta=0.1)
print(f"loses at most 6 points, 90 % sure: {promised.cost / cost[-1]:.0%} of the cost")

# %% [markdown]
# ## A file
#
# It holds the thresholds with what they were chosen on, and refuses another network.

# %%
from idn.exits import policy_file

weights = policy_file.weights_digest(model.state_dict())
asked = policy_file.MaxDrop(points=0.0)
chosen = rules["confidence"].with_thresholds(keeping.thresholds)
path = Path(tempfile.mkdtemp()) / "policy.json"
exits.PolicyFile.of(chosen, logits, labels, cost, asked=asked, weights_sha256=weights).save(path)
print(path.read_text())

# %% [markdown]
# ## On test data, once

# %%
from idn.experiment.evaluate import evaluate

policy = exits.PolicyFile.load(path).policy()
test_logits, test_labels = recorded(splits.test)
found = evaluate(test_logits, test_labels, cost, policy)
low, high = found.accuracy_interval
full = 100 * (test_logits[:, -1].argmax(axis=1) == test_labels).mean()
print(f"{found.accuracy:.2f} % [{low:.2f}, {high:.2f}], the last exit alone {full:.2f} %")
print(f"leave at each exit: {', '.join(f'{rate:.0f} %' for rate in found.exit_rates)}")
print(f"{found.mean_macs / cost[-1]:.0%} of the operations of all exits")
