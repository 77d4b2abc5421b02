"""Images in another size."""

from __future__ import annotations

from typing import Any

from idn.exporting.call import Call
from idn.exporting.registry import rule
from idn.exporting.tape import Value


@rule(
    "aten.upsample_nearest1d.vec",
    "aten.upsample_nearest2d.vec",
    "aten.upsample_nearest1d.default",
    "aten.upsample_nearest2d.default",
)
def _nearest(call: Call) -> Value:
    return _interpolate(call, "nearest")


@rule(
    "aten._upsample_nearest_exact1d.vec",
    "aten._upsample_nearest_exact2d.vec",
    "aten._upsample_nearest_exact1d.default",
    "aten._upsample_nearest_exact2d.default",
)
def _nearest_exact(call: Call) -> Value:
    sizes = zip(
        _sizes(call, call.type(_source(call)).rank), _sizes(call, call.result.rank, True), strict=True
    )
    if any(wanted % given for given, wanted in sizes):
        raise call.refusal(
            "mode 'nearest-exact' to a size that is no multiple",
            "use mode='nearest', or a whole scale_factor",
        )
    return _interpolate(call, "nearest")  # which is the same for whole factors


@rule(
    "aten.upsample_linear1d.vec",
    "aten.upsample_bilinear2d.vec",
    "aten.upsample_linear1d.default",
    "aten.upsample_bilinear2d.default",
)
def _linear(call: Call) -> Value:
    return _interpolate(call, "bilinear")


@rule("aten.upsample_bicubic2d.vec", "aten.upsample_bicubic2d.default")
def _cubic(call: Call) -> Value:
    return _interpolate(call, "bicubic")


def _source(call: Call) -> str:
    return "input" if call.has("input") else "self"


def _sizes(call: Call, rank: int, result: bool = False) -> list[int]:
    shape = (call.result if result else call.type(_source(call))).shape
    return [size for _, size in shape[2:rank]]


def _interpolate(call: Call, mode: str) -> Value:
    source = call.type(_source(call))
    given, wanted = _sizes(call, source.rank), _sizes(call, source.rank, True)
    _check_factors(call, given, wanted)
    value = call.value(_source(call))
    if source.rank == 3:  # a line is an image of one row
        value = call.reshape(value, source, *source.shape[:2], 1, source.shape[2])
    corners: Any = bool(call.bound("align_corners"))
    size = wanted if source.rank == 4 else [1, *wanted]
    attributes = {"align_corners": True} if corners else {}
    value = call.emit("interpolate", value, size=size, mode=mode, **attributes)
    return value if source.rank == 4 else call.emit("reshape", value, shape=list(call.result.shape))


def _check_factors(call: Call, given: list[int], wanted: list[int]) -> None:
    """Torch samples by the factor it was given; the graph by the sizes, which must be in the same ratio."""
    factors: Any = call.bound("scale_factors")
    if factors is None:
        named = [call.bound(name) for name in ("scales", "scales_h", "scales_w")]
        factors = [factor for factor in named if factor is not None]
    for factor, size, result in zip(factors, given, wanted, strict=False):
        if abs(size * factor - result) > 1e-9 * result:
            raise call.refusal(
                f"scale_factor {factor:g} makes {size * factor:g} of {size} pixels, no whole number",
                "give the size, or recompute_scale_factor=True",
            )
