#!/usr/bin/env bash
# Sets up everything idn needs: system packages, .venv, torch, idn itself. Nothing that is already right is done again.
#
#   bash scripts/setup.sh [demo|dev]        demo: enough to run experiments (default); dev: also tests, checks and docs
#
# demo.sh, test.sh and check.sh source this file for its functions. Environment:
#   IDN_PYTHON       the Python to use (3.10 to 3.13); default: python3, else the newest python3.X that fits
#   IDN_TORCH        what to ask pip for; default: torch==2.13.0
#   IDN_TORCH_INDEX  an index of torch builds, e.g. CPU-only ones (https://pytorch.org/get-started/locally/ lists them)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
stamps=$venv/.idn
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} # so that a second checkout finds what the first one compiled
# One compiler under one name: pip would take Python's g++ where CMake takes c++, and the cache holds those for two.
export CC=${CC:-cc} CXX=${CXX:-c++}

fail() {
  printf 'idn: %s\n' "$*" >&2
  exit 1
}

# step NAME COMMAND...: says what runs now, and how long it took.
step() {
  local name=$1 started=$SECONDS
  shift
  printf '==> %s\n' "$name"
  "$@"
  printf '    %s: %d s\n' "$name" $((SECONDS - started))
}

python_version_of() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

# compiling COMMAND...: runs it and shows how far ninja is on stderr, in place on a terminal, else every 30 s.
# What COMMAND prints is shown only where it fails.
compiling() {
  local log line shown=$SECONDS status=0
  log=$(mktemp)
  "$@" 2>&1 | tee "$log" | while IFS= read -r line; do
    [[ $line =~ ^[[:space:]]*(\[[0-9]+/[0-9]+\]) ]] || continue
    if [ -t 2 ]; then
      printf '\r    compiling %s ' "${BASH_REMATCH[1]}" >&2
    elif [ $((SECONDS - shown)) -ge 30 ]; then
      printf '    compiling %s\n' "${BASH_REMATCH[1]}" >&2
      shown=$SECONDS
    fi
  done || status=$?
  [ ! -t 2 ] || printf '\r\033[K' >&2
  [ "$status" -eq 0 ] || tail -n 60 "$log" >&2
  rm -f "$log"
  return "$status"
}

choose_python() {
  local candidate version tried=()
  local candidates=(python3 python3.13 python3.12 python3.11 python3.10)
  if [ -n "${IDN_PYTHON:-}" ]; then
    candidates=("$IDN_PYTHON")
  elif [ -x "$venv/bin/python" ]; then
    candidates=("$venv/bin/python")
  fi
  for candidate in "${candidates[@]}"; do
    version=$(python_version_of "$candidate")
    case $version in
      3.10 | 3.11 | 3.12 | 3.13)
        python=$candidate
        python_version=$version
        return
        ;;
    esac
    tried+=("$candidate (${version:-not there})")
  done
  fail "no Python from 3.10 to 3.13 found; tried ${tried[*]}. Install one, or name it in IDN_PYTHON."
}

# What libidn_core is compiled against.
library_packages=(libhdf5-dev zlib1g-dev libtbb-dev libboost-dev libeigen3-dev libsodium-dev libcrypto++-dev
  nlohmann-json3-dev)

# Prints those of the PACKAGES that this machine lacks.
not_installed() {
  local package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf '%s\n' "$package"
  done
}

# Prints the system packages that PURPOSE (demo or dev) needs and this machine lacks.
missing_packages() {
  local wanted=(g++ ccache "${library_packages[@]}")
  if [ "$1" = dev ]; then
    wanted+=(libgtest-dev shellcheck)
  fi
  if [ ! -x "$venv/bin/python" ]; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || wanted+=("python$python_version-venv")
  fi
  "$python" -c 'import pathlib, sys, sysconfig
sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").is_file())' || wanted+=("python$python_version-dev")
  not_installed "${wanted[@]}"
}

install_system_packages() {
  local missing
  if ! command -v apt-get >/dev/null; then
    echo "    This is neither Debian nor Ubuntu: a C++20 compiler and the headers of HDF5, zlib, oneTBB, Boost, Eigen, libsodium,"
    echo "    Crypto++, nlohmann-json and Python are taken to be there (for the tests, GoogleTest too)."
    return
  fi
  mapfile -t missing < <(missing_packages "$1")
  install_packages "${missing[@]}"
}

# install_packages PACKAGE...: with apt-get, as root or through sudo.
install_packages() {
  local as_root=() check log
  if [ $# -eq 0 ]; then
    echo "    all there"
    return
  fi
  echo "    These system packages will be installed: $*"
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "not root, and there is no sudo; as root, run: apt-get install $*"
    as_root=(sudo)
  fi
  check="apt-get could not install $*; its message is above."
  "${as_root[@]}" apt-get update -qq || fail "$check"
  log=$(mktemp)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "$check"; }
  rm -f "$log"
}

make_venv() {
  local version
  if [ -x "$venv/bin/python" ]; then
    version=$(python_version_of "$venv/bin/python")
    if [ "$version" = "$python_version" ] && "$venv/bin/python" -c 'import pip' 2>/dev/null; then
      echo "    .venv is there, Python $version"
      return
    fi
    fail "$venv is of Python '${version:-?}', not $python_version, or has no pip; remove it (rm -r $venv) and start again."
  fi
  "$python" -m venv "$venv" || fail "$python could not make $venv; its message is above."
  echo "    made .venv with Python $python_version"
}

installed_torch() {
  "$venv/bin/python" -c 'import importlib.metadata as m
print(m.version("torch"))' 2>/dev/null || true
}

install_torch() {
  local version index=()
  version=$(installed_torch)
  case $version in
    2.11.* | 2.12.* | 2.13.*)
      echo "    torch $version is there"
      ;;
    *)
      [ -z "${IDN_TORCH_INDEX:-}" ] || index=(--index-url "$IDN_TORCH_INDEX")
      "$venv/bin/python" -m pip install --disable-pip-version-check "${index[@]}" "${IDN_TORCH:-torch==2.13.0}" ||
        fail "pip could not install ${IDN_TORCH:-torch==2.13.0}; set IDN_TORCH or IDN_TORCH_INDEX to change what is asked for."
      version=$(installed_torch)
      ;;
  esac
  torch_version=$version
  mkdir -p "$stamps"
  printf 'torch==%s\n' "$torch_version" >"$stamps/constraints.txt" # so that no later install replaces it
}

# A digest of what the compiled part and the installed metadata depend on; Python files are used in place.
build_digest() {
  {
    echo "$torch_version $1"
    cd "$root"
    find CMakeLists.txt pyproject.toml cmake csrc -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    find python experiments configs -type d ! -name __pycache__ | LC_ALL=C sort
  } | sha256sum | cut -d' ' -f1
}

install_idn() {
  local extras='' digest pip strict=OFF
  if [ "$1" = dev ] || [ -f "$stamps/dev" ]; then
    extras='[dev]'
    strict=ON # as the test presets have it, so that ccache compiles for both once
  fi
  digest=$(build_digest "$extras")
  if [ -f "$stamps/built" ] && [ "$(cat "$stamps/built")" = "$digest" ]; then
    echo "    idn is installed and up to date"
    return
  fi
  echo "    downloading what is missing and compiling; the first time this takes minutes"
  pip=("$venv/bin/python" -m pip install --disable-pip-version-check --constraint "$stamps/constraints.txt")
  "${pip[@]}" -q 'scikit-build-core>=0.10' 'cmake>=3.22' ninja numpy ||
    fail "pip could not install the build tools; its message is above."
  compiling "${pip[@]}" -v --no-build-isolation --config-settings=cmake.build-type=Release \
    --config-settings=cmake.define.IDN_WERROR=$strict -e "$root$extras" ||
    fail "idn could not be built or its requirements could not be installed; the message is above."
  [ -z "$extras" ] || : >"$stamps/dev"
  printf '%s\n' "$digest" >"$stamps/built"
}

setup() {
  choose_python
  step "system packages" install_system_packages "$1"
  step "Python environment" make_venv
  step "torch" install_torch
  step "idn" install_idn "$1"
  export PATH=$venv/bin:$PATH
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  case ${1:-demo} in
    demo | dev) setup "${1:-demo}" ;;
    *) fail "unknown purpose '$1'; expected demo or dev." ;;
  esac
fi
