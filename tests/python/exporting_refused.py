"""Modules that cannot be exported: each has one line, marked `here`, that the error names."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Sorts(nn.Module):
    class Inner(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.topk(x, 3).values  # here

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x * 2)


class Branches(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.sum() > 0:  # here
            return x + 1
        return x * 2


class TakesItem(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x.max().item()  # here


class TakesItemBefore(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        most = x.max().item()  # here
        return x.clamp(max=most)


class TakesInt(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(int(x.max())):  # here
            x = x + 1
        return x


class BranchesOnItem(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        most = x.max().item()
        if most > 3:  # here
            x = x + 1
        return x


class LooksInside(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.from_numpy(x.numpy() * 2)  # here


class PicksByMask(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        picked = x[x[:, 0] > 0]  # here
        return x + picked.sum(0)


class AsksForTwo(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[0] == 2:  # here
            return x + 1
        return x * 2


class FixesTheBatch(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x.view(2, 4)  # here
        return y + 1


class Loops(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(x.shape[0]):  # here
            x = x + 1
        return x


class DividesByBatch(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / x.shape[0]  # here


class NumbersSamples(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.arange(x.shape[0])[:, None]  # here


class LooksAtOneSample(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + x[0]  # here


class CentresTheBatch(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - x.mean(0)  # here


class ComparesSamples(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ x.T @ x  # here


class PicksPairs(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        one, other = torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0])
        return x.reshape(-1, 2, 2)[:, one, other]  # here


class NormalisesByBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4, track_running_stats=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x)  # here


class Draws(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.randn(4)  # here


class DropsAlways(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, 0.5, training=True)  # here


class Doubles(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x.double() * 2).float()  # here


class Counts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1  # here
        return x * self.calls


class ChoosesLate(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cond(x.sum() > 0, lambda x: x * 1, lambda x: x * 2, (x,))  # here


class Stretches(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        image = x.reshape(-1, 1, 2, 2)
        return F.interpolate(image, scale_factor=1.3).flatten(1)  # here


class LongAsTheBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps, _ = self.lstm(x.unsqueeze(1))  # here
        return steps[:, 0]


REFUSED: dict[type[nn.Module], str] = {
    Sorts: r"aten\.topk.*does not sort",
    Branches: r"a condition \(if, .*torch.where\.$",
    TakesItem: r"a value is read out of a tensor, as by \.item\(\).*keep the tensor.*x\.max\(\)\.$",
    TakesItemBefore: r"a value is read out of a tensor, as by \.item\(\)",
    TakesInt: r"int\(\.\.\.\) reads a value out of a tensor.*must be fixed\.$",
    BranchesOnItem: r"values of a tensor.*torch.where.*read at .*`most = x.max\(\).item\(\)` by .item\(\)\.$",
    LooksInside: r"\.numpy\(\) reads a value out of a tensor",
    PicksByMask: "how many there are depends on the values.*mask",
    AsksForTwo: "works for some batches only.*x.shape",
    FixesTheBatch: "works for some batches only.*x.shape",
    Loops: "works for some batches only",
    DividesByBatch: "computed from the batch's size.*torch.mean",
    NumbersSamples: "a sample has no number",
    LooksAtOneSample: "part of an axis that grows with the batch",
    CentresTheBatch: "`: reduce_mean: axis 0 .*the batch.*samples must not see each other",
    ComparesSamples: "`: matrix_multiply: .*samples must not see each other",
    PicksPairs: r"the axes 1, 2 at once.*x\.flatten\(1, 2\)\[:, i \* x\.shape\[2\] \+ j\]",
    NormalisesByBatch: "samples would depend on each other.*track_running_stats",
    Draws: "random.*register it as a buffer",
    DropsAlways: "dropout is on in evaluation mode.*self.training",
    Doubles: r"float64.*module\.float\(\)",
    Counts: "changes its buffer 'calls'",
    ChoosesLate: "compute both sides",
    Stretches: "scale_factor 1.3.*recompute_scale_factor",
    LongAsTheBatch: "works for some batches only",
}
