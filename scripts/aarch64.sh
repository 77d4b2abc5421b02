#!/usr/bin/env bash
# Compiles libidn_core and its tests for aarch64 and runs them on this machine, under qemu. For Debian.
#
#   bash scripts/aarch64.sh [ctest arguments]
#
# The arm64 libraries are unpacked into build/aarch64-sysroot, from where apt gets this machine's own packages; what is
# installed here stays as it is, but for the cross compiler and qemu where they are missing. Remove the folder to renew it.
# Warnings are no errors here: Debian 12's cross compiler sees an overread in the standard library's own comparison of vectors.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

sysroot=$root/build/aarch64-sysroot
jobs=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}
packages=("${library_packages[@]}" libgtest-dev libc6-dev)

install_tools() {
  local wanted=(g++-aarch64-linux-gnu) missing
  command -v qemu-aarch64 >/dev/null || command -v qemu-aarch64-static >/dev/null || wanted+=(qemu-user)
  command -v cmake >/dev/null || wanted+=(cmake)
  command -v ninja >/dev/null || wanted+=(ninja-build)
  command -v apt-get >/dev/null || fail "apt-get is not here; this script gets its arm64 libraries through it."
  mapfile -t missing < <(not_installed "${wanted[@]}")
  install_packages "${missing[@]}"
}

# apt_arm64 ARGUMENT...: apt-get as on an arm64 machine where nothing is installed yet, with the sources and keys of this one.
apt_arm64() {
  apt-get -qq -c "$apt/conf" -o Dir::State="$apt/state" -o Dir::State::status="$apt/state/status" \
    -o Dir::Cache="$apt/cache" -o APT::Architecture=arm64 -o APT::Architectures=arm64 \
    -o APT::Sandbox::User="$(id -un)" "$@"
}

# Links that name a path from the root would lead into this machine.
make_links_relative() {
  local link
  while IFS= read -r -d '' link; do
    ln -sfnr "$1$(readlink "$link")" "$link"
  done < <(find "$1" -type l -lname '/*' -print0)
}

make_sysroot() ( # a shell of its own, for its trap
  if [ -f "$sysroot/packages" ] && [ "$(cat "$sysroot/packages")" = "${packages[*]}" ]; then
    echo "    $sysroot is there"
    exit
  fi
  rm -rf "$sysroot" "$sysroot.new"
  mkdir -p "$sysroot.new"
  apt=$(mktemp -d)
  trap 'rm -rf "$apt"' EXIT
  mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/state/status"
  printf '#clear %s;\n' APT::Update DPkg::Pre-Invoke DPkg::Post-Invoke >"$apt/conf" # hooks that are this machine's
  apt_arm64 update || fail "apt-get could not read the lists of arm64 packages; its message is above."
  apt_arm64 install -y --download-only --no-install-recommends "${packages[@]}" >/dev/null ||
    fail "apt-get could not get the arm64 packages ${packages[*]}; its message is above."
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb -x "$package" "$sysroot.new"
  done
  make_links_relative "$sysroot.new"
  printf '%s' "${packages[*]}" >"$sysroot.new/packages"
  mv "$sysroot.new" "$sysroot"
)

build() {
  cmake --preset aarch64 --log-level=WARNING
  cmake --build --preset aarch64 --parallel "$jobs"
}

run_tests() {
  local log=$root/build/aarch64/ctest.log
  ctest --preset aarch64 --parallel "$jobs" --no-tests=error "$@" >"$log" 2>&1 || { cat "$log" >&2; return 1; }
  grep 'tests passed' "$log" | sed 's/^/    /'
}

export PATH=$venv/bin:$PATH
cd "$root"
step "cross compiler and qemu" install_tools
step "arm64 libraries" make_sysroot
step "compile for aarch64" build
step "C++ tests under qemu" run_tests "$@"
