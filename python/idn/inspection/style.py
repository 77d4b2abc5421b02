"""The colours of a drawn graph, and which operators share one."""

from __future__ import annotations

_FAMILIES = {
    "weights": (
        "convolution", "transposed_convolution", "linear", "matrix_multiply", "attention", "embedding",
    ),
    "norm": tuple(
        f"{name}_normalization"
        for name in ("batch", "group", "instance", "layer", "local_response", "root_mean_square")
    ),
    "pool": (
        "max_pool", "average_pool", "adaptive_average_pool", "adaptive_max_pool", "interpolate", "reduce_max",
        "reduce_mean", "reduce_min", "reduce_sum", "variance", "argmax", "argmin", "cumulative_sum",
    ),
    "join": ("add", "subtract", "multiply", "divide", "concatenate", "maximum", "minimum", "power", "select"),
    "move": (
        "cast", "expand", "flip", "gather", "pad", "permute", "pixel_shuffle", "reshape", "slice", "tile",
    ),
}  # fmt: skip
_FAMILY = {operator: name for name, operators in _FAMILIES.items() for operator in operators}


def family(operator: str) -> str:
    """The class of a box; `each` for all that works element by element, and what is not known here."""
    return _FAMILY.get(operator, "each")


_LIGHT = {
    "ink": "#1f2937", "soft": "#6b7281", "paper": "#fdfdfc", "band-0": "#f1f3f6", "band-1": "#e8edf4",
    "wire": "#8b93a1", "crosses": "#c2590c", "exit": "#b45309", "bar": "#93a4bf", "input": "#ffffff",
    "weights": "#cfe0fb", "norm": "#d5ece8", "pool": "#e3ecd0", "join": "#fbdfc8", "move": "#ebe6f7",
    "each": "#f7f0d8",
}  # fmt: skip
_DARK = {
    "ink": "#e5e7eb", "soft": "#9aa3b2", "paper": "#15181d", "band-0": "#1d2129", "band-1": "#222833",
    "wire": "#6b7484", "crosses": "#f08a4b", "exit": "#b45309", "bar": "#566880", "input": "#15181d",
    "weights": "#28446f", "norm": "#1f4d47", "pool": "#3c4a22", "join": "#663c1c", "move": "#41366a",
    "each": "#4d4420",
}  # fmt: skip


def _rules(colours: dict[str, str]) -> str:
    """Plain colours and no variables, which many programs that show SVG do not know."""
    fills = {
        "text": "ink", ".paper": "paper", ".soft,.shape": "soft", ".band-0": "band-0", ".band-1": "band-1",
        ".bar": "bar", ".head": "wire", ".exit": "exit",
        **{f".box.{name}": name for name in (*_FAMILIES, "each", "input")},
    }  # fmt: skip
    strokes = {".box,.wire": "wire", ".wire.crosses": "crosses"}
    rules = [f"{what}{{fill:{colours[name]}}}" for what, name in fills.items()]
    return "".join([*rules, *(f"{what}{{stroke:{colours[name]}}}" for what, name in strokes.items())])


CSS = (
    "svg{font:11px system-ui,sans-serif}.title{font-size:15px;font-weight:600}.name{font-weight:600}"
    ".shape{text-anchor:end}.box{stroke-width:.6}.wire{stroke-width:1.1}.wire.crosses{stroke-width:1.6}"
    + _rules(_LIGHT)
    + f"@media(prefers-color-scheme:dark){{{_rules(_DARK)}}}"
    + ".wire{fill:none}text.exit-name{fill:#fff;font-weight:600}"
)
