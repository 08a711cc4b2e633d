#!/usr/bin/env bash
# The reduction of a step over links of some delay and rate, with 2 and 4 ranks, half of them at each
# end, and trainings of 1 and 2 ranks over the same, medians of three in turn: what the model of
# docs/scale.md is fitted to and checked by. Needs root and TUN devices.
#
#   benchmarks/shaped_link.sh PROGRAMS BENCHMARKS [DATA]
set -euo pipefail
programs=$(realpath "$1")
benchmarks=$(realpath "$2")
data=${3:-digits}
tests=$(cd "$(dirname "$0")/../tests/programs" && pwd)
a=interchoice-a-$$ b=interchoice-b-$$
folder=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; ip netns del $a; ip netns del $b; rm -rf "$folder"' EXIT
cd "$folder"
ip netns add $a
ip netns add $b
export OMP_NUM_THREADS=1
# on RANKS COMMAND...: what rank 0 prints in terminal.0
on() {
  local ranks=$1 r where ranks_of=()
  shift
  for ((r = 0; r < ranks; ++r)); do
    where=$a
    [ $r -lt $(((ranks + 1) / 2)) ] || where=$b
    RANK=$r WORLD_SIZE=$ranks MASTER_ADDR=10.77.0.1 MASTER_PORT=29500 \
      ip netns exec "$where" "$@" > "terminal.$r" 2>&1 &
    ranks_of+=($!)
  done
  wait "${ranks_of[@]}"
}
# train RANKS BATCH NAME: 16 steps, of which the second epoch counts
train() {
  on "$1" "$programs/train_supernet" --data "$data" --images $((16 * $2)) --epochs 2 --cells 1 \
    --dependency "bias<1>" --batch "$2" --seed 1 --out net
  awk -F, 'END { printf "%.1f\n", 1e3 * $5 / 16 }' net.csv >> "$3.ms"
}
median() { sort -n "$1.ms" | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
for shape in "" "--delay 1" "--delay 5" "--rate 100" "--delay 1 --rate 100"; do
  # shellcheck disable=SC2086
  "$tests/shaped_link.py" $a 10.77.0.1 $b 10.77.0.2 $shape > link.log 2>&1 &
  relay=$!
  until grep -q ready link.log; do sleep 0.05; done
  echo "link: ${shape:-as fast as it can}"
  for ranks in 2 4; do
    on $ranks "$benchmarks/group_reduction" 11
    cat terminal.0
  done
  for _ in 1 2 3; do
    train 1 64 one
    train 2 128 two
  done
  echo "training, ms a step of 64 images a rank: 1 rank $(median one), 2 ranks $(median two)"
  rm ./*.ms
  kill -9 $relay
  wait $relay 2> /dev/null || true
done
