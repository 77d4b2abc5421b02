#!/usr/bin/env bash
# Searches with libFuzzer for inputs that break a reader of libidn_core or a law of its format. Needs clang 16 or newer.
#
#   bash scripts/fuzz.sh [SECONDS_PER_TARGET] [TARGET...]    60 seconds on each of tests/fuzz/*_fuzz.cpp by default
#
# Starts from tests/fuzz/corpus and from what earlier runs came across, which stays in build/fuzz-corpus. An input that
# breaks something is kept in build/fuzz-findings/TARGET, and the exit status is then not 0.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

seconds=${1:-60}
case $seconds in '' | *[!0-9]*) fail "SECONDS_PER_TARGET is '$seconds', expected a number." ;; esac
shift $(($# > 0 ? 1 : 0))
all=()
for source in "$root"/tests/fuzz/*_fuzz.cpp; do
  name=$(basename "$source" _fuzz.cpp)
  [ "$name" = planted_fault ] || all+=("$name")
done
for name in "$@"; do
  [[ " ${all[*]} " = *" $name "* ]] || fail "there is no fuzz target '$name'; expected one of ${all[*]}."
done
[ $# -gt 0 ] || set -- "${all[@]}"

# Whether a compiler links libFuzzer with both sanitizers, and takes the ranges of C++20 (clang does from 16 on).
can_fuzz() {
  printf '#include <ranges>\n#include <vector>
    extern "C" int LLVMFuzzerTestOneInput(const char*, unsigned long size) {
      for (char byte : std::views::reverse(std::vector<char>(size))) if (byte != 0) return 1;
      return 0;
    }' | "$1" -std=c++20 -fsanitize=fuzzer,address,undefined -x c++ - -o /dev/null 2>/dev/null
}

choose_clang() {
  for clang in clang++ clang++-{22..16}; do
    if command -v "$clang" >/dev/null && can_fuzz "$clang"; then
      return
    fi
  done
  return 1
}

# Prints the packages of the newest clang to be had, with its run-time libraries and what names places in its reports.
clang_packages() {
  local version
  for version in {22..16}; do
    if apt-cache show "libclang-rt-$version-dev" >/dev/null 2>&1; then
      printf '%s\n' "clang-$version" "libclang-rt-$version-dev" "llvm-$version"
      return
    fi
  done
}

install_tools() {
  local wanted=("${library_packages[@]}") missing
  if command -v apt-get >/dev/null; then
    choose_clang || mapfile -t -O "${#wanted[@]}" wanted < <(clang_packages)
    command -v cmake >/dev/null || wanted+=(cmake)
    command -v ninja >/dev/null || wanted+=(ninja-build)
    mapfile -t missing < <(not_installed "${wanted[@]}")
    install_packages "${missing[@]}"
  fi
  choose_clang ||
    fail "no clang from 16 on that links -fsanitize=fuzzer,address,undefined; install one and its run-time libraries (compiler-rt; on Debian 12: apt-get install clang-19 libclang-rt-19-dev llvm-19)."
}

build() {
  cmake --preset fuzz --log-level=WARNING -DCMAKE_C_COMPILER="${clang/++/}" -DCMAKE_CXX_COMPILER="$clang"
  cmake --build --preset fuzz --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
}

# The longest input worth trying: somewhat above the longest that the format takes, or its parts do.
max_bytes() {
  case $1 in
    varint) echo 16 ;;
    multihash | cid) echo 512 ;;
    *) echo 4352 ;; # the texts of multibase and of an address have limits of 4096 characters
  esac
}

# The last value that a log of libFuzzer gives to a name, as "cov: 123" or "stat::peak_rss_mb: 45".
last_of() {
  grep -o "$1: *[0-9]*" "$2" | tail -n 1 | grep -o '[0-9]*$' || echo '?'
}

# Prints a line on a target; its status is that of libFuzzer.
fuzz() {
  local name=$1 log=$root/build/fuzz/$1.log dictionary=$root/tests/fuzz/dictionaries/$1.dict status=0 options=()
  local fresh=$root/build/fuzz-corpus/$1 findings=$root/build/fuzz-findings/$1
  mkdir -p "$fresh" "$findings"
  [ ! -f "$dictionary" ] || options+=("-dict=$dictionary")
  # A reader takes no memory beyond what its input's size allows, so little is enough for all.
  "$root/build/fuzz/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -max_len="$(max_bytes "$name")" \
    -rss_limit_mb=1024 -malloc_limit_mb=64 -timeout=10 -print_final_stats=1 -use_value_profile=1 "${options[@]}" \
    -artifact_prefix="$findings/" "$fresh" "$root/tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
  printf '    %-16s %9s executions, coverage %5s, corpus %4s, findings %s\n' "$name" \
    "$(last_of stat::number_of_executed_units "$log")" "$(last_of cov "$log")" "$(last_of corp "$log")" \
    "$([ "$status" -eq 0 ] && echo 0 || echo "1: see $log")"
  return "$status"
}

export PATH=$venv/bin:$PATH
cd "$root"
step "clang with libFuzzer" install_tools
step "fuzz targets" build
ASAN_SYMBOLIZER_PATH=$("$clang" -print-prog-name=llvm-symbolizer)
export ASAN_SYMBOLIZER_PATH
printf '==> %s seconds each\n' "$seconds"
found=()
for name in "$@"; do
  fuzz "$name" || found+=("$name")
done
[ ${#found[@]} -eq 0 ] || fail "findings in ${found[*]}; the inputs are in build/fuzz-findings. Run one again: build/fuzz/tests/fuzz/NAME_fuzz FILE"
