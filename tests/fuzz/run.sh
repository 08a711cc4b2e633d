#!/usr/bin/env bash
# Builds the fuzz targets and runs each for so many seconds, as many at a time as there are
# processors:
#
#   tests/fuzz/run.sh 60                   all targets
#   tests/fuzz/run.sh 3600 tables jpeg     some
#
# Found inputs stay in build/fuzz/corpus, so that a later run goes on from there; an input that
# crashes a target, takes more than 2 GB or 10 s is written to build/fuzz/findings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2; exit 2; fi
shift
cmake --preset fuzz > /dev/null
cmake --build --preset fuzz > /dev/null
build=build/fuzz
mkdir -p $build/findings

export OMP_NUM_THREADS=1

run_target() {
  local target=$1 log=build/fuzz/$1.log status=0
  local options=(-malloc_limit_mb=1024)
  mkdir -p "build/fuzz/corpus/$target"
  case $target in
    tensor_file | checkpoint | records)
      # libtorch is not instrumented: what it does to a container cannot be followed, and the search
      # for leaks goes through all that it holds, at every input. What is too large for it to
      # allocate it refuses with an exception.
      options=()
      ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0
      export ASAN_OPTIONS=$ASAN_OPTIONS:allocator_may_return_null=1:max_allocation_size_mb=1024
      ;;
  esac
  "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$2" -rss_limit_mb=2048 "${options[@]}" \
    -timeout=10 -artifact_prefix="build/fuzz/findings/$target-" -print_final_stats=1 -verbosity=1 \
    "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target" > "$log" 2>&1 || status=1
  last() { sed -nE "s/$1/\1/p" "$log" | tail -n 1; }
  echo "$target: $(last '^stat::number_of_executed_units: *(.*)') executions in $2 s," \
    "$(last '.* cov: ([0-9]+) .*') edges, $(last '^stat::peak_rss_mb: *(.*)') MB at most"
  if [ $status != 0 ]; then grep -aE '^(SUMMARY|==.*ERROR|MS:|Test unit written)' "$log" || tail "$log"; fi
  return $status
}
export -f run_target

if [ $# = 0 ]; then set -- checkpoint tensor_file tables report records jpeg onnx; fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c "run_target {} $seconds"
