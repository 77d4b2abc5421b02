"""`idn.export`: what a package holds of a module, and what is refused, with its line and its mending."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import architectures
import idn
from exported import package_of
from exporting_refused import REFUSED
from idn.errors import ExportError
from idn.exits.digest import weights_digest

IMAGE = (torch.zeros(1, 1, 28, 28),)


def operators(package: Any) -> Counter[str]:
    return Counter(node["operator"] for node in package.nodes)


def small(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))


ROWS = (torch.zeros(2, 4),)


def test_exits_are_in_order_and_have_their_names(tmp_path: Path) -> None:
    branchy = idn.models.b_alexnet()
    example = (torch.zeros(1, 3, 32, 32),)
    assert [exit["name"] for exit in package_of(branchy, example, tmp_path).exits] == branchy.exit_names
    named = package_of(branchy, example, tmp_path, exits=["one", "two", "last"])
    assert [exit["name"] for exit in named.exits] == ["one", "two", "last"]
    unnamed = package_of(*architectures.build("image_transformer"), tmp_path)
    assert [exit["name"] for exit in unnamed.exits] == ["exit1", "output"]


def test_the_batch_is_left_open(tmp_path: Path) -> None:
    package = package_of(small(), ROWS, tmp_path)
    assert [list(map(tuple, given["shape"])) for given in package.inputs] == [[(1, 0), (0, 4)]]
    dtype, shape = package.type(package.exits[0]["value"])
    assert (dtype, list(map(tuple, shape))) == ("F32", [(1, 0), (0, 3)])


def test_what_a_package_says_of_its_module(tmp_path: Path) -> None:
    module = small()
    package = package_of(
        module,
        ROWS,
        tmp_path,
        input_names=["features"],
        ranges={"features": (-1, 1)},
        classes=["a", "b", "c"],
        licence="CC-BY-4.0",
        provenance={"data": "made up"},
    )
    assert package.inputs[0]["name"] == "features"
    assert tuple(package.inputs[0]["range"]) == (-1.0, 1.0)
    assert package.classes == ["a", "b", "c"]
    assert package.licence == "CC-BY-4.0"
    assert package.provenance == {
        "data": "made up",
        "idn": idn.__version__,
        "module": "torch.nn.modules.container.Sequential",
        "torch": torch.__version__,
        "weights_sha256": weights_digest(module.state_dict()),
    }


def test_constants_are_the_modules_parameters_by_name(tmp_path: Path) -> None:
    module = small()
    package = package_of(module, ROWS, tmp_path)
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(package.tensor(name), parameter.detach(), rtol=0, atol=0)
    assert len(package.constants) == len(list(module.parameters()))


def test_the_same_module_gives_the_same_bytes_whatever_the_example(tmp_path: Path) -> None:
    first = package_of(small(), ROWS, tmp_path).bytes()
    assert package_of(small(), (torch.randn(7, 4),), tmp_path).bytes() == first
    assert package_of(small(), (torch.randn(1, 4),), tmp_path).bytes() == first
    assert package_of(small(seed=1), ROWS, tmp_path).bytes() != first


def test_two_processes_give_the_same_bytes(tmp_path: Path) -> None:
    script = (
        "import sys, architectures, idn\n"
        "module, example = architectures.build('token_transformer')\n"
        "idn.export(module, example, sys.argv[1])\n"
    )
    for name, seed in (("one", "1"), ("two", "2")):
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / name)],
            check=True,
            cwd=Path(__file__).parent,
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1", "PATH": ""},
        )
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_shared_parameter_stays_one_tensor(tmp_path: Path) -> None:
    module, example = architectures.build("token_transformer")
    names = [constant["name"] for constant in package_of(module, example, tmp_path).constants]
    assert ("embedding.weight" in names) + ("last.weight" in names) == 1


def test_what_no_exit_needs_is_left_out(tmp_path: Path) -> None:
    class Wasteful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.unused(x).exp()
            return self.used(x)

    package = package_of(Wasteful(), ROWS, tmp_path)
    assert operators(package) == {"linear": 1}
    assert [constant["name"] for constant in package.constants] == ["used.bias", "used.weight"]


def test_attention_and_normalisations_stay_whole(tmp_path: Path) -> None:
    found = operators(package_of(*architectures.build("image_transformer"), tmp_path))
    assert (found["attention"], found["layer_normalization"], found["gelu"]) == (2, 6, 2)
    assert "softmax" not in found
    found = operators(package_of(idn.models.b_alexnet(), (torch.zeros(1, 3, 32, 32),), tmp_path))
    assert found["local_response_normalization"] == 4
    found = operators(package_of(*architectures.build("u_net"), tmp_path))
    assert (found["group_normalization"], found["instance_normalization"]) == (1, 1)
    assert (found["interpolate"], found["transposed_convolution"]) == (1, 1)


def test_a_module_in_training_is_exported_as_in_evaluation_and_put_back(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(), nn.Linear(5, 3))
    module[1].eval()
    before = [part.training for part in module.modules()]
    assert before[0]
    statistics = module[1].running_mean.clone()
    assert operators(package_of(module, ROWS, tmp_path)) == {"linear": 2, "batch_normalization": 1}
    assert [part.training for part in module.modules()] == before
    assert torch.equal(module[1].running_mean, statistics)


def test_tiers_are_those_of_the_submodules(tmp_path: Path) -> None:
    package = package_of(small(), ROWS, tmp_path, tiers={"": "cloud", "0": "device"})
    assert [(node["operator"], node["tier"]) for node in package.nodes] == [
        ("linear", "device"),
        ("relu", "cloud"),
        ("linear", "cloud"),
    ]


def test_a_module_of_half_precision_gives_its_logits_in_single(tmp_path: Path) -> None:
    package = package_of(small().half(), (ROWS[0].half(),), tmp_path)
    assert package.inputs[0]["dtype"] == "F16"
    assert operators(package) == {"linear": 2, "relu": 1, "cast": 1}


@pytest.mark.parametrize("module", REFUSED, ids=lambda module: module.__name__)
def test_a_refusal_names_the_line_and_what_could_replace_it(module: type[nn.Module], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_text("before")
    with pytest.raises(ExportError, match=f"(?s){REFUSED[module]}") as raised:
        idn.export(module(), (torch.rand(2, 4),), path)
    lines, start = inspect.getsourcelines(module)
    (offset,) = [index for index, line in enumerate(lines) if "# here" in line]
    assert f"{inspect.getsourcefile(module)}:{start + offset}: `" in str(raised.value)
    assert path.read_text() == "before"


class Returns(nn.Module):
    def __init__(self, *answers: Any) -> None:
        super().__init__()
        self.answers = answers

    def forward(self, x: torch.Tensor) -> Any:
        made = [answer(x) if callable(answer) else answer for answer in self.answers]
        return made[0] if len(made) == 1 else made


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ((lambda x: {"logits": x},), "returns dict"),
        ((lambda x: x, None), "NoneType in it"),
        ((lambda x: x[:, 0],), r"gives \(2,\) for 2 samples"),
        ((lambda x: x[:, :1],), "two classes or more"),
        ((lambda x: x.sum(0, keepdim=True),), r"gives \(1, 4\) for 2 samples"),
        ((lambda x: x, lambda x: x[:, :3]), "gives 3 classes and exit 'exit1' gives 4"),
        ((lambda x: x.to(torch.int64),), "expected float logits"),
    ],
)
def test_what_is_no_logits_is_refused(answers: tuple[Any, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        idn.export(Returns(*answers), ROWS, tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("example", "options", "message"),
    [
        ({"x": ROWS[0]}, {}, "keywords are not passed on"),
        ((), {}, r"expected a tuple with a tensor for each input"),
        ((3,), {}, "input 0 is a int, expected a tensor"),
        ((ROWS[0].double(),), {}, r"torch.float64.*example.float\(\)"),
        ((torch.zeros(0, 4),), {}, r"shape \(0, 4\), expected samples"),
        ((torch.tensor(1.0),), {}, r"shape \(\), expected samples"),
        (ROWS, {"exits": ["a", "b"]}, r"2 names \(a, b\), and the module gives 1"),
        (ROWS, {"exits": "final"}, r"expected a list of names: \['final'\]"),
        (ROWS, {"classes": ["a"]}, "1 labels, and the exits give 3 scores"),
        (ROWS, {"classes": "abc"}, r"classes is 'abc' \(str\), expected a list of texts"),
        (ROWS, {"classes": [0, 1, 2]}, r"classes is \[0, 1, 2\] \(list\), expected a list of texts"),
        (ROWS, {"classes": None}, r"classes is None \(NoneType\), expected a list of texts"),
        (ROWS, {"ranges": (0, 1)}, r"ranges is \(0, 1\) \(tuple\), expected \(least, most\) by the name"),
        (ROWS, {"input_names": ["a", "b"]}, "expected 1 different names"),
        (ROWS, {"ranges": {"image": (0, 1)}}, "ranges has 'image', expected names of inputs: input"),
        (ROWS, {"ranges": {"input": (1, 0)}}, r"expected \(least, most\)"),
        (ROWS, {"tiers": {"stem": "device"}}, "'stem', which is no submodule"),
        (ROWS, {"provenance": {"torch": "2"}}, "'torch', which export fills in itself"),
        (ROWS, {"provenance": {"epochs": 3}}, "expected texts by name"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    example: Any, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        idn.export(small(), example, tmp_path / "model.safetensors", **options)


def test_a_function_is_no_module(tmp_path: Path) -> None:
    function: Any = torch.relu
    with pytest.raises(ValueError, match=r"module is of builtin_\w+, expected an nn.Module"):
        idn.export(function, ROWS, tmp_path / "model.safetensors")


def test_a_parameter_of_double_precision_is_held_as_it_is_used(tmp_path: Path) -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = nn.Parameter(torch.ones(4, dtype=torch.float64))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * self.factor.float()

    package = package_of(Mixed(), ROWS, tmp_path)
    assert [constant["dtype"] for constant in package.constants] == ["F32"]


def test_inputs_of_as_many_samples_are_asked_for(tmp_path: Path) -> None:
    module, (image, numbers) = architectures.build("two_inputs")
    package = package_of(module, (image, numbers), tmp_path)
    assert [given["name"] for given in package.inputs] == ["image", "numbers"]
    with pytest.raises(ValueError, match="input 1 has 1 samples and input 0 has 2"):
        idn.export(module, (image, numbers[:1]), tmp_path / "other.safetensors")


class Watched(nn.Module):
    """Says no where it is run."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise AssertionError(f"the module ran on {len(x)} samples")


def test_a_place_where_no_file_can_be_is_refused_before_the_module_runs(tmp_path: Path) -> None:
    path = tmp_path / "none" / "model.safetensors"
    with pytest.raises(FileNotFoundError, match=f"^{path} cannot .* no folder {path.parent}; make it first"):
        idn.export(Watched(), ROWS, path)
    with pytest.raises(IsADirectoryError, match=f"{tmp_path} is a folder; give the name of a file"):
        idn.export(Watched(), ROWS, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match=f"{tmp_path / 'file'} is a file, not a folder"):
        idn.export(Watched(), ROWS, tmp_path / "file" / "model.safetensors")


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (torch.zeros(1, 1, 8, 8), r"float32 \(2, 1, 8, 8\): RuntimeError: .* to have 3 channels"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), r"uint8 \(2, 3, 8, 8\): .*x\.float\(\) / 255"),
        ((torch.zeros(1, 3, 8, 8), torch.zeros(1)), r"float32 \(2, 3, 8, 8\) and float32 \(2,\): TypeError"),
    ],
)
def test_a_module_that_does_not_take_its_example_says_what_it_was_given(
    example: Any, message: str, tmp_path: Path
) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 3))
    with pytest.raises(
        ExportError, match=f"could not run on two samples of its example, {message}"
    ) as raised:
        idn.export(module, example, tmp_path / "model.safetensors")
    assert "\n" not in str(raised.value)


def test_a_module_that_fails_is_named_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match=r"test_export\.py:\d+: `raise .*AssertionError: the module ran on 2"
    ):
        idn.export(Watched(), ROWS, tmp_path / "model.safetensors")


class OfFour(nn.Module):
    """Takes four samples and no other number of them."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x.view(4, -1), torch.ones(3, 6))


def test_a_size_that_is_the_batch_is_what_a_failure_on_two_samples_tells_of(tmp_path: Path) -> None:
    with pytest.raises(
        ExportError,
        match=r"runs on the 4 samples of the example, and a package has to on any .*x\.flatten",
    ):
        idn.export(OfFour(), torch.zeros(4, 2, 3), tmp_path / "model.safetensors")
