#!/usr/bin/env bash
# Programs as ranks of a group on loopback: rank 0 prints and writes, whichever rank is killed ends
# all of them with one message, and the same command goes on to the same bits.
#
#   ranks.sh FOLDER_OF_THE_PROGRAMS [FOLDER_WITH_TORCHRUN [KILLS]]
#
# INTERCHOICE_PATIENCE is to be more than 1 on a machine that is busy: a rank that waits for a processor for
# so long counts as gone.
set -euo pipefail
programs=$(realpath "$1")
table=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/examples/data/digits_only_conv.csv
libtorch=${2:-}
kills=${3:-3}
folder=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; rm -rf "$folder"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export OMP_NUM_THREADS=1 INTERCHOICE_PATIENCE=${INTERCHOICE_PATIENCE:-1} INTERCHOICE_TIMEOUT=10
cd "$folder"

fail() {
  echo "FAILED: $*"
  tail -n 5 terminal.* ./*.ranks/* 2> /dev/null || true
  exit 1
}
port=$((20000 + RANDOM % 10000))
# start RANKS COMMAND...: their process numbers in `pids`, what each prints to the terminal in
# terminal.RANK
start() {
  local ranks=$1
  shift
  port=$((port + 1))
  pids=()
  for ((r = 0; r < ranks; ++r)); do
    RANK=$r WORLD_SIZE=$ranks MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "$@" > "terminal.$r" 2>&1 &
    pids+=($!)
  done
}
# end_with CODES...: the exit code of each rank
end_with() {
  local r=0 code status
  for code in "$@"; do
    status=0
    wait "${pids[$r]}" || status=$?
    [ "$status" = "$code" ] || fail "rank $r: exit code $status, not $code"
    r=$((r + 1))
  done
}
says() { grep -qF -- "$2" "$1" || fail "no '$2' in $1"; }

train=("$programs/train_supernet" --images 256 --batch 16 --dependency "bias<1>" --width 4 --cells 1 --stages 2)

# Two ranks and four: rank 0 alone prints, each of the others has its log, nothing else is left.
start 2 "${train[@]}" --epochs 2 --out two
end_with 0 0
says terminal.0 "two: saved"
[ ! -s terminal.1 ] || fail "rank 1 prints to the terminal"
says two.ranks/rank-1.log "epoch 2/2"
start 4 "${train[@]}" --epochs 1 --sync-batch-norm --out four
end_with 0 0 0 0
[ "$(ls)" = "$(printf '%s\n' four four.csv four.ranks terminal.0 terminal.1 terminal.2 terminal.3 two two.csv two.ranks)" ] ||
  fail "files: $(ls)"

# A program that does not share its work refuses to run several times; so does a broken launcher.
start 2 "$programs/demo"
end_with 2 2
says terminal.0 "does not share work among ranks"
RANK=2 WORLD_SIZE=2 "${train[@]}" --out broken > terminal.2 2>&1 && fail "rank 2 of 2 runs"
says terminal.2 "RANK is '2' in the environment; a whole number from 0 to 1"

# A rank that nobody meets says so, on its terminal.
RANK=1 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port INTERCHOICE_TIMEOUT=1 \
  "${train[@]}" --out lonely > terminal.1 2>&1 && fail "rank 1 trains alone"
says terminal.1 "rank 1 of 2 has not met the others at 127.0.0.1:$port within 1 s"

# Rankings, searches and stand-alone trainings share a queue: the results are those of one process.
# shellcheck disable=SC2034
shared() {
  local rank search alone name
  rank=("$programs/rank_architectures" two --truth "$table" --column mean_accuracy --sample 16 --validation 200)
  search=("$programs/search_architectures" --supernet two --space-restriction only_conv
    --objective supernet --objective parameters --evaluations 12 --population 4 --validation 100)
  alone=("$programs/train_standalone" --epochs 1 --width 2 --cells 1 --stages 1 --seeds 2 --sample 4)
  for name in rank search alone; do
    declare -n command=$name
    "${command[@]}" --out "$name-1" > alone.log 2>&1 || fail "$name: $(cat alone.log)"
    start 2 "${command[@]}" --out "$name-2"
    end_with 0 0
    [ ! -s terminal.1 ] || fail "$name: rank 1 prints to the terminal"
  done
  cmp rank-1/predictions.csv rank-2/predictions.csv
  cmp search-1/history.csv search-2/history.csv
  cmp search-1/supernet.csv search-2/supernet.csv
  cmp alone-1 alone-2
}
shared

# A signal to one rank of a ranking interrupts it on all, and the same command goes on.
long_rank=("$programs/rank_architectures" two --truth "$table" --column mean_accuracy)
start 2 "${long_rank[@]}" --out rank-3
until [ "$(cat rank-3/partial-*.csv 2> /dev/null | wc -l)" -gt 1 ]; do sleep 0.01; done
kill -TERM "${pids[1]}"
end_with 143 143
says terminal.0 "the same command goes on from there"
start 2 "${long_rank[@]}" --out rank-3
end_with 0 0
"${long_rank[@]}" --out rank-4 > alone.log 2>&1
cmp rank-3/predictions.csv rank-4/predictions.csv

# Kills at random times, with a state every three steps: within seconds all have ended, rank 0 (or
# rank 1, where rank 0 is gone) says why, and the same command goes on to the bits of a training that
# nobody has killed.
resumed=("${train[@]}" --seed 1 --state-steps 3 --exact --state state)
kept=("${resumed[@]}" --epochs 12 --out kept)
long=("${resumed[@]}" --epochs 400 --out long)
# all_end: each rank with 0
all_end() {
  local codes=()
  for _ in "${pids[@]}"; do codes+=(0); done
  end_with "${codes[@]}"
}
# kill_ranks RANKS KILLS
kill_ranks() {
  local ranks=$1 kills=$2 killed=0 victim begin others
  mkdir "whole-$ranks"
  (cd "whole-$ranks" && start "$ranks" "${kept[@]}" && all_end)
  while [ "$killed" -lt "$kills" ]; do
    victim=$((RANDOM % ranks))
    touch begin
    start "$ranks" "${kept[@]}"
    until [ state -nt begin ] || [ -e kept ]; do sleep 0.01; done
    sleep 0.$((RANDOM % 10))
    begin=$SECONDS
    if kill -9 "${pids[$victim]}" 2> /dev/null; then killed=$((killed + 1)); fi
    others=0
    for ((r = 0; r < ranks; ++r)); do
      wait "${pids[$r]}" || [ "$r" = "$victim" ] || others=1
    done
    [ $((SECONDS - begin)) -le 15 ] || fail "the others ran on for $((SECONDS - begin)) s"
    if [ ! -e kept ]; then
      # Nobody has anything to say where all others had done their part.
      [ $others = 0 ] || grep -q "rank $victim of $ranks gave no sign of life\|store cannot be reached: rank 0, or the launcher" \
        terminal.* || fail "nobody says that rank $victim is gone"
      continue
    fi
    cmp kept "whole-$ranks/kept"
    rm -f kept kept.csv state
  done
  start "$ranks" "${kept[@]}"
  all_end
  cmp kept "whole-$ranks/kept"
  [ ! -e state ] || fail "the state is still there"
  rm kept kept.csv terminal.*
  echo "$ranks ranks, $killed kills"
}
if [ "$kills" -lt 10 ]; then
  kill_ranks 2 "$kills"
else
  for ranks in 2 3 4; do kill_ranks $ranks $(((kills + 4 - ranks) / 3)); done
fi

# A disk that is full, here a limit on the size of files, on rank 0: it says so, the last state is
# whole, and the same command goes on.
start 2 "${kept[@]}"
until [ -e state ]; do sleep 0.01; done
kill -TERM "${pids[0]}"
end_with 143 0
port=$((port + 1))
(
  trap '' XFSZ
  ulimit -f 40
  RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "${kept[@]}" > terminal.0 2>&1
) &
pids=($!)
RANK=1 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "${kept[@]}" > terminal.1 2>&1 &
pids+=($!)
end_with 1 1
says terminal.0 "state"
says terminal.0 "File too large"
says kept.ranks/rank-1.log "rank 0 of 2 failed: "
[ ! -s terminal.1 ] || fail "rank 1 says it again"
start 2 "${kept[@]}"
end_with 0 0
cmp kept whole-2/kept

# A signal to one rank interrupts all; another number of ranks is refused where bits count, and
# goes on otherwise.
start 2 "${long[@]}"
until [ -e state ]; do sleep 0.01; done
kill -TERM "${pids[1]}"
end_with 143 0
says terminal.0 "the same command goes on from there"
start 3 "${long[@]}"
wait || true
says terminal.0 "ranks is '2' there, '3' here"
rm state

if [ -n "$libtorch" ] && [ -x "$libtorch/bin/torchrun" ]; then
  # A rank dies, torchrun starts all of them again.
  export PYTHONPATH=$libtorch PYTHONWARNINGS=ignore
  python3 "$libtorch/bin/torchrun" --nproc-per-node 2 --max-restarts 2 --no-python \
    --master-addr 127.0.0.1 --master-port $((port + 1)) "${resumed[@]}" --epochs 12 --out torchrun \
    > terminal.torchrun 2>&1 &
  launcher=$!
  until [ -e state ]; do sleep 0.01; done
  pkill -9 -P "$launcher" -f -- "--out torchrun" || fail "there is no rank to kill"
  wait $launcher || fail "torchrun: $(cat terminal.torchrun)"
  # The name of the file is in its facts: compare the weights' records.
  cmp <(cut -d, -f1-4 torchrun.csv) <(cut -d, -f1-4 whole-2/kept.csv)
fi
