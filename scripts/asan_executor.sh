#!/usr/bin/env bash
# Runs random graphs that pass all checks through the executor, both libraries under AddressSanitizer and
# UndefinedBehaviorSanitizer. Torch is the installed one, without sanitizers: its tensors lie between guard pages instead.
#
#   bash scripts/asan_executor.sh [SECONDS] [FIRST_SEED]     60 seconds from seed 1 by default
#
# A finding names its seed; `build/asan-executor/tests/fuzz/run_graphs 0 SEED` runs it again. The exit status is then not 0.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

seconds=${1:-60} seed=${2:-1}
for number in "$seconds" "$seed"; do
  case $number in '' | *[!0-9]*) fail "'$number' is no number; expected SECONDS and FIRST_SEED." ;; esac
done

build() {
  cmake --preset asan-executor --log-level=WARNING
  cmake --build --preset asan-executor --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
}

export PATH=$venv/bin:$PATH
cd "$root"
step "both libraries with sanitizers" build
# Torch keeps what it allocates for good, and has symbols twice in its libraries: neither is a finding here.
export ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:detect_container_overflow=0 UBSAN_OPTIONS=print_stacktrace=1
export OMP_NUM_THREADS=1
step "random graphs, $seconds seconds from seed $seed" build/asan-executor/tests/fuzz/run_graphs "$seconds" "$seed"
