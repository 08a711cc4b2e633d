#!/usr/bin/env bash
# Ranks on machines of their own, here network namespaces with a link that is late, loses packets, or
# is cut: a training goes on, or ends on both within the time-outs, and what it kept is whole.
# Needs root, iproute2, Python and TUN devices; exit code 77 where they are not.
#
#   partition.sh FOLDER_OF_THE_PROGRAMS
set -euo pipefail
programs=$1
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
a=interchoice-a-$$ b=interchoice-b-$$
if [ "$(id -u)" != 0 ] || [ ! -c /dev/net/tun ] || ! ip netns add $a 2> /dev/null; then
  echo "skipped: network namespaces and TUN devices need root"
  exit 77
fi
ip netns add $b
folder=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; ip netns del $a; ip netns del $b; rm -rf "$folder"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export OMP_NUM_THREADS=1 INTERCHOICE_PATIENCE=3 INTERCHOICE_TIMEOUT=5
cd "$folder"

fail() {
  echo "FAILED: $*"
  tail -n 5 terminal.* ./*.ranks/* 2> /dev/null || true
  exit 1
}
# link OPTIONS...: a new one, instead of the last
link() {
  [ -z "$relay" ] || kill -9 "$relay"
  wait "$relay" 2> /dev/null || true
  : > link.log
  "$tests/shaped_link.py" $a 10.77.0.1 $b 10.77.0.2 "$@" > link.log 2>&1 &
  relay=$!
  until grep -q ready link.log; do
    kill -0 $relay || fail "no link: $(cat link.log)"
    sleep 0.05
  done
}
relay=

train=("$programs/train_supernet" --images 256 --batch 16 --dependency "bias<1>" --width 4 --cells 1
  --stages 2 --state-steps 3 --state state)
# start COMMAND...: a rank in each namespace
start() {
  RANK=0 WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29500 ip netns exec $a "$@" > terminal.0 2>&1 &
  first=$!
  RANK=1 WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29500 ip netns exec $b "$@" > terminal.1 2>&1 &
  second=$!
}

link
start "${train[@]}" --epochs 2 --out plain
wait $first || fail "rank 0 over a plain link"
wait $second || fail "rank 1 over a plain link"

# Packets that come late, or not at all, cost time and nothing else.
link --delay 5 --loss 1 --rate 100
start "${train[@]}" --epochs 2 --out shaped
wait $first || fail "rank 0 over a link with delay and loss"
wait $second || fail "rank 1 over a link with delay and loss"
cmp <(cut -d, -f1-4 plain.csv) <(cut -d, -f1-4 shaped.csv)

# A link that is cut: both end within the time-outs of a collective and of the signs of life, and
# say so; the state is whole, and the same command goes on once there is a link.
link
start "${train[@]}" --epochs 2000 --out cut
until [ -e state ]; do sleep 0.05; done
kill -STOP "$relay"
begin=$SECONDS
wait $first && fail "rank 0 has not noticed"
wait $second && fail "rank 1 has not noticed"
[ $((SECONDS - begin)) -le 25 ] || fail "it took $((SECONDS - begin)) s"
echo "ended $((SECONDS - begin)) s after the cut: $(grep -h interchoice terminal.* | head -n 2)"
grep -q "rank 1 of 2 gave no sign of life" terminal.0 || fail "rank 0 does not say that rank 1 is gone"
grep -q "cannot be reached" terminal.1 || fail "rank 1 does not say that rank 0 is gone"
link
start "${train[@]}" --epochs 2000 --out cut
sleep 3
kill -TERM $first
wait $first && fail "not interrupted"
wait $second || fail "rank 1 of an interrupted training"
grep -q "the same command goes on from there" terminal.0 || fail "it did not go on"
