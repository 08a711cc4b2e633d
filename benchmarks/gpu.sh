#!/usr/bin/env bash
# All that needs a GPU, in one command and in less than eight minutes: the GPU tests, the kernels
# under compute-sanitizer where that is installed, and the timings. Writes one page of results.
#
#   benchmarks/gpu.sh [--build-only] [PAGE]      PAGE: build/gpu/results.md unless told
#
# Needs no network. libtorch is found as the project finds it (build/libtorch, CMAKE_PREFIX_PATH),
# else in the Python installation of $PYTHON (python3). Ends with 2 where there is no GPU.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_only=no
if [[ "${1:-}" == --build-only ]]; then
  build_only=yes
  shift
fi
page=${1:-build/gpu/results.md}
build=build/gpu
mkdir -p build

if [[ $build_only == no ]] && ! { command -v nvidia-smi && nvidia-smi -L | grep -q GPU; } > /dev/null 2>&1; then
  echo "no GPU: nvidia-smi lists none; nothing was run" >&2
  exit 2
fi

options=()
if [[ ! -e build/libtorch && -z "${CMAKE_PREFIX_PATH:-}" ]]; then
  prefix=$("${PYTHON:-python3}" -c 'import torch; print(torch.utils.cmake_prefix_path)') || {
    echo "no libtorch: set CMAKE_PREFIX_PATH to one, or PYTHON to a Python that has torch" >&2
    exit 3
  }
  options+=("-DCMAKE_PREFIX_PATH=$prefix")
fi
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g0" \
  -DINTERCHOICE_CUDA=ON -DINTERCHOICE_BENCHMARKS=ON -DINTERCHOICE_EXAMPLES=OFF \
  -DINTERCHOICE_PACKAGING_TESTS=OFF -DINTERCHOICE_JPEG=OFF -DINTERCHOICE_WERROR=OFF "${options[@]}" > "$build.configure.log" 2>&1 || {
  tail -20 "$build.configure.log" >&2
  exit 3
}
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target interchoice_gpu_tests gpu_kernels gpu_steps
[[ $build_only == no ]] || exit 0

# name, seconds, command: its output goes to the page; a failure is told there and at the end.
status=0
section() {
  local name=$1 seconds=$2 code=0
  shift 2
  printf '\n## %s\n\n' "$name" >> "$page"
  timeout "$seconds" "$@" >> "$page" 2>&1 || code=$?
  if [[ $code != 0 ]]; then
    printf '\nFAILED: exit code %s\n' "$code" >> "$page"
    status=1
  fi
}

mkdir -p "$(dirname "$page")"
{
  echo "# Results on a GPU"
  echo
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
  echo
  echo "commit $(git rev-parse HEAD 2> /dev/null || echo unknown)$(git diff --quiet HEAD 2> /dev/null || echo ', changed')," \
    "$(date -u +%Y-%m-%d), $(nproc) host threads"
} > "$page"
section Tests 120 "$build/tests/interchoice_gpu_tests"
if command -v compute-sanitizer > /dev/null; then
  section "compute-sanitizer" 70 compute-sanitizer --error-exitcode 1 \
    "$build/tests/interchoice_gpu_tests" "a captured graph is replayed with another row"
else
  printf '\n## compute-sanitizer\n\nnot installed, not run\n' >> "$page"
fi
section Timings 90 "$build/benchmarks/gpu_kernels" 20
section Graphs 80 "$build/benchmarks/gpu_steps" 15
echo "$page"
exit $status
