"""What could stand in the place of an operation that the graph does not have."""

from __future__ import annotations

__all__ = ["APART", "SIZES_OF_DATA", "has_advice", "instead_of"]

SIZES_OF_DATA = "multiply by a mask, or choose with torch.where, and keep every element"
APART = (
    "compute over the other axes, or with a constant such as a mean over the training data: the first axis "
    "is the batch, of any size, and its samples must not see each other"
)
_ORDER = "the graph does not sort: use max, argmax or a mask by comparison"
_FOURIER = "multiply by the matrix of the transform, a constant"
_CONTROL = "compute both sides and choose with torch.where, or let the branch depend on Python values alone"
_LOOP = "write a Python loop of fixed length, which is unrolled"
_MATRIX = "do it before exporting and register the result as a buffer"
_PACKED = "pass (batch, length, size) with padding, not a packed sequence"
_SCATTER = "write with torch.cat of slices, or choose with torch.where by a constant mask"

_INSTEAD = {
    "nonzero": SIZES_OF_DATA,
    "masked_select": SIZES_OF_DATA,
    "unique": SIZES_OF_DATA,
    "bincount": SIZES_OF_DATA,
    "_local_scalar_dense": SIZES_OF_DATA,
    "sort": _ORDER,
    "argsort": _ORDER,
    "topk": _ORDER,
    "kthvalue": _ORDER,
    "median": _ORDER,
    "_fft_r2c": _FOURIER,
    "_fft_c2c": _FOURIER,
    "_fft_c2r": _FOURIER,
    "stft": _FOURIER,
    "cond": _CONTROL,
    "while_loop": _LOOP,
    "scan": _LOOP,
    "map_impl": _LOOP,
    "wrap_with_autocast": "call module.half() or module.bfloat16() instead of autocast within forward",
    "linalg_inv_ex": _MATRIX,
    "linalg_qr": _MATRIX,
    "_linalg_svd": _MATRIX,
    "_linalg_eigh": _MATRIX,
    "linalg_cholesky_ex": _MATRIX,
    "scatter": _SCATTER,
    "scatter_add": _SCATTER,
    "scatter_reduce": _SCATTER,
    "index_put": _SCATTER,
    "index_add": _SCATTER,
    "index_copy": _SCATTER,
    "masked_scatter": _SCATTER,
    "gather": "pick whole slices with torch.index_select, or multiply by F.one_hot and sum",
    "take_along_dim": "pick whole slices with torch.index_select, or multiply by F.one_hot and sum",
    "grid_sampler": "resize with F.interpolate",
    "grid_sampler_2d": "resize with F.interpolate",
    "upsample_trilinear3d": "resize height and width with F.interpolate, image by image",
    "upsample_nearest3d": "repeat with torch.repeat_interleave",
    "im2col": "use F.conv2d, whose weight picks the elements",
    "col2im": "use F.conv_transpose2d, whose weight puts the elements",
    "unfold": "concatenate slices, or use F.conv1d",
    "as_strided": "use reshape, permute and slices",
    "floor_divide": "use torch.floor(a / b) on floats",
    "remainder": "use a - torch.floor(a / b) * b on floats",
    "fmod": "use a - torch.trunc(a / b) * b on floats",
    "prod": "sum logarithms, or multiply slice by slice",
    "cumprod": "sum logarithms with torch.cumsum",
    "lstm": _PACKED,
    "gru": _PACKED,
    "rnn_tanh": _PACKED,
    "rnn_relu": _PACKED,
    "arange": (
        "number what is fixed: a sample has no number within its batch. An element of each sample, as "
        "x[torch.arange(len(x)), i], is (x * F.one_hot(i, x.shape[1])).sum(1)"
    ),
    "_trilinear": "use two matrix products",
    "erfinv": "compute it before exporting and register it as a buffer",
    "_cdist_forward": "expand the square: |a|^2 - 2 a b + |b|^2 with matrix products",
    "bernoulli": "dropout is off in evaluation mode; draw other random numbers before and register a buffer",
    "rand": "draw it once and register it as a buffer",
    "randn": "draw it once and register it as a buffer",
}
_OTHERWISE = "write it with the functions that docs/export.md lists"


def instead_of(operation: str) -> str:
    """Say what could replace an operation such as "aten.topk.default"."""
    return _INSTEAD.get(_name(operation), _OTHERWISE)


def has_advice(operation: str) -> bool:
    """Whether there is a replacement for just this operation, better than taking it apart."""
    return _name(operation) in _INSTEAD


def _name(operation: str) -> str:
    parts = operation.split(".")
    return (parts[1] if len(parts) > 1 else parts[0]).removesuffix("_like")
