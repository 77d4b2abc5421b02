"""`idn-run` from start to answers against a bare libtorch program, which adds two numbers, from start to end.

A convolutional network with two exits answers one image of 32 x 32, with one thread. The bare program is
compiled here, against the installed torch. Target: at most 1.43 of its time, as 300 ms stand to 210.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from side_by_side import arguments, compare, show

from idn._native import extension
from idn.graph import Graph

BARE = """
#include <ATen/ATen.h>
int main() { return (at::ones({1}) + at::ones({1})).item<float>() == 2.0F ? 0 : 1; }
"""


def bare_program(folder: Path) -> Path:
    """Compile it as idn-run is: torch_cpu and c10 alone."""
    root = Path(torch.__file__).parent
    (folder / "bare.cpp").write_text(BARE, encoding="utf-8")
    includes = [f"-I{root}/include", f"-I{root}/include/torch/csrc/api/include"]
    libraries = [f"-L{root}/lib", "-Wl,--as-needed", "-ltorch_cpu", "-lc10", f"-Wl,-rpath,{root}/lib"]
    command = [
        os.environ.get("CXX", "g++"),
        "-std=c++20",
        "-O2",
        *includes,
        "bare.cpp",
        "-o",
        "bare",
        *libraries,
    ]
    subprocess.run(command, cwd=folder, check=True)
    return folder / "bare"


def package(folder: Path) -> None:
    """Three convolutions of 32 channels, with a head after the first and the last; and an image."""
    builder = extension.graph.GraphBuilder()
    image = builder.add_input("image", "F32", [(1, 0), 3, 32, 32])
    shapes = {"a": (32, 3, 3, 3), "b": (32, 32, 3, 3), "c": (32, 32, 3, 3), "head": (10, 32)}
    values = {name: builder.add_constant(name, torch.randn(shape) / 16) for name, shape in shapes.items()}
    exits = []
    value = image
    for name in ("a", "b", "c"):
        same = {"stride": [1, 1], "padding": [1, 1], "dilation": [1, 1]}
        (value,) = builder.add_node("convolution", [value, values[name]], same)
        (value,) = builder.add_node("relu", [value])
        if name != "b":
            (pooled,) = builder.add_node("reduce_mean", [value], {"axes": [2, 3]})
            exits += builder.add_node("linear", [pooled, values["head"]])
    for name, scores in zip(("early", "final"), exits, strict=True):
        builder.add_exit(name, scores)
    Graph(builder.finish()).save(folder / "model.safetensors")
    np.save(folder / "image.npy", np.zeros((1, 3, 32, 32), np.float32))


def milliseconds(*command: str) -> Callable[[], float]:
    def once() -> float:
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (time.perf_counter() - start) * 1e3

    return once


def main() -> None:
    options = arguments(__doc__, repeats=15)
    program = Path(sys.executable).with_name("idn-run")
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package(folder)
        ours = milliseconds(str(program), str(folder / "model.safetensors"), str(folder / "image.npy"))
        result = compare(ours, milliseconds(str(bare_program(folder))), options.repeats)
    show("idn-run from start to answer", result, "ms", "<= 1.43", as_json=options.json)


if __name__ == "__main__":
    main()
