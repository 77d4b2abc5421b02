#!/usr/bin/env bash
# The gate: every static check in one command.
#
#   bash scripts/check.sh              what test.sh and CI run
#   bash scripts/check.sh --tidy-all   clang-tidy on all of csrc, not on libidn_core alone, and deeper (minutes)
#   bash scripts/check.sh --fix        formats C++ and Python in place first
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

tidy_all=false
fix=false
for argument in "$@"; do
  case $argument in
    --tidy-all) tidy_all=true ;;
    --fix) fix=true ;;
    *) fail "unknown option '$argument'; expected --tidy-all or --fix." ;;
  esac
done

if [ ! -f "$stamps/dev" ]; then
  setup dev
fi
export PATH=$venv/bin:$PATH
cd "$root"

python_sources=(python tests experiments benchmarks notebooks docs scripts)
mapfile -d '' cpp_sources < <(find csrc tests \( -name '*.h' -o -name '*.cpp' \) -print0)

# clang-tidy needs each file's compiler options, which configuring writes; nothing has to be built. It is slow, so what
# it passed is not looked at again until the code or the rules change.
tidy() {
  # Most of the time goes to the static analyzer, in the few functions with more paths than it will follow; it follows
  # this many steps of a function here, and its usual number with --tidy-all.
  local files folder=csrc/idn stamp=build/tidy-core digest steps=60000
  if $tidy_all; then
    folder=csrc
    stamp=build/tidy-all
    steps=225000
  fi
  mapfile -t files < <(find "$folder" -name '*.cpp' | LC_ALL=C sort)
  digest=$(find .clang-tidy "$folder" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ]; then
    echo "    nothing has changed since it passed"
    return
  fi
  cmake -S . -B build/tidy -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DIDN_TESTS=OFF -DIDN_UNITY=OFF \
    "-DIDN_TORCH=$tidy_all" "-DIDN_PYTHON=$tidy_all"
  printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy -p build/tidy --quiet --warnings-as-errors='*' \
      --extra-arg={-Xclang,-analyzer-config,-Xclang,max-nodes="$steps"} 2>build/tidy.log ||
    { grep -v 'warnings generated\|Suppressed\|Use -header-filter' build/tidy.log >&2; return 1; }
  printf '%s' "$digest" >"$stamp"
}

if $fix; then
  step "clang-format, in place" clang-format -i "${cpp_sources[@]}"
  step "ruff, in place" bash -c 'ruff format -q "$@" && ruff check -q --fix "$@"' _ "${python_sources[@]}"
fi
step "clang-format" clang-format --dry-run -Werror "${cpp_sources[@]}"
step "ruff" bash -c 'ruff check --quiet "$@" && ruff format --check --quiet "$@"' _ "${python_sources[@]}"
step "mypy, strict" bash -c 'mypy && mypy experiments/*/*.py && mypy docs/_ext/*.py'
step "shellcheck" shellcheck -x scripts/*.sh .ci/run
step "type stubs" bash scripts/stubs.sh --check
step "documentation" sphinx-build -q -W --keep-going -b html -d build/doctrees docs build/docs
step "clang-tidy" tidy
