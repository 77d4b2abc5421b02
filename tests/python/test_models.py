"""The networks of the papers: every layer's shape, and numbers of parameters worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from idn import models
from idn._trunk import chain_of
from idn.branchy import Branchy
from idn.models import heads
from idn.models.layers import LocalResponseNorm, Pool


def shapes_in(module: nn.Module, x: torch.Tensor) -> dict[str, tuple[int, ...]]:
    """The output shape, without the batch, of every direct child."""
    shapes: dict[str, tuple[int, ...]] = {}
    with torch.no_grad():
        for name, child in module.named_children():
            x = child(x)
            shapes[name] = tuple(x.shape[1:])
    return shapes


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_alexnet_has_the_shapes_of_the_paper() -> None:
    shapes = shapes_in(models.alexnet().eval(), torch.zeros(1, 3, 32, 32))
    assert shapes["conv1"] == (32, 32, 32)
    assert shapes["norm1"] == (32, 16, 16)
    assert shapes["conv2"] == (64, 16, 16)
    assert shapes["norm2"] == (64, 8, 8)
    assert shapes["conv3"] == (96, 8, 8)
    assert shapes["conv4"] == (96, 8, 8)
    assert shapes["conv5"] == (64, 8, 8)
    assert shapes["pool5"] == (64, 4, 4)
    assert shapes["flatten"] == (1024,)
    assert shapes["linear1"] == (256,)
    assert shapes["linear2"] == (128,)
    assert shapes["linear3"] == (10,)


def test_alexnet_rectifies_after_every_convolution_and_drops_half_between_linear_layers() -> None:
    layers = [type(layer).__name__ for layer in models.alexnet()]
    assert all(layers[i + 1] == "ReLU" for i, layer in enumerate(layers) if layer == "Conv2d")
    assert layers[-7:] == ["Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout", "Linear"]


def test_b_alexnet_has_the_exits_of_the_paper() -> None:
    model = models.b_alexnet()
    assert model.exit_names == ["conv2", "conv3", "output"]
    first = shapes_in(model.heads[0], torch.zeros(1, 64, 16, 16))
    assert list(first.values()) == [
        *[(64, 16, 16), (64, 8, 8), (64, 8, 8)],  # ReLU, pool, normalisation
        *[(32, 8, 8)] * 4,  # two convolutions, each with its ReLU
        *[(32, 4, 4), (512,), (10,)],
    ]
    second = shapes_in(model.heads[1], torch.zeros(1, 96, 8, 8))
    assert list(second.values()) == [
        *[(96, 8, 8), (96, 4, 4), (96, 4, 4)],
        *[(32, 4, 4)] * 2,
        *[(32, 2, 2), (128,), (10,)],
    ]


def test_b_alexnet_has_the_parameters_counted_by_hand() -> None:
    model = models.b_alexnet()
    convolutions = 2_432 + 51_264 + 55_392 + 83_040 + 55_360  # (k * k * in + 1) * out
    linears = 262_400 + 32_896 + 1_290
    assert parameters(model.trunk) == convolutions + linears == 544_074
    assert parameters(model.heads[0]) == 18_464 + 9_248 + 5_130
    assert parameters(model.heads[1]) == 27_680 + 1_290


def test_b_lenet_has_the_shapes_of_the_paper() -> None:
    model = models.b_lenet(in_channels=1, image_size=28)
    trunk = shapes_in(model.trunk, torch.zeros(1, 1, 28, 28))
    assert [shape for name, shape in trunk.items() if name.startswith(("conv", "pool"))] == [
        *[(5, 30, 30), (5, 15, 15)],
        *[(10, 17, 17), (10, 9, 9)],
        *[(20, 11, 11), (20, 6, 6)],
    ]
    assert trunk["flatten"] == (720,)
    head = shapes_in(model.heads[0], torch.zeros(1, 5, 30, 30))
    assert list(head.values()) == [(5, 15, 15)] * 2 + [(10, 15, 15)] + [(10, 8, 8)] * 2 + [(640,), (10,)]
    assert list(head)[:2] == ["pool1", "relu1"]


def test_b_lenet_has_the_parameters_counted_by_hand() -> None:
    model = models.b_lenet()  # 3x32x32: 34, 17, 19, 10, 12, 6
    assert parameters(model.trunk) == 380 + 1_260 + 5_020 + (20 * 36 + 1) * 84 + 850
    assert parameters(model.heads[0]) == 460 + (10 * 81 + 1) * 10


SMALL: dict[str, dict[str, Any]] = {
    "alexnet_style": {"width": 0.05},
    "b_alexnet_style": {"width": 0.05},
    "b_densenet": {"blocks": [1, 2, 1, 2], "growth": 4},
    "b_resnet": {"depth": 14},
    "densenet": {"blocks": [1, 2, 1, 2], "growth": 4},
    "resnet": {"depth": 14},
}


@pytest.mark.parametrize("name", models.names())
@pytest.mark.parametrize(
    ("channels", "size", "classes"), [(1, 8, 10), (3, 32, 7), (1, 28, 10), (2, 1, 2), (3, 65, 3)]
)
def test_every_network_takes_any_image_size(name: str, channels: int, size: int, classes: int) -> None:
    options = SMALL.get(name, {})
    model = models.build(name, classes=classes, in_channels=channels, image_size=size, **options).eval()
    with torch.no_grad():
        output = model(torch.zeros(2, channels, size, size))
    logits = output if isinstance(output, list) else [output]
    assert [tuple(exit_logits.shape) for exit_logits in logits] == [(2, classes)] * len(logits)


@pytest.mark.parametrize("name", [name for name in models.names() if name.startswith("b_")])
@pytest.mark.parametrize("size", [8, 32])
def test_a_network_left_early_gives_the_logits_of_its_whole(name: str, size: int) -> None:
    torch.manual_seed(0)
    model = models.build(name, in_channels=1, image_size=size, **SMALL.get(name, {}))
    assert isinstance(model, Branchy)
    assert chain_of(model.trunk, model.exit_names[:-1]) is not None
    x = torch.randn(4, 1, size, size)
    model(x)  # in training mode: batch normalisation has something to remember
    model.eval()
    with torch.no_grad():
        whole = model(x)
        assert len(whole) == model.exit_count
        for logits, streamed in zip(whole, model.stream(x), strict=True):
            torch.testing.assert_close(logits, streamed, rtol=0, atol=0)
        alone = torch.stack([logits[0] for logits in model(x[:1])])
    # The same sums in another order, on logits of up to about 10: batch statistics would differ by far more.
    torch.testing.assert_close(alone, torch.stack([logits[0] for logits in whole]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in models.names() if "lenet" not in name])
def test_maps_stay_channels_last(name: str) -> None:
    model = models.build(name, **SMALL.get(name, {})).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    others: list[str] = []

    def note(module: nn.Module, _inputs: object, output: Any) -> None:
        maps = isinstance(output, torch.Tensor) and output.dim() == 4
        if maps and not output.is_contiguous(memory_format=torch.channels_last):
            others.append(type(module).__name__)

    for module in model.modules():
        module.register_forward_hook(note)
    model(torch.randn(2, 3, 32, 32).to(memory_format=torch.channels_last))
    assert others == []


def test_an_unknown_model_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"'b_alexnt' is unknown: did you mean 'b_alexnet'"):
        models.build("b_alexnt")


def test_an_unknown_option_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match=r"no option 'clases': did you mean 'classes'"):
        models.build("b_lenet", clases=10)


@pytest.mark.parametrize(
    "options", [{"classes": 1}, {"in_channels": 0}, {"image_size": 0}, {"image_size": 8.0}]
)
def test_a_size_that_makes_no_network_is_refused(options: dict[str, Any]) -> None:
    (option,) = options
    with pytest.raises(ValueError, match=f"b_alexnet|alexnet: {option} is"):
        models.build("b_alexnet", **options)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_our_normalisation_is_torchs(size: int) -> None:
    torch.manual_seed(0)
    x = (10 * torch.randn(2, 7, 4, 5, dtype=torch.float64)).requires_grad_()
    ours, torchs = (
        kind(size, alpha=0.5, beta=0.75, k=2.0)(x) for kind in (LocalResponseNorm, nn.LocalResponseNorm)
    )
    # float64 rounding of a handful of operations
    torch.testing.assert_close(ours, torchs, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(y.sin().sum(), x)[0] for y in (ours, torchs)]
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-13)


def test_pooling_keeps_the_incomplete_window_and_a_single_pixel() -> None:
    x = torch.arange(25.0).view(1, 1, 5, 5)
    assert Pool(2)(x).flatten().tolist() == [6, 8, 9, 16, 18, 19, 21, 23, 24]
    pixel = torch.ones(1, 2, 1, 1)
    assert Pool(3)(pixel) is pixel


def test_a_described_head_is_built_for_its_features() -> None:
    head = heads.named("pool-conv(6)-conv(8)-linear", classes=5)((3, 9, 9))
    assert head(torch.zeros(2, 3, 9, 9)).shape == (2, 5)
    assert parameters(head) == (27 + 1) * 6 + (54 + 1) * 8 + (8 * 25 + 1) * 5
    assert heads.named("linear", classes=3)((7,))(torch.zeros(2, 7)).shape == (2, 3)


def test_the_mean_of_each_map_leaves_one_number_a_channel() -> None:
    head = heads.named("conv(6)-gap-linear", classes=5)((3, 9, 7))
    assert parameters(head) == (27 + 1) * 6 + (6 + 1) * 5
    x = torch.rand(2, 3, 9, 7)
    convolution, relu, linear = head[0], head[1], head[-1]  # type: ignore[index]
    # float32 rounding of a mean over 63 values
    torch.testing.assert_close(head(x), linear(relu(convolution(x)).mean((2, 3))), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "conv(3)",
        "dense-linear",
        "linear-conv(3)-linear",
        "conv(0)-linear",
        "conv()-linear",
        "gap-pool-linear",
        "gap",
    ],
)
def test_a_description_that_is_no_head_is_refused(description: str) -> None:
    with pytest.raises(ValueError, match="head '"):
        heads.named(description, classes=3)((3, 8, 8))


def test_a_convolution_on_a_vector_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs features \(channels, height, width\), but they are \(7,\)"):
        heads.named("conv(3)-linear", classes=3)((7,))
