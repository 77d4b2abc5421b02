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
# Where a class has a method `bytes`, its stub must say which bytes it means elsewhere.
python - "$generated" <<'PYTHON'
import pathlib
import re
import sys

for path in pathlib.Path(sys.argv[1]).rglob("*.pyi"):
    text = path.read_text(encoding="utf-8")
    if "def bytes(self)" in text:
        text = re.sub(r"(-> |: )bytes(?=[:,)\]])", r"\1builtins.bytes", text)
        path.write_text(text.replace("import typing\n", "import builtins\nimport typing\n", 1), encoding="utf-8")
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
