"""Thresholds that let known shares of some images leave, for benchmarks that set exit rates."""

from __future__ import annotations

import torch

import idn


def leaving(graph: idn.Graph, images: torch.Tensor, shares: list[float]) -> idn.exits.Policy:
    """Thresholds with which these shares of the images leave at the early exits, of all of them."""
    logits = graph.run(images)
    thresholds: list[float | None] = []
    still = torch.ones(len(images), dtype=torch.bool)
    for share, z in zip(shares, logits, strict=False):
        sure = z.double().softmax(dim=1).amax(dim=1)
        count = round(share * len(images))
        if count == 0:
            thresholds.append(None)
            continue
        candidates = sure[still].sort(descending=True).values
        thresholds.append(float(candidates[count - 1 : count + 1].mean()))
        still &= sure < thresholds[-1]
    return idn.exits.Confidence(thresholds)
