#!/usr/bin/env bash
# Throughput of several ranks on this machine against one, each with one thread: trainings and
# rankings in turn, medians of the rounds, one rank twice (A/A), and two processes that know nothing
# of each other: what the machine itself gives to two.
#
#   benchmarks/ranks.sh FOLDER_OF_THE_PROGRAMS [ROUNDS [DATA]]
#
# DATA as for train_supernet, such as cifar10:FOLDER; random batches of digits are too small to gain.
set -euo pipefail
programs=$(realpath "$1")
rounds=${2:-7}
data=${3:-digits}
table=$(realpath "$(dirname "$0")/../examples/data/digits_only_conv.csv")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export OMP_NUM_THREADS=1
# on RANKS COMMAND...
on() {
  local ranks=$1 port=$((20000 + RANDOM % 10000)) r
  shift
  for ((r = 0; r < ranks; ++r)); do
    RANK=$r WORLD_SIZE=$ranks MASTER_ADDR=127.0.0.1 MASTER_PORT=$port \
      taskset -c $((r % $(getconf _NPROCESSORS_ONLN))) "$@" > "terminal.$r" 2>&1 &
  done
  wait
}
# train NAME RANKS BATCH OPTIONS...: images a second of the second epoch
train() {
  local name=$1 ranks=$2 batch=$3
  shift 3
  on "$ranks" "$programs/train_supernet" --data "$data" --images "$images" --epochs 2 --cells 1 \
    --dependency "bias<1>" --batch "$batch" --seed 1 --out "$name" "$@"
  awk -F, -v images="$images" 'END { printf "%.1f\n", images / $5 }' "$name.csv" >> "$name.speed"
}
# apart COMMAND...: two at once, each on a core of its own
apart() {
  local core
  for core in 0 1; do taskset -c $core "$@" "apart.$core" > "terminal.$core" 2>&1 & done
  wait
}
train_apart() {
  apart "$programs/train_supernet" --data "$data" --images "$images" --epochs 2 --cells 1 \
    --dependency bias1 --batch 64 --seed 1 --out
  tail -qn 1 apart.0.csv apart.1.csv |
    awk -F, -v images="$images" '{ sum += images / $5 } END { printf "%.1f\n", sum }' >> "$1.speed"
}
rank_apart() {
  local begin
  begin=$(date +%s%N)
  apart "$programs/rank_architectures" net --data "$data" --truth "$truth" --column mean_accuracy \
    --validation "$validation" --out
  awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { printf "%.4f\n", 2e9 / ns }' >> "$1.speed"
  rm -r apart.0 apart.1
}
rank() {
  local name=$1 begin
  begin=$(date +%s%N)
  on "$2" "$programs/rank_architectures" net --data "$data" --truth "$truth" --column mean_accuracy \
    --validation "$validation" --out "$name-report"
  awk -v ns=$(($(date +%s%N) - begin)) 'BEGIN { printf "%.4f\n", 1e9 / ns }' >> "$name.speed"
  rm -r "$name-report"
}
median() { sort -n "$1.speed" | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
show() {
  awk -v name="$1" -v x="$(median "$1")" -v y="$(median "$2")" \
    'BEGIN { printf "%-34s %10.3f  %6.3f\n", name, x, x / y }'
}

images=1297 validation=0 truth=$table
[ "$data" = digits ] || images=1024 validation=64
on 1 "$programs/train_supernet" --data "$data" --images "$images" --epochs 1 --cells 1 \
  --dependency "bias<1>" --out net
for ((round = 0; round < rounds; ++round)); do
  train one 1 64
  train one-again 1 64
  train two-of-64 2 128
  train two-of-32 2 64
  train two-synchronised 2 128 --sync-batch-norm
  train_apart two-apart
  rm apart.*
  rank ranking-one 1
  rank ranking-two 2
  rank_apart ranking-apart
done
echo "$data, $rounds rounds, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs)"
printf '%-34s %10s  %6s\n' "" "per second" "times"
for name in one one-again two-of-64 two-of-32 two-synchronised two-apart; do show $name one; done
for name in ranking-one ranking-two ranking-apart; do show $name ranking-one; done
