"""Exits on any module: same numbers, early stopping that really stops, and a trunk that stays as it was."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import idn
from idn.branchy import Branchy


class Skipping(nn.Module):
    """Not a chain: features are used twice, and the output of `block` again later."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.block = nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
        self.tail = nn.Sequential(nn.Conv2d(4, 2, 3, padding=1), nn.Dropout(0.5))
        self.last = nn.Linear(2 * 36, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = x + self.block(x)
        return self.last(self.tail(x).flatten(1))


def chain() -> nn.Sequential:
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3)),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(24, 5),
    )


TRUNKS: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    "chain": (chain, ["0.0", "0", "1"]),
    "skipping": (Skipping, ["stem", "block.1", "block", "tail.0"]),
}


@pytest.fixture(params=TRUNKS)
def trunk_and_names(request: pytest.FixtureRequest) -> tuple[nn.Module, list[str]]:
    torch.manual_seed(0)
    make, names = TRUNKS[request.param]
    return make(), names


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(4, 3, 6, 6, generator=torch.Generator().manual_seed(1))


def reference(
    trunk: nn.Module, names: list[str], heads: nn.ModuleList, x: torch.Tensor
) -> list[torch.Tensor]:
    """Run the trunk once for each exit, reading its features by a hook."""
    logits = []
    for name, head in zip(names, heads, strict=True):
        seen: list[torch.Tensor] = []
        hook = trunk.get_submodule(name).register_forward_hook(
            lambda _m, _i, out, seen=seen: seen.append(out.clone())
        )
        trunk(x)
        hook.remove()
        logits.append(head(seen[0]))
    return [*logits, trunk(x)]


def test_forward_and_stream_give_what_the_trunk_and_heads_give(
    trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor
) -> None:
    trunk, names = trunk_and_names
    model = Branchy(trunk, dict.fromkeys(names, "linear"), example_input=x).eval()
    expected = reference(trunk, names, model.heads, x)
    for computed in (model(x), list(model.stream(x))):
        assert len(computed) == model.exit_count
        for ours, theirs in zip(computed, expected, strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=0)  # the same operations in the same order


def test_the_trunk_stays_what_it_was(trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor) -> None:
    trunk, names = trunk_and_names
    before = copy.deepcopy(trunk)
    model = Branchy(trunk, dict.fromkeys(names, "linear"), example_input=x)
    assert model.trunk is trunk
    for module in trunk.modules():
        assert module.training
    model.eval()(x)
    stream = model.stream(x)
    next(stream)
    stream.close()
    list(model.stream(x))
    state, expected = trunk.state_dict(), before.state_dict()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], expected[name]) for name in state)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in trunk.modules())
    assert torch.equal(trunk(x), before.eval()(x))


def test_stream_computes_only_what_was_asked_for(
    trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor
) -> None:
    trunk, names = trunk_and_names
    model = Branchy(trunk, dict.fromkeys(names, "linear"), example_input=x).eval()
    ran: list[str] = []
    for name, module in model.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _m, _i, _o, name=name: ran.append(name))
    model(x)
    everything, ran[:] = list(ran), []
    stream = model.stream(x)
    assert ran == []
    for exits in range(1, model.exit_count):
        next(stream)
        assert ran == everything[: len(ran)]
        assert any(name.startswith(f"heads.{exits - 1}.") for name in ran)
        assert not any(name.startswith(f"heads.{exits}.") for name in ran)
        assert len(ran) < len(everything)
    stream.close()
    assert len(ran) < len(everything)
    assert "trunk.4" not in ran
    assert "trunk.last" not in ran


def test_an_abandoned_stream_leaves_no_thread(x: torch.Tensor) -> None:
    model = Branchy(Skipping(), {"stem": "linear"}, example_input=x)
    before = threading.active_count()
    stream = model.stream(x)
    next(stream)
    assert threading.active_count() == before + 1
    del stream
    assert threading.active_count() == before


def test_streams_of_one_trunk_do_not_disturb_each_other_or_the_trunk(x: torch.Tensor) -> None:
    trunk = Skipping()
    model = Branchy(trunk, {"stem": "linear", "block": "linear"}, example_input=x).eval()
    expected, others = model(x), model(-x)
    one, two = model.stream(x), model.stream(-x)
    results = [next(one), next(two), trunk(x), next(two), model(x)[2], next(one), next(two), next(one)]
    wanted = [
        expected[0],
        others[0],
        expected[2],
        others[1],
        expected[2],
        expected[1],
        others[2],
        expected[2],
    ]
    assert all(torch.equal(a, b) for a, b in zip(results, wanted, strict=True))


def test_rows_sent_away_are_gone_from_later_logits(
    trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor
) -> None:
    trunk, names = trunk_and_names
    model = Branchy(trunk, dict.fromkeys(names[:2], "linear"), example_input=x).eval()
    expected = model(x)
    stream = model.stream(x)
    next(stream)
    second = stream.send(torch.tensor([True, False, True, True]))
    third = stream.send(torch.tensor([False, True, True]))
    # another batch size may round otherwise
    torch.testing.assert_close(second, expected[1][[0, 2, 3]], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(third, expected[2][[2, 3]], rtol=1e-5, atol=1e-6)


def test_exits_are_ordered_as_the_trunk_reaches_them(
    trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor
) -> None:
    trunk, names = trunk_and_names
    model = Branchy(trunk, dict.fromkeys(reversed(names), "linear"), example_input=x)
    assert model.exit_names == [*names, "output"]


def test_gradients_reach_heads_and_trunk(
    trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor
) -> None:
    trunk, names = trunk_and_names
    model = Branchy(trunk, dict.fromkeys(names, "linear"), example_input=x)
    idn.joint_loss(model(x), torch.tensor([0, 1, 2, 3])).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.zero_grad()
    model.eval()
    next(iter(model.stream(x))).sum().backward()
    reached = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert any(name.startswith("heads.0.") for name in reached)
    assert not any(name.startswith("heads.1.") for name in reached)
    assert len(list(model.trunk_parameters())) + len(list(model.head_parameters())) == len(
        list(model.parameters())
    )


def test_a_stream_runs_under_the_callers_modes(x: torch.Tensor) -> None:
    model = Branchy(Skipping(), {"stem": "linear"}, example_input=x).eval()
    with torch.no_grad():
        assert not any(logits.requires_grad for logits in model.stream(x))
    with torch.inference_mode():
        assert all(logits.is_inference() for logits in model.stream(x))
    with torch.autocast("cpu", torch.bfloat16):
        assert [logits.dtype for logits in model.stream(x)] == [torch.bfloat16] * 2
    with pytest.raises(RuntimeError, match="expected input"):
        list(model.stream(torch.zeros(1, 7, 6, 6)))


def test_in_place_layers_on_either_side_do_not_change_the_other(x: torch.Tensor) -> None:
    for make in (nn.Sequential, lambda *layers: Wrapped(nn.Sequential(*layers))):
        torch.manual_seed(0)
        trunk = make(nn.Conv2d(3, 2, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(32, 5))
        exit_name = "0" if isinstance(trunk, nn.Sequential) else "layers.0"
        head = nn.Sequential(nn.Hardtanh(-0.1, 0.1, inplace=True), nn.Flatten(), nn.Linear(32, 5))
        model = Branchy(trunk, {exit_name: head})
        expected = [head(nn.Conv2d.forward(trunk.get_submodule(exit_name), x)), trunk(x)]
        for computed in (model(x), list(model.stream(x))):
            assert all(torch.equal(a, b) for a, b in zip(computed, expected, strict=True))
        sum(logits.sum() for logits in model(x)).backward()


class Wrapped(nn.Module):
    """A chain that does not look like one."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x)


def test_heads_are_sized_by_the_first_call(x: torch.Tensor) -> None:
    model = Branchy(chain(), {"0": "conv(3)-linear", "1": lambda shape: Flat(shape, 5)})
    with pytest.raises(ValueError, match="heads are not sized yet"):
        list(model.parameters())
    with pytest.raises(ValueError, match="heads are not sized yet"):
        model.state_dict()
    with pytest.raises(ValueError, match="heads are not sized yet"):
        model.load_state_dict({})
    assert [logits.shape for logits in model(x)] == [(4, 5)] * 3
    assert len(list(model.head_parameters())) == 6


class Flat(nn.Sequential):
    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__(nn.Flatten(), nn.Linear(int(torch.Size(shape).numel()), classes))


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_a_lazy_head_is_sized_too(x: torch.Tensor) -> None:
    model = Branchy(chain(), {"0": nn.Sequential(nn.Flatten(), nn.LazyLinear(5))}, example_input=x)
    assert sum(parameter.numel() for parameter in model.head_parameters()) == 25 * 5


def test_sizing_changes_no_statistics_and_draws_no_random_numbers_for_ready_heads(x: torch.Tensor) -> None:
    trunk = chain()
    before = copy.deepcopy(trunk.state_dict())
    head = nn.Sequential(nn.Flatten(), nn.Linear(24, 5))
    state = torch.get_rng_state()
    Branchy(trunk, {"1": head}, example_input=x)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in trunk.state_dict().items())


def test_copies_and_pickles_are_independent(x: torch.Tensor) -> None:
    model = Branchy(chain(), {"0": "linear"}, example_input=x).eval()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert all(torch.equal(a, b) for a, b in zip(other(x), model(x), strict=True))
        with torch.no_grad():
            other.trunk[0][0].weight.zero_()
        assert not torch.equal(other(x)[0], model(x)[0])


def test_a_replaced_submodule_is_used(x: torch.Tensor) -> None:
    model = Branchy(chain(), {"0": "linear"}, example_input=x).eval()
    model.trunk[4] = nn.Linear(24, 7)
    assert model(x)[1].shape == (4, 7)


def test_hooks_of_the_user_on_a_container_still_run(x: torch.Tensor) -> None:
    model = Branchy(chain(), {"0.0": "linear"}, example_input=x).eval()
    seen: list[int] = []
    model.trunk[0].register_forward_hook(lambda *_: seen.append(1))
    model(x)
    assert seen == [1]


def test_a_trunk_without_exits_is_its_own_only_exit(x: torch.Tensor) -> None:
    model = Branchy(Skipping(), {}).eval()
    assert model.exit_names == ["output"]
    (logits,) = model(x)
    assert torch.equal(logits, model.trunk(x))


def test_export_and_compile_give_the_same(
    trunk_and_names: tuple[nn.Module, list[str]], x: torch.Tensor
) -> None:
    trunk, names = trunk_and_names
    model = Branchy(trunk, dict.fromkeys(names, "linear"), example_input=x).eval()
    with torch.no_grad():
        exported = torch.export.export(model, (x,), strict=False).module()
        compiled = torch.compile(model, backend="eager", fullgraph=isinstance(trunk, nn.Sequential))
        for computed in (exported(x), compiled(x)):
            for ours, theirs in zip(computed, model(x), strict=True):
                # export may decompose an operator
                torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-7)


def test_an_unknown_exit_is_refused_with_close_names() -> None:
    with pytest.raises(ValueError, match=r"exit 'blok'.*did you mean 'block'"):
        Branchy(Skipping(), {"blok": "linear"})
    with pytest.raises(ValueError, match="exit ''"):
        Branchy(Skipping(), {"": "linear"})


def test_a_description_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(
        ValueError, match=r"exit 'block': head 'linaer': .*expected parts conv\(FILTERS\), pool"
    ):
        Branchy(Skipping(), {"block": "linaer"})


def test_exits_that_are_no_mapping_are_refused() -> None:
    exits: Any
    for exits in (["stem", "block"], "stem", [("stem", "linear")], None):
        with pytest.raises(ValueError, match=r"exits is .*, expected .* such as \{'conv1': 'linear'\}"):
            Branchy(Skipping(), exits)


def test_an_exit_that_runs_twice_is_refused(x: torch.Tensor) -> None:
    class Twice(Skipping):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.block(self.stem(x))
            return super().forward(x)

    with pytest.raises(ValueError, match="'block' runs more than once"):
        Branchy(Twice(), {"block": "linear"}, example_input=x)
    model = Branchy(Twice(), {"block": nn.Sequential(nn.Flatten(), nn.Linear(144, 5))})
    with pytest.raises(ValueError, match="'block' runs more than once"):
        model(x)
    with pytest.raises(ValueError, match="'block' runs more than once"):
        list(model.stream(x))


def test_an_exit_that_never_runs_is_refused(x: torch.Tensor) -> None:
    trunk = Skipping()
    trunk.unused = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="never runs submodule 'unused'"):
        Branchy(trunk, {"unused": "linear"}, example_input=x)
    model = Branchy(trunk, {"unused": nn.Linear(2, 5)})
    with pytest.raises(ValueError, match="never runs submodule 'unused'"):
        model(x)
    with pytest.raises(ValueError, match="never runs submodule 'unused'"):
        list(model.stream(x))


def test_exits_out_of_order_are_refused_where_they_cannot_be_ordered(x: torch.Tensor) -> None:
    heads = {name: nn.Sequential(nn.Flatten(), nn.Linear(144, 5)) for name in ("block", "stem")}
    model = Branchy(Skipping(), heads)
    for run in (model, lambda x: list(model.stream(x))):
        with pytest.raises(ValueError, match="reaches 'stem' before 'block'"):
            run(x)


def test_features_that_are_no_tensor_are_refused() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(3, 4, batch_first=True)
            self.last = nn.Linear(4, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.rnn(x)[0][:, -1])

    with pytest.raises(ValueError, match="output of submodule 'rnn' is a tuple"):
        Branchy(Recurrent(), {"rnn": "linear"}, example_input=torch.zeros(2, 6, 3))


def test_heads_that_do_not_give_logits_are_refused(x: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"head of exit '0' gives \(1, 6, 2, 2\) for one sample"):
        Branchy(chain(), {"0": nn.Identity()}, example_input=x)
    with pytest.raises(ValueError, match=r"head of exit '0' gives \(1, 4\).*expected logits \(1, 5\)"):
        Branchy(chain(), {"0": nn.Sequential(nn.Flatten(), nn.Linear(24, 4))}, example_input=x)
    with pytest.raises(ValueError, match=r"head of exit '0' does not fit features \(6, 2, 2\)"):
        Branchy(chain(), {"0": nn.Sequential(nn.Flatten(), nn.Linear(9, 5))}, example_input=x)
    with pytest.raises(ValueError, match=r"exit '0' gives"):
        Branchy(chain(), {"0": nn.Identity()})(x)
    with pytest.raises(ValueError, match=r"expected an nn\.Module"):
        Branchy(chain(), {"0": lambda _shape: 3}, example_input=x)
    with pytest.raises(ValueError, match="the head of exit '0' is 3"):
        Branchy(chain(), {"0": 3})


def test_a_trunk_that_gives_no_logits_is_refused(x: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"exit 'output' gives \(1, 6, 2, 2\)"):
        Branchy(chain()[:1], {"0.0": "linear"}, example_input=x)


def test_an_empty_example_is_refused() -> None:
    with pytest.raises(ValueError, match="it is empty"):
        Branchy(chain(), {"0": "linear"}, example_input=torch.zeros(0, 3, 6, 6))


def test_a_head_that_changes_its_input_in_place_is_refused() -> None:
    class Rectified(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last = nn.Linear(8, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.last(nn.functional.relu(x, inplace=True))
            return logits

    model = Branchy(nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3)), {"0": Rectified()})
    with pytest.raises(ValueError, match="head of exit '0' changes its input in place"):
        model(torch.randn(2, 4))
