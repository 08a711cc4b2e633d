#!/usr/bin/env bash
# Sets a machine up for interchoice, then builds. Run it with --help for its words.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: cmake/bootstrap.sh WORD

  demo    set up, build the demonstration, run it      (then again: cmake --workflow --preset demo)
  test    set up, build every test, run them           (then again: cmake --workflow --preset test)
  setup   set up only
  lint    set up, and the compilers and tools that the checks of .ci/run need

Set-up means: the Debian packages that are missing (through apt-get, as root or with sudo; without
either they are only named), libtorch, taken from its Python package into build/libtorch, and the
script with which reports draw their figures, into build/vega. For the tests of export also ONNX
Runtime and what it needs, into build/python.

Environment:
  CMAKE_PREFIX_PATH, Torch_DIR, Torch_ROOT   a libtorch that is already there: nothing is downloaded
  INTERCHOICE_CUDA=OFF                       fetch nothing for the CUDA side even where a toolkit is found
  CMAKE_BUILD_PARALLEL_LEVEL                 compilers to run at once (a libtorch file needs up to 3 GB)
TEXT
}

step() { echo "bootstrap: $*"; }
stop() { echo "bootstrap: $*" >&2; exit 1; }

cd "$(dirname "${BASH_SOURCE[0]}")/.."
libtorch=build/libtorch

# --- Debian packages ----------------------------------------------------------------------------

# Adds Debian package $1 to `missing` unless the command after it succeeds.
missing=()
need() {
  local package=$1
  shift
  if ! "$@" > /dev/null 2>&1; then missing+=("$package"); fi
}

has_package() { [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2> /dev/null)" = installed ]; }

install_packages() {
  need cmake command -v cmake
  need ninja-build command -v ninja
  need g++ command -v g++
  if command -v dpkg-query > /dev/null; then
    need nlohmann-json3-dev has_package nlohmann-json3-dev
    need libxxhash-dev has_package libxxhash-dev
    need libcli11-dev has_package libcli11-dev
    need libfmt-dev has_package libfmt-dev
    need librange-v3-dev has_package librange-v3-dev
    need libprotozero-dev has_package libprotozero-dev
    case $word in
      test | lint)
        need catch2 has_package catch2
        need python3 command -v python3
        need python3-pip python3 -m pip --version
        need librapidcheck-dev has_package librapidcheck-dev
        need libpugixml-dev has_package libpugixml-dev
        need libturbojpeg0-dev has_package libturbojpeg0-dev
        ;;
    esac
  fi
  if [ "$word" = lint ]; then
    need clang command -v clang++
    need clang-format command -v clang-format
    need clang-tidy command -v clang-tidy
    need shellcheck command -v shellcheck
    need yamllint command -v yamllint
    need doxygen command -v doxygen
    need doxygen-awesome-css test -d /usr/share/doxygen-awesome-css
    need chromium command -v chromium
  fi
  if [ -z "$existing_libtorch" ]; then
    need python3 command -v python3
    need python3-pip python3 -m pip --version
  fi

  if [ ${#missing[@]} -eq 0 ]; then
    step "no package is missing"
    return
  fi
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null; then stop "please install: ${missing[*]}"; fi
    as_root=(sudo)
  fi
  if ! command -v apt-get > /dev/null; then stop "please install (names as on Debian): ${missing[*]}"; fi
  step "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
}

check_cmake() {
  local version
  version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
  if [ "$(printf '3.25\n%s\n' "$version" | sort -V | head -n 1)" != 3.25 ]; then
    stop "CMake 3.25 or later is needed, this one is $version"
  fi
}

# --- libtorch -----------------------------------------------------------------------------------

# Prints the libtorch that the environment names, if any; the rule is that of FindInterchoiceTorch.cmake.
find_existing_libtorch() {
  local entries entry below
  IFS=: read -r -a entries <<< "${Torch_ROOT:-}:${Torch_DIR:-}:${CMAKE_PREFIX_PATH:-}"
  for entry in "${entries[@]}"; do
    if [ -z "$entry" ]; then continue; fi
    for below in torch . ../../.. ../..; do
      if [ -f "$entry/$below/lib/libtorch_cpu.so" ]; then
        (cd "$entry/$below" && pwd)
        return
      fi
    done
  done
}

# Installs the requirements file $1 into the folder $2, unless that was done before with the same file. More
# arguments are pip's: those of `pinned` for a file that names every package, as wheels.
pinned=(--no-deps --only-binary=:all:)
install_wheels() {
  local requirements=$1 folder=$2
  local stamp fresh
  shift 2
  stamp=$folder/.$(basename "$requirements")
  if cmp -s "$requirements" "$stamp"; then
    step "$(basename "$requirements" .txt) is there"
    return
  fi
  step "downloading $(grep -v '^#' "$requirements" | paste -sd ' ') into $folder"
  # pip replaces whole folders of its target, so each file goes to an empty one first.
  fresh=$folder.new
  rm -rf "$fresh"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --no-warn-conflicts --no-compile "$@" --target "$fresh" --requirement "$requirements" || return 1
  if [ "$requirements" != cmake/libtorch-cuda.txt ]; then rm -rf "$folder"; fi  # another version's files
  mkdir -p "$folder"
  cp --archive --link --force "$fresh/." "$folder/"
  rm -rf "$fresh"
  cp "$requirements" "$stamp"
}

has_cuda_13() {
  local nvcc
  nvcc=$(command -v nvcc || echo "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc")
  [ -x "$nvcc" ] && "$nvcc" --version | grep -q 'release 13\.'
}

install_libtorch() {
  if [ -n "$existing_libtorch" ]; then
    step "using the libtorch in $existing_libtorch"
    return
  fi
  if [ "$(uname -m)" != x86_64 ]; then
    stop "libtorch's package is pinned for x86-64 only; set CMAKE_PREFIX_PATH to a libtorch for $(uname -m)"
  fi
  install_wheels cmake/libtorch.txt "$libtorch" "${pinned[@]}"
  if [ "${INTERCHOICE_CUDA:-AUTO}" != OFF ] && has_cuda_13; then
    install_wheels cmake/libtorch-cuda.txt "$libtorch" "${pinned[@]}"
  fi
}

# Programs that read what is exported, for tests/export/check_exports.py. Without them it is skipped.
install_python_checks() {
  case $word in
    test | lint) ;;
    *) return ;;
  esac
  if ! python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    step "the checks of exported files are left out: their packages are pinned for Python 3.11"
    return
  fi
  install_wheels cmake/python-checks.txt build/python "${pinned[@]}"
}

# --- the script of reports ------------------------------------------------------------------------

# Without it reports load the same from the network, so nothing stops here.
install_vega() {
  local folder=build/vega
  if install_wheels cmake/vega.txt $folder/python "${pinned[@]}" &&
    { [ $folder/vega.js -nt $folder/python/.vega.txt ] ||
      PYTHONPATH=$folder/python python3 cmake/vega_bundle.py $folder/vega.js; }; then
    return
  fi
  step "no script of reports: their figures will be drawn by one from the network"
}

# --- build --------------------------------------------------------------------------------------

# As many compilers as there are cores, but no more than memory allows at 3 GB each.
set_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/MemAvailable/ { print int($2 / 3000000) }' /proc/meminfo)
  if [ "$memory" -lt 1 ]; then memory=1; fi
  export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$((cores < memory ? cores : memory))}
}

word=${1:-}
case $word in
  demo | test | setup | lint) ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

existing_libtorch=$(find_existing_libtorch)
install_packages
check_cmake
install_libtorch
install_python_checks
if [ "$word" = lint ]; then install_wheels cmake/tools.txt build/tools; fi
install_vega
set_jobs
case $word in
  demo | test)
    step "cmake --workflow --preset $word"
    exec cmake --workflow --preset "$word"
    ;;
esac
