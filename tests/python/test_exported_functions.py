"""Each function of torch that can be exported gives in the package what it gives in torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from exported import Function, assert_same_answers

X = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(1))
IMAGE = torch.randn(4, 4, 8, 6, generator=torch.Generator().manual_seed(2))
POSITIVE = X.abs() + 0.5
INDICES = torch.randint(0, 6, (5, 3), generator=torch.Generator().manual_seed(3))
WEIGHT = torch.randn(3, 6, generator=torch.Generator().manual_seed(4))
MASK = torch.rand(4, 6, generator=torch.Generator().manual_seed(5)) > 0.5

Case = tuple[Callable[..., torch.Tensor], tuple[torch.Tensor, ...]]


def each(given: torch.Tensor, **functions: Callable[..., torch.Tensor]) -> dict[str, Case]:
    return {name: (function, (given,)) for name, function in functions.items()}


def written(x: torch.Tensor) -> torch.Tensor:
    y = x.clone()
    y[:, 1] = x[:, 0] * 2
    y[:, :, 2:4] += 1
    y[:, 3:] = 0
    return y.relu_()


ACTIVATIONS = each(
    X,
    relu=F.relu,
    relu6=F.relu6,
    hardtanh=lambda x: F.hardtanh(x, -0.5, 0.7),
    elu=lambda x: F.elu(x, 0.7),
    selu=F.selu,
    celu=lambda x: F.celu(x, 1.5),
    gelu=F.gelu,
    gelu_tanh=lambda x: F.gelu(x, approximate="tanh"),
    silu=F.silu,
    mish=F.mish,
    sigmoid=torch.sigmoid,
    tanh=torch.tanh,
    hardsigmoid=F.hardsigmoid,
    hardswish=F.hardswish,
    leaky_relu=lambda x: F.leaky_relu(x, 0.2),
    rrelu=F.rrelu,
    prelu_of_one=lambda x: F.prelu(x, torch.tensor([0.3])),
    prelu_of_channels=lambda x: F.prelu(x, torch.tensor([0.1, 0.2, 0.3, 0.4])),
    softplus=lambda x: F.softplus(x, beta=2.0, threshold=1.0),
    logsigmoid=F.logsigmoid,
    softmax=lambda x: F.softmax(x, dim=-1),
    log_softmax=lambda x: F.log_softmax(x, dim=1),
    softmin=lambda x: F.softmin(x, dim=1),
    glu=lambda x: F.glu(x, dim=2),
    threshold=lambda x: F.threshold(x, 0.1, -3.0),
    hardshrink=F.hardshrink,
    softshrink=lambda x: F.softshrink(x, 0.3),
    tanhshrink=F.tanhshrink,
    softsign=F.softsign,
)
ARITHMETIC = each(
    X,
    add_number=lambda x: x + 1,
    add_with_factor=lambda x: torch.add(x, x.flip(2), alpha=0.5),
    subtract=lambda x: x - x.mean(dim=2, keepdim=True),
    subtract_from_number=lambda x: 2 - x,
    multiply=lambda x: x * x[:, :1],
    divide_number=lambda x: x / 3,
    negate=lambda x: -x,
    absolute=torch.abs,
    square=torch.square,
    cube=lambda x: x**3,
    exp=torch.exp,
    exp2=torch.exp2,
    expm1=torch.expm1,
    sin=torch.sin,
    cos=torch.cos,
    tan=torch.tan,
    sinh=torch.sinh,
    cosh=torch.cosh,
    erf=torch.erf,
    erfc=torch.erfc,
    floor=torch.floor,
    ceil=torch.ceil,
    round=torch.round,
    trunc=torch.trunc,
    frac=torch.frac,
    sign=torch.sign,
    clamp=lambda x: x.clamp(-0.5, 0.5),
    clamp_least=lambda x: x.clamp(min=0.1),
    clamp_most=lambda x: x.clamp(max=0.1),
    clamp_by_tensor=lambda x: torch.clamp(x, min=x[:, :1]),
    maximum=lambda x: torch.maximum(x, x.flip(1)),
    minimum=lambda x: torch.minimum(x, torch.tensor(0.2)),
    lerp=lambda x: torch.lerp(x, x.flip(1), 0.3),
    addcmul=lambda x: torch.addcmul(x, x, x, value=0.5),
    addcdiv=lambda x: torch.addcdiv(x, x, x.abs() + 1, value=0.5),
    integers=lambda x: (x * 10).to(torch.int64) * 3 - 7,
    integer_and_float=lambda x: (x * 10).to(torch.int32) * 0.5,
    whole_over_whole=lambda x: (x * 10).to(torch.int64) / 4,
    half=lambda x: (x.to(torch.float16) + 1).float(),
    normalize=lambda x: F.normalize(x, dim=1),
    cosine_similarity=lambda x: F.cosine_similarity(x, x.flip(1), dim=2),
)
OF_POSITIVE = each(
    POSITIVE,
    log=torch.log,
    log2=torch.log2,
    log10=torch.log10,
    log1p=torch.log1p,
    sqrt=torch.sqrt,
    rsqrt=torch.rsqrt,
    reciprocal=torch.reciprocal,
    power=lambda x: x**1.7,
    power_of_tensor=lambda x: x ** x.flip(1),
    number_to_the_power=lambda x: 2.5**x,
    root=lambda x: x**0.5,
)
COMPARISONS = each(
    X,
    greater=lambda x: x > 0.1,
    greater_equal=lambda x: x >= x.flip(1),
    less=lambda x: x < 0,
    less_equal=lambda x: x <= 0.5,
    equal=lambda x: x.round() == 1,
    not_equal=lambda x: x.round() != 1,
    whole_against_fraction=lambda x: x.to(torch.int64) > 0.5,
    logical_and=lambda x: (x > 0) & (x < 1),
    logical_or=lambda x: torch.logical_or(x < 0, x > 1),
    logical_xor=lambda x: (x < 0) ^ (x < 1),
    logical_not=lambda x: ~(x > 0),
    truth_of_numbers=lambda x: torch.logical_not(x.round()),
    where=lambda x: torch.where(x > 0, x, -1.0),
    where_of_tensors=lambda x: torch.where(x > 0, x, x.exp()),
    masked_fill=lambda x: x.masked_fill(MASK, -9.0),
    softmax_of_masked=lambda x: F.softmax(x.masked_fill(x < -0.5, -math.inf), dim=1),
    isnan=lambda x: torch.isnan(torch.log(x)),
    isfinite=lambda x: torch.isfinite(1 / x.round()),
    isinf=lambda x: torch.isinf(1 / x.round()),
    any=lambda x: (x > 1).any(dim=2),
    all=lambda x: (x > -1).all(dim=1),
    tril=torch.tril,
    triu=lambda x: torch.triu(x, diagonal=1),
)
SHAPES = each(
    X,
    flatten=lambda x: x.flatten(1),
    unflatten=lambda x: x.unflatten(2, (2, 3)),
    view_of_rest=lambda x: x.view(x.shape[0], -1, 3),
    samples_times_channels=lambda x: x.reshape(x.shape[0] * 4, 6).softmax(1).view(-1, 4, 6),
    transpose=lambda x: x.transpose(1, 2),
    permute=lambda x: x.permute(2, 0, 1).exp().permute(1, 2, 0),
    movedim=lambda x: x.movedim(0, 2).movedim(2, 0),
    squeeze=lambda x: x.unsqueeze(1).squeeze(1),
    expand=lambda x: x[:, :1].expand(-1, 5, 6),
    repeat=lambda x: x.repeat(1, 2, 1),
    repeat_for_each_sample=lambda x: torch.cat([x, WEIGHT[:1].repeat(x.shape[0], 1, 1)], dim=1),
    repeat_more_axes=lambda x: x[:, 0].unsqueeze(1).repeat(1, 2, 3),
    repeat_interleave=lambda x: x.repeat_interleave(3, dim=1),
    flip=lambda x: x.flip([1, 2]),
    roll=lambda x: torch.roll(x, shifts=(1, -2), dims=(1, 2)),
    concatenate=lambda x: torch.cat([x, x * 2, x[:, :1]], dim=1),
    concatenate_samples=lambda x: torch.cat([x, x + 1]).reshape(2, -1, 24).permute(1, 0, 2),
    stack=lambda x: torch.stack([x, x + 1], dim=2),
    hstack=lambda x: torch.hstack([x, x]),
    slice=lambda x: x[:, 1:3, ::2],
    slice_from_behind=lambda x: x[:, -2:, :-1],
    select=lambda x: x[:, 2] + x[..., -1, :],
    narrow=lambda x: x.narrow(2, 1, 3),
    split=lambda x: x.split(4, dim=2)[1],
    chunk=lambda x: sum(x.chunk(2, dim=1)),
    unbind=lambda x: torch.stack(x.unbind(1)[::-1], dim=1),
    pad=lambda x: F.pad(x, (1, 2, 0, 1), value=0.5),
    pad_less=lambda x: F.pad(x, (-1, 2)),
    pad_circular=lambda x: F.pad(x, (2, 1), mode="circular"),
    written_in_place=written,
    zeros_of_the_batch=lambda x: torch.cat([x, torch.zeros(x.shape[0], 2, 6)], dim=1),
    ones_like=lambda x: x + torch.ones_like(x),
    full_of_the_batch=lambda x: x * torch.full((x.shape[0], 1, 1), 0.5),
    arange=lambda x: x + torch.arange(6, dtype=torch.float32),
    causal_mask=lambda x: x.masked_fill(torch.ones(4, 6).triu(1).bool(), 0.0),
    einsum=lambda x: torch.einsum("bij,bkj->bik", x, x),
    matmul=lambda x: x @ WEIGHT.T,
    matmul_of_two=lambda x: torch.matmul(x, x.transpose(1, 2)),
    matrix_vector=lambda x: x @ WEIGHT[0],
    bmm=lambda x: torch.bmm(x, x.mT),
    baddbmm=lambda x: torch.baddbmm(x[:, :, :4], x, x.mT, beta=0.5, alpha=2.0),
    linear=lambda x: F.linear(x, WEIGHT, WEIGHT[:, 0]),
)
REDUCTIONS = each(
    X,
    sum=lambda x: x.sum(dim=1),
    sum_of_truth=lambda x: (x > 0).sum(dim=2),
    mean=lambda x: x.mean(dim=(1, 2)),
    mean_kept=lambda x: x.mean(dim=1, keepdim=True),
    amax=lambda x: x.amax(dim=1),
    amin=lambda x: x.amin(dim=(1, 2), keepdim=True),
    max=lambda x: x.max(dim=2).values,
    place_of_max=lambda x: x.max(dim=2).indices,
    min=lambda x: x.min(dim=1, keepdim=True).values,
    argmax=lambda x: x.argmax(dim=1),
    argmin=lambda x: x.argmin(dim=2),
    var=lambda x: x.var(dim=1),
    var_of_all_of_it=lambda x: x.var(dim=2, correction=0),
    std=lambda x: x.std(dim=2),
    var_mean=lambda x: sum(torch.var_mean(x, dim=1)),
    logsumexp=lambda x: x.logsumexp(dim=2),
    norm=lambda x: x.norm(dim=2),
    norm_1=lambda x: torch.linalg.vector_norm(x, ord=1, dim=1),
    norm_3=lambda x: torch.linalg.vector_norm(x, ord=3, dim=2),
    norm_infinite=lambda x: torch.linalg.vector_norm(x, ord=math.inf, dim=2),
    cumsum=lambda x: x.cumsum(dim=1),
)
IMAGES = each(
    IMAGE,
    max_pool1d=lambda x: F.max_pool1d(x[:, :, 0], 3),
    max_pool2d=lambda x: F.max_pool2d(x, 3, stride=2, padding=1, ceil_mode=True),
    max_pool2d_dilated=lambda x: F.max_pool2d(x, 2, stride=1, dilation=2),
    max_pool2d_without_channels=lambda x: F.max_pool2d(x[:, 0], 2),
    max_pool3d=lambda x: F.max_pool3d(x.unsqueeze(1), 2),
    avg_pool1d=lambda x: F.avg_pool1d(x[:, :, 0], 2),
    avg_pool2d=lambda x: F.avg_pool2d(x, 3, padding=1, ceil_mode=True),
    avg_pool2d_without_padding=lambda x: F.avg_pool2d(x, 3, padding=1, count_include_pad=False),
    avg_pool2d_over_a_number=lambda x: F.avg_pool2d(x, 2, divisor_override=3),
    avg_pool3d=lambda x: F.avg_pool3d(x.unsqueeze(1), 2),
    lp_pool2d=lambda x: F.lp_pool2d(x.abs(), 2.0, 2),
    adaptive_avg_pool1d=lambda x: F.adaptive_avg_pool1d(x[:, :, 0], 4),
    adaptive_avg_pool2d=lambda x: F.adaptive_avg_pool2d(x, (3, 2)),
    adaptive_avg_pool2d_to_one=lambda x: F.adaptive_avg_pool2d(x, 1),
    adaptive_max_pool2d=lambda x: F.adaptive_max_pool2d(x, (3, 4)),
    nearest=lambda x: F.interpolate(x, scale_factor=2),
    nearest_to_a_size=lambda x: F.interpolate(x, size=(5, 9)),
    nearest_exact=lambda x: F.interpolate(x, scale_factor=2, mode="nearest-exact"),
    nearest1d=lambda x: F.interpolate(x[:, :, 0], scale_factor=2),
    linear1d=lambda x: F.interpolate(x[:, :, 0], size=11, mode="linear"),
    bilinear2d=lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    bilinear_of_corners=lambda x: F.interpolate(x, size=(11, 7), mode="bilinear", align_corners=True),
    bicubic=lambda x: F.interpolate(x, size=(12, 9), mode="bicubic"),
    area=lambda x: F.interpolate(x, size=(4, 3), mode="area"),
    pixel_shuffle=lambda x: F.pixel_shuffle(x, 2),
    pixel_unshuffle=lambda x: F.pixel_unshuffle(x, 2),
    channel_shuffle=lambda x: F.channel_shuffle(x, 2),
    pad_reflect=lambda x: F.pad(x, (2, 1, 1, 3), mode="reflect"),
    pad_replicate=lambda x: F.pad(x, (2, 1, 1, 3), mode="replicate"),
    layer_norm=lambda x: F.layer_norm(x, (8, 6)),
    layer_norm_with_weight=lambda x: F.layer_norm(x, (6,), WEIGHT[0], WEIGHT[1], 1e-3),
    group_norm=lambda x: F.group_norm(x, 2, WEIGHT[0, :4], WEIGHT[1, :4]),
    instance_norm=lambda x: F.instance_norm(x),
    rms_norm=lambda x: F.rms_norm(x, (6,), WEIGHT[0]),
    rms_norm_of_two_axes=lambda x: F.rms_norm(x, (8, 6), eps=1e-3),
    local_response_norm=lambda x: F.local_response_norm(x, 3, alpha=0.1, k=2.0),
    local_response_norm_of_even_size=lambda x: F.local_response_norm(x, 2, alpha=0.5),
    batch_norm=lambda x: F.batch_norm(x, WEIGHT[0, :4], WEIGHT[1, :4].abs() + 0.1),
    dropout=lambda x: F.dropout(x, training=False),
    attention=lambda x: F.scaled_dot_product_attention(x, x.flip(2), x * 0.5),
    attention_of_the_past=lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    attention_scaled=lambda x: F.scaled_dot_product_attention(x, x, x, scale=0.3),
    attention_masked=lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.eye(8).bool()),
    attention_with_added=lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=x[:, :1, :, :1]),
    attention_of_groups=lambda x: F.scaled_dot_product_attention(x, x[:, :2], x[:, :2], enable_gqa=True),
)
OF_INDICES = each(
    INDICES,
    embedding=lambda i: F.embedding(i, WEIGHT.T.contiguous()),
    one_hot=lambda i: F.one_hot(i, 6),
    index_of_a_table=lambda i: WEIGHT.T[i],
    index_from_behind=lambda i: WEIGHT.T[i - 6],
    positions=lambda i: F.embedding(i, WEIGHT.T) + F.embedding(torch.arange(3), WEIGHT.T),
) | each(
    X,
    index_select=lambda x: x.index_select(2, torch.tensor([3, 0, 3])),
    index_by_list=lambda x: x[:, [2, 0, -1]],
    index_by_pairs_made_one=lambda x: x.flatten(1, 2)[:, torch.tensor([0, 2]) * 6 + torch.tensor([5, 0])],
    element_of_each_sample=lambda x: (x[:, 0] * F.one_hot(x[:, 0].argmax(1), 6)).sum(1),
    index_by_matrix=lambda x: x[:, torch.tensor([[0, 1], [3, -1]])],
)
CONVOLUTIONS = {
    "conv1d": (lambda x: F.conv1d(x, WEIGHT[:, :4].unsqueeze(2), padding=1), (X,)),
    "conv1d_same": (
        lambda x: F.conv1d(x, WEIGHT.reshape(1, 1, 18)[:, :, :4].expand(3, 4, 4), padding="same"),
        (X,),
    ),
    "conv2d": (lambda x: F.conv2d(x, torch.ones(2, 4, 3, 3) / 9, WEIGHT[0, :2], (2, 1), 1, (1, 2)), (IMAGE,)),
    "conv2d_grouped": (
        lambda x: F.conv2d(x, torch.ones(4, 1, 3, 3) / 9, groups=4, padding="valid"),
        (IMAGE,),
    ),
    "conv3d": (lambda x: F.conv3d(x.unsqueeze(1), torch.ones(2, 1, 2, 2, 2) / 8), (IMAGE,)),
    "conv_transpose1d": (lambda x: F.conv_transpose1d(x, torch.ones(4, 2, 3), stride=2), (X,)),
    "conv_transpose2d": (
        lambda x: F.conv_transpose2d(x, torch.ones(4, 1, 3, 3) / 9, None, 2, 1, 1, groups=2),
        (IMAGE,),
    ),
}
CASES: dict[str, Case] = {}
for _family in (
    ACTIVATIONS,
    ARITHMETIC,
    OF_POSITIVE,
    COMPARISONS,
    SHAPES,
    REDUCTIONS,
    IMAGES,
    OF_INDICES,
    CONVOLUTIONS,
):
    assert not CASES.keys() & _family.keys()
    CASES |= _family


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("name", CASES)
def test_a_function_gives_in_the_package_what_it_gives_in_torch(name: str, tmp_path: Path) -> None:
    function, example = CASES[name]
    assert_same_answers(Function(function), example, tmp_path)
