#!/usr/bin/env bash
# Instructions of training steps, as ratios: each policy / none on NAS-Bench-201 and FairNAS, none /
# a network written by hand. Needs valgrind.
#
#   benchmarks/count_instructions.sh build/release/benchmarks/instruction_count [STEPS [BATCH]]
set -euo pipefail
program=$1
steps=${2:-4}
batch=${3:-16}

# Instruction sets that valgrind knows; one thread; a fixed address space for equal counts.
export OMP_NUM_THREADS=1 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_ENABLE_INSTRUCTIONS=AVX2

count() {
  setarch -R valgrind --tool=callgrind --callgrind-out-file=/dev/null --collect-atstart=no \
    --toggle-collect=counted_steps "$program" "$1" "$2" "$steps" "$batch" 2>&1 |
    sed -n 's/.*Collected : *//p'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", a / b }'; }

for space in fairnas all no_zero only_conv; do
  none=$(count none $space)
  echo "$space: none $none instructions in $steps steps"
  for variant in bias1 bias2 bias3 bias_sum1 scale1 attention1 shift1 affine1 split; do
    echo "  $variant / none $(ratio "$(count $variant $space)" "$none")"
  done
done
static=$(count static only_conv)
echo "one path: by hand $static instructions; none / by hand $(ratio "$(count none-fixed only_conv)" "$static")"
