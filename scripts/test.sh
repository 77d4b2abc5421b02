#!/usr/bin/env bash
# All checks and all tests, C++ and Python, after the same set-up as the demo's where it is missing.
#
#   bash scripts/test.sh [pytest arguments]
#
# With IDN_DATA_ROOT set, the tests on real data run too; without it they are counted as skipped, by name.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

# Two compilers at a time need about 3 GB; more cores than that are used as they are there.
jobs=$(nproc)

cpp_tests() {
  local preset=$1
  (
    cd "$root"
    cmake --preset "$preset" --log-level=WARNING
    cmake --build --preset "$preset" --parallel "$jobs"
    ctest --preset "$preset" --parallel "$jobs" --quiet --no-tests=error
  )
}

setup dev
for preset in release asan tsan; do
  step "C++ tests, $preset" cpp_tests "$preset"
done
step "checks" bash "$root/scripts/check.sh"
step "wheel" bash "$root/scripts/wheel_test.sh"

printf '==> Python tests\n'
cd "$root"
# As many at a time as there are cores; the site was built with the checks.
exec python -m pytest --numprocesses "$jobs" --dist worksteal \
  --deselect tests/python/test_docs.py::test_the_site_builds_without_a_warning "$@"
