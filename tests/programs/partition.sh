#!/usr/bin/env bash
# Ranks on machines of their own, here network namespaces with a link that is slow, loses packets,
# or is cut: a training goes on, or ends on both within the time-out, and what it kept is whole.
# Needs root and iproute2; exit code 77 where they are not.
#
#   partition.sh FOLDER_OF_THE_PROGRAMS
set -euo pipefail
programs=$1
if [ "$(id -u)" != 0 ] || ! ip netns add interchoice-probe-$$ 2> /dev/null; then
  echo "skipped: network namespaces need root"
  exit 77
fi
ip netns del interchoice-probe-$$
folder=$(mktemp -d)
a=interchoice-a-$$ b=interchoice-b-$$
trap 'kill -9 $(jobs -p) 2> /dev/null || true; ip netns del $a; ip netns del $b; rm -rf "$folder"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export OMP_NUM_THREADS=1 INTERCHOICE_PATIENCE=3 INTERCHOICE_TIMEOUT=5
cd "$folder"

fail() {
  echo "FAILED: $*"
  tail -n 5 terminal.* ./*.ranks/* 2> /dev/null || true
  exit 1
}
ip netns add $a
ip netns add $b
ip link add name ica$$ netns $a type veth peer name icb$$ netns $b
ip -n $a addr add 10.77.0.1/24 dev ica$$
ip -n $b addr add 10.77.0.2/24 dev icb$$
for end in "$a ica$$" "$b icb$$"; do
  # shellcheck disable=SC2086
  set -- $end
  ip -n "$1" link set lo up
  ip -n "$1" link set "$2" up
done
shape() { tc -n $a qdisc replace dev ica$$ root netem "$@"; }

train=("$programs/train_supernet" --images 256 --batch 16 --dependency bias1 --width 4 --cells 1
  --stages 2 --state-steps 3 --state state)
# start COMMAND...: a rank in each namespace
start() {
  RANK=0 WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29500 ip netns exec $a "$@" > terminal.0 2>&1 &
  first=$!
  RANK=1 WORLD_SIZE=2 MASTER_ADDR=10.77.0.1 MASTER_PORT=29500 ip netns exec $b "$@" > terminal.1 2>&1 &
  second=$!
}

start "${train[@]}" --epochs 2 --out plain
wait $first || fail "rank 0 over a plain link"
wait $second || fail "rank 1 over a plain link"

# Packets that come late, or not at all, cost time and nothing else. Not every kernel can do that.
if shape delay 5ms loss 1% 2> no-netem; then
  start "${train[@]}" --epochs 2 --out shaped
  wait $first || fail "rank 0 over a link with delay and loss"
  wait $second || fail "rank 1 over a link with delay and loss"
  cmp <(cut -d, -f1-4 plain.csv) <(cut -d, -f1-4 shaped.csv)
  shape delay 0ms
else
  echo "left out: delay and loss: $(cat no-netem)"
fi

# A link that is cut: both end within the time-outs of a collective and of the signs of life, and
# say so; the state is whole, and the same command goes on once there is a link.
start "${train[@]}" --epochs 2000 --out cut
until [ -e state ]; do sleep 0.05; done
ip -n $a link set ica$$ down
begin=$SECONDS
wait $first && fail "rank 0 has not noticed"
wait $second && fail "rank 1 has not noticed"
[ $((SECONDS - begin)) -le 25 ] || fail "it took $((SECONDS - begin)) s"
echo "ended $((SECONDS - begin)) s after the cut: $(grep -h interchoice terminal.* | head -n 2)"
grep -q "rank 1 of 2 gave no sign of life" terminal.0 || fail "rank 0 does not say that rank 1 is gone"
grep -q "cannot be reached" terminal.1 || fail "rank 1 does not say that rank 0 is gone"
ip -n $a link set ica$$ up
start "${train[@]}" --epochs 2000 --out cut
sleep 3
kill -TERM $first
wait $first && fail "not interrupted"
wait $second || fail "rank 1 of an interrupted training"
grep -q "the same command goes on from there" terminal.0 || fail "it did not go on"
