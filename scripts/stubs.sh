#!/usr/bin/env bash
# The type stubs of the compiled module, generated from it.
#
#   bash scripts/stubs.sh            writes python/idn/_idn/*.pyi, to be committed
#   bash scripts/stubs.sh --check    fails, showing the difference, where the committed ones are not what is built
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$root/.venv/bin:$PATH
committed=$root/python/idn/_idn

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
pybind11-stubgen idn._idn --output-dir "$fresh" --exit-code 2>"$fresh/log" ||
  { cat "$fresh/log" >&2; exit 1; }
generated=$fresh/idn/_idn
if [ -f "$generated.pyi" ]; then # a module without submodules
  mkdir -p "$generated" && mv "$generated.pyi" "$generated/__init__.pyi"
fi
# What a type checker asks for and the generator does not say: which `bytes` is meant where a class has a method of that
# name, that anything may be compared, and that a class without a hash says so on purpose.
python - "$generated" <<'PYTHON'
import pathlib
import re
import sys

for path in pathlib.Path(sys.argv[1]).rglob("*.pyi"):
    text = path.read_text(encoding="utf-8")
    for name in ("bytes", "list"):
        if f"def {name}(self" in text:
            text = re.sub(rf"(-> |: |\| ){name}(?=[\[\]:,) ])", rf"\1builtins.{name}", text)
    if "builtins." in text and "import builtins\n" not in text:
        text = text.replace("import typing\n", "import builtins\nimport typing\n", 1)
    text = re.sub(r"(def __eq__\(self, arg0: )[\w.]+", r"\1object", text)
    text = re.sub(r"(__hash__: typing\.ClassVar\[None\] = None)$", r"\1  # type: ignore[assignment]", text, flags=re.M)
    path.write_text(text, encoding="utf-8")
PYTHON
ruff check -q --config "$root/pyproject.toml" --select I,RUF022 --fix "$generated"
ruff format -q --config "$root/pyproject.toml" "$generated"

if [ "${1:-}" = --check ]; then
  diff -ru --exclude=__pycache__ "$committed" "$generated" ||
    { echo "The stubs in $committed are not those of the built module; run: bash scripts/stubs.sh" >&2; exit 1; }
else
  rm -rf "$committed"
  cp -r "$generated" "$committed"
  find "$committed" -name '*.pyi'
fi
