"""What a package is compared with: the same graph as PyTorch code, made ready by what a user has at hand."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import fx

__all__ = ["Function", "Unavailable", "make", "names"]

Function = Callable[[Sequence[torch.Tensor]], Sequence[torch.Tensor]]
"""Takes tensors and gives tensors."""


class Unavailable(RuntimeError):  # noqa: N818
    """A rival that can't run here, and why."""


def names() -> list[str]:
    """Return the names of the rivals, in the order in which they are shown."""
    return list(_RIVALS)


def make(name: str, module: fx.GraphModule, example: Sequence[torch.Tensor], threads: int) -> Function:
    """Make a module ready to run, with everything that is done once.

    :param name: one of `names()`.
    :param module: gives a tuple of tensors.
    :param example: what it will be called with, of the same shapes.
    :raises Unavailable: where the rival is not installed or refuses the module.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's deprecations
            function = _RIVALS[name](module, example, threads)
            function(example)
    except ImportError as error:
        raise Unavailable(f"{error.name or error} is not installed; pip install 'idn[onnx]'") from error
    except Exception as error:  # whatever a compiler of somebody else raises is its answer
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise Unavailable(f"it refuses the network: {reason[0][:200]}") from error
    return function


def _eager(module: fx.GraphModule, example: Sequence[torch.Tensor], threads: int) -> Function:
    del example, threads

    @torch.inference_mode()
    def run(inputs: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        outputs: Sequence[torch.Tensor] = module(*inputs)
        return outputs

    return run


def _compiled(module: fx.GraphModule, example: Sequence[torch.Tensor], threads: int) -> Function:
    del example, threads
    compiled: Callable[..., Any] = torch.compile(module, dynamic=False)

    @torch.inference_mode()
    def run(inputs: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        outputs: Sequence[torch.Tensor] = compiled(*inputs)
        return outputs

    return run


def _script(module: fx.GraphModule, example: Sequence[torch.Tensor], threads: int) -> Function:
    del threads
    with torch.inference_mode():
        traced = torch.jit.trace(module, tuple(example), check_trace=False)
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        for _ in range(3):  # its profiling runs
            frozen(*example)

    @torch.inference_mode()
    def run(inputs: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        outputs: Sequence[torch.Tensor] = frozen(*inputs)
        return outputs

    return run


def _onnx(module: fx.GraphModule, example: Sequence[torch.Tensor], threads: int) -> Function:
    import onnxruntime

    names_in = [f"input_{index}" for index in range(len(example))]
    axes = {name: {0: "batch"} for name, tensor in zip(names_in, example, strict=True) if tensor.dim()}
    traced = torch.jit.trace(module, tuple(example), check_trace=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.onnx"
        torch.onnx.export(
            traced,
            tuple(example),
            str(file),
            input_names=names_in,
            dynamic_axes=axes,
            dynamo=False,
            opset_version=18,
        )
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    taken = {one.name for one in session.get_inputs()}

    def run(inputs: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        given = {name: tensor.numpy() for name, tensor in zip(names_in, inputs, strict=True) if name in taken}
        return [torch.from_numpy(output) for output in session.run(None, given)]

    return run


_RIVALS: dict[str, Callable[[fx.GraphModule, Sequence[torch.Tensor], int], Function]] = {
    "eager": _eager,
    "torch.compile": _compiled,
    "TorchScript": _script,
    "ONNX Runtime": _onnx,
}
