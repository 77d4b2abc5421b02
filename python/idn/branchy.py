"""Exits on any network (section 3.1): `Branchy` hangs heads on submodules of a trunk, by name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from idn import _trunk

__all__ = ["Branchy"]

Head = nn.Module | str | Callable[[tuple[int, ...]], nn.Module]


class Branchy(nn.Module):
    """A trunk with early exits; the last exit is the trunk's own output.

    The trunk is used, not changed: its parameters, state and `forward` stay what they are, and no hook stays
    on it.

    :param trunk: any module from one tensor to logits (batch, classes).
    :param exits: for each early exit the name of a submodule, as in `trunk.named_modules()`, and the head
        that turns the output of that submodule into logits: a module; a function from the shape of that
        output, without the batch dimension, to a module; or a description such as "linear" or
        "pool-conv(32)-linear" (`idn.models.heads.named`). Any order will do: exits are put in the order in
        which the trunk reaches them.
    :param example_input: a batch of at least one input to find shapes and the order of exits with. Without
        it, heads that have to be sized are sized by the first call; until then `parameters()` and
        `state_dict()` are refused, since they would miss parameters. Ready modules on a trunk that is not an
        `nn.Sequential` must then be given in order, which each call checks.
    :raises ValueError: for exits that are no mapping, an unknown exit or description, an exit that the trunk
        never reaches, reaches twice or that is no tensor, a head that does not fit, or logits that are not
        (batch, classes).
    """

    def __init__(
        self, trunk: nn.Module, exits: Mapping[str, Head], *, example_input: torch.Tensor | None = None
    ) -> None:
        super().__init__()
        _check_exits(trunk, exits)
        self.trunk = trunk
        self.heads = nn.ModuleList()
        chain = _trunk.chain_of(trunk, list(exits))
        self._names = chain[0] if chain else list(exits)
        self._unsized: dict[str, Head] | None = {name: exits[name] for name in self._names}
        ready = [head for head in self._unsized.values() if isinstance(head, nn.Module) and _is_sized(head)]
        if example_input is not None:
            self._size(example_input)
        elif len(ready) == len(exits):
            self._adopt(ready)

    @property
    def exit_names(self) -> list[str]:
        """The submodules of the early exits in order, then "output" for the trunk's own."""
        return [*self._names, "output"]

    @property
    def exit_count(self) -> int:
        """How many exits there are, the trunk's own output included."""
        return len(self._names) + 1

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Compute the logits (batch, classes) of all exits, in order."""
        if self._unsized is not None:
            self._size(x)
        logits: list[torch.Tensor] = []
        chain = _trunk.chain_of(self.trunk, self._names)
        if chain is not None:
            for index, segment in enumerate(chain[1]):
                for module in segment:
                    x = module(x)
                logits.append(self._logits(index, x))
            return logits

        def visit(index: int, features: torch.Tensor) -> None:
            self._check_order(len(logits), index)
            logits.append(self._logits(index, features))

        output = _trunk.run(self.trunk, self._names, x, visit)
        self._check_order(len(logits), len(self._names))
        return [*logits, self._logits(len(logits), output)]

    def stream(self, x: torch.Tensor) -> Generator[torch.Tensor, torch.Tensor | None, None]:
        """Yield the logits of one exit after the other, each computed when it is asked for and no sooner.

        Closing the generator, or dropping it, leaves the rest uncomputed. Sending a bool tensor with an entry
        for each row of the last logits keeps the samples where it is true; later logits have that many rows.
        In a trunk of nested `nn.Sequential` the others leave the computation; in any other trunk they leave
        the heads only, since what else it remembers of the batch cannot be known.
        """
        if self._unsized is not None:
            self._size(x)
        chain = _trunk.chain_of(self.trunk, self._names)
        if chain is not None:
            for index, segment in enumerate(chain[1]):
                for module in segment:
                    x = module(x)
                keep = yield self._logits(index, x)
                if keep is not None:
                    x = x[keep]
            return
        rows: torch.Tensor | None = None
        for expected, (index, features) in enumerate(_trunk.stream(self.trunk, self._names, x)):
            self._check_order(expected, index)
            keep = yield self._logits(index, features if rows is None else features[rows])
            if keep is not None:
                rows = keep.nonzero().flatten() if rows is None else rows[keep]

    def trunk_parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over the parameters of the trunk."""
        return self.trunk.parameters()

    def head_parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over the parameters of the early exits' heads.

        :raises ValueError: if the heads are not sized yet.
        """
        self._refuse_if_unsized()
        return self.heads.parameters()

    def named_parameters(self, *args: Any, **options: Any) -> Iterator[tuple[str, nn.Parameter]]:
        """As in `nn.Module`; refused with a ValueError while heads are not sized."""
        self._refuse_if_unsized()
        return super().named_parameters(*args, **options)

    def state_dict(self, *args: Any, **options: Any) -> Any:
        """As in `nn.Module`; refused with a ValueError while heads are not sized."""
        self._refuse_if_unsized()
        return super().state_dict(*args, **options)

    def load_state_dict(self, *args: Any, **options: Any) -> Any:
        """As in `nn.Module`; refused with a ValueError while heads are not sized."""
        self._refuse_if_unsized()
        return super().load_state_dict(*args, **options)

    def _logits(self, index: int, features: torch.Tensor) -> torch.Tensor:
        if index == len(self._names):
            logits = features
        else:
            # An in-place layer after the exit, or in the head, must not change what the other side sees.
            given = features.clone() if self._in_place else features
            watched = not (torch.compiler.is_compiling() or given.is_inference())
            version = given._version if watched else 0
            logits = self.heads[index](given)
            if watched and not self._in_place and given._version != version:
                raise ValueError(
                    f"the head of exit {self.exit_names[index]!r} changes its input in place, which would "
                    "change the trunk's output; use the form of its operation that returns a new tensor."
                )
        if not isinstance(logits, torch.Tensor) or logits.dim() != 2:
            found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
            raise ValueError(
                f"exit {self.exit_names[index]!r} gives {found}, expected logits (batch, classes); "
                "a head ends with a flatten and a linear layer."
            )
        return logits

    def _check_order(self, expected: int, reached: int) -> None:
        if reached == expected:
            return
        if reached < expected:
            raise ValueError(
                f"submodule {self._names[reached]!r} runs more than once in the trunk, so an exit on it is "
                "ambiguous; name a submodule that runs once."
            )
        if reached == len(self._names):
            raise ValueError(
                f"the trunk never runs submodule {self._names[expected]!r}; no exit can be there."
            )
        raise ValueError(
            f"the trunk reaches {self._names[reached]!r} before {self._names[expected]!r}, "
            "or never the latter: list the exits in the order of execution, "
            "or pass example_input to have them ordered."
        )

    def _adopt(self, heads: list[nn.Module]) -> None:
        self.heads = nn.ModuleList(heads)
        self._in_place = any(getattr(module, "inplace", False) for module in self.modules())
        self._unsized = None

    def _size(self, example: torch.Tensor) -> None:
        given = self._unsized
        assert given is not None  # only called while it is set
        if example.dim() == 0 or example.shape[0] == 0:
            raise ValueError(
                f"heads cannot be sized with an input of shape {tuple(example.shape)}: it is empty."
            )
        reached: dict[str, torch.Tensor] = {}
        names = list(given)

        def visit(index: int, features: torch.Tensor) -> None:
            if names[index] in reached:
                self._check_order(len(names), index)
            reached[names[index]] = features

        with evaluating(self.trunk):
            output = _trunk.run(self.trunk, names, example[:1], visit)
            missing = [name for name in names if name not in reached]
            if missing:
                self._check_order(names.index(missing[0]), len(names))
            self._names = list(reached)
            self._logits(len(names), output)
            heads = [self._build(name, given[name], reached[name], output.shape[1]) for name in reached]
        self._adopt(heads)

    def _build(self, name: str, head: Head, features: torch.Tensor, classes: int) -> nn.Module:
        from idn.models import heads  # it builds on this module

        builder = heads.named(head, classes) if isinstance(head, str) else head
        if isinstance(builder, nn.Module):
            built = builder
        else:
            built = builder(tuple(features.shape[1:]))
            if not isinstance(built, nn.Module):
                raise ValueError(f"the head function of exit {name!r} gave {built!r}, expected an nn.Module.")
            built.to(features.device, features.dtype)
        with evaluating(built):
            try:
                logits = built(features.clone())
            except RuntimeError as error:
                raise ValueError(
                    f"the head of exit {name!r} does not fit features {tuple(features.shape[1:])}: {error}"
                ) from error
        if not isinstance(logits, torch.Tensor) or logits.shape != (1, classes):
            found = tuple(logits.shape) if isinstance(logits, torch.Tensor) else type(logits).__name__
            raise ValueError(
                f"the head of exit {name!r} gives {found} for one sample, expected logits (1, {classes}) "
                "as the trunk gives; a head ends with a flatten and a linear layer."
            )
        return built

    def _refuse_if_unsized(self) -> None:
        if self._unsized is not None:
            raise ValueError(
                "the heads are not sized yet, so their parameters do not exist: "
                "pass example_input= to Branchy, or call it once on a batch."
            )


def _check_exits(trunk: nn.Module, exits: Mapping[str, Head]) -> None:
    if not isinstance(exits, Mapping):
        raise ValueError(
            f"exits is {exits!r}, expected for each early exit the name of a submodule and its head, such as "
            "{'conv1': 'linear'}."
        )
    known = [name for name, _ in trunk.named_modules(remove_duplicate=False) if name]
    for name, head in exits.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=3) or known[:8]
            raise ValueError(
                f"exit {name!r}: the trunk has no submodule of that name; "
                f"did you mean {' or '.join(map(repr, close))}?"
            )
        if not (isinstance(head, (nn.Module, str)) or callable(head)):
            raise ValueError(
                f"the head of exit {name!r} is {head!r}, expected a module, "
                "a function of the features' shape, or a description such as 'linear'."
            )
        if isinstance(head, str):
            _check_description(name, head)


def _check_description(name: str, description: str) -> None:
    """Refuse a description that is none now, and not when heads are sized."""
    from idn.models import heads  # it builds on this module

    try:
        heads.named(description, classes=2)
    except ValueError as error:
        raise ValueError(f"exit {name!r}: {error}") from error


def _is_sized(head: nn.Module) -> bool:
    return not any(is_lazy(parameter) for parameter in head.parameters())


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Run without gradients, dropout or batch-norm updates, and put every submodule back as it was."""
    training = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, was_training in training:
            part.training = was_training
