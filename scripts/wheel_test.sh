#!/usr/bin/env bash
# Builds the wheel from the sdist, installs it in a clean environment, and runs the demo there, away from the checkout.
#
#   bash scripts/wheel_test.sh                torch is the copy in .venv, linked; everything else is installed
#   IDN_WHEEL_TORCH=1 bash scripts/wheel_test.sh   torch is installed too
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# What goes into the wheel, and who installs it. What passed is not built again until one of them changes.
stamp=$root/build/wheel-test
digest=$(
  {
    cat "$stamps/constraints.txt"
    cd "$root"
    find CMakeLists.txt pyproject.toml README.md LICENSE NOTICE cmake csrc python experiments configs scripts -type f \
      ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum
)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ]; then
  echo "    nothing has changed since it passed"
  exit
fi
bash "$root/scripts/wheel.sh" | sed 's/^/    /'
clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT
"$venv/bin/python" -m venv "$clean/venv"
site() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
if [ -z "${IDN_WHEEL_TORCH:-}" ]; then
  # The gigabytes of torch and, for a CUDA build, of what it brings.
  (
    shopt -s nullglob
    cd "$(site "$venv/bin/python")"
    for part in torch torchgen functorch torch-*.dist-info nvidia* triton* cuda*; do
      ln -s "$PWD/$part" "$(site "$clean/venv/bin/python")"
    done
  )
fi
"$clean/venv/bin/pip" install -q --disable-pip-version-check --constraint "$stamps/constraints.txt" "$root"/dist/*.whl
cd "$clean"
"$clean/venv/bin/python" -W error -c 'import idn; print("    " + idn.__file__.replace(idn.__file__.split("/venv/")[0], "..."), idn.build_info())'
"$clean/venv/bin/python" -W error -c 'import idn; idn.zoo.load("b_lenet_digits"); print("    zoo:", *idn.zoo.names())'
"$clean/venv/bin/python" -W error - <<'PY'
import numpy as np
import torch

from idn._native import extension
from idn.graph import Graph

builder = extension.graph.GraphBuilder()
image = builder.add_input("image", "F32", [(1, 0), 3])
weight = builder.add_constant("weight", torch.eye(3))
builder.add_exit("final", builder.add_node("linear", [image, weight])[0])
Graph(builder.finish(classes=["red", "green", "blue"])).save("model.safetensors")
np.save("images.npy", np.eye(3, dtype=np.float32)[[2, 0, 1]])
PY
# Without the environment's PATH, and from a folder in which nothing can be found.
answers=$(env -i "$clean/venv/bin/idn-run" model.safetensors images.npy 2>summary.txt | cut -f 1 | tr '\n' ' ')
[ "$answers" = "blue red green " ] || fail "idn-run of the wheel answered '$answers', not 'blue red green '."
echo "    idn-run: $answers($(head -n 1 summary.txt))"
"$clean/venv/bin/idn" run branchynet_2016/smoke --out "$clean/runs" --json >"$clean/result.json"
"$clean/venv/bin/python" - "$clean/result.json" <<'PY'
import json
import sys
from pathlib import Path

result = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()[-1])
run = Path(result["run_dir"])
for name in ("config.yaml", "environment.json", "metrics.jsonl", "traces.h5", "comparison.json", "report.html"):
    assert (run / name).stat().st_size > 0, name
print("    the demo ran from the wheel; test accuracy", result["metrics"]["test"]["accuracy"])
PY
printf '%s' "$digest" >"$stamp"
