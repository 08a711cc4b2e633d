#!/usr/bin/env bash
# The reduction of a step over links of some delay and rate, with 2 and 4 ranks, half of them at each
# end, and a training of 2 ranks over the same: what the model of docs/scale.md is fitted to and
# checked by. Needs root and TUN devices.
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
  on 2 "$programs/train_supernet" --data "$data" --images 1024 --epochs 2 --cells 1 \
    --dependency bias1 --batch 128 --seed 1 --out net
  awk -F, 'END { printf "training, 2 ranks, 8 steps of 128 images: %.1f ms a step\n", 1e3 * $5 / 8 }' net.csv
  kill -9 $relay
  wait $relay 2> /dev/null || true
done
on 1 "$programs/train_supernet" --data "$data" --images 1024 --epochs 2 --cells 1 \
  --dependency bias1 --batch 64 --seed 1 --out alone
awk -F, 'END { printf "training, 1 rank, 16 steps of 64 images: %.1f ms a step\n", 1e3 * $5 / 16 }' alone.csv
