#!/usr/bin/env bash
# Programs that are interrupted, killed or started twice: nothing finished is lost or overwritten,
# the same command goes on, and the exit code says what happened.
#
#   interrupted.sh FOLDER_OF_THE_PROGRAMS FOLDER_OF_THE_SOURCE
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/kill_once.sh"
programs=$1
table=$2/examples/data/digits_only_conv.csv
folder=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; rm -rf "$folder"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export OMP_NUM_THREADS=1

fail() {
  echo "FAILED: $*"
  exit 1
}
# ends CODE PID: waits for a process that has to end so
ends() {
  local status=0
  wait "$2" || status=$?
  [ $status = "$1" ] || fail "exit code $status, not $1: $(cat "$folder/error")"
}
says() { grep -qF -- "$1" "$folder/error" || fail "no '$1' in: $(cat "$folder/error")"; }
# when COMMAND...: waits until it succeeds
when() {
  for _ in $(seq 3000); do
    "$@" && return
    sleep 0.01
  done
  fail "after half a minute: $*"
}

# The same relative names everywhere: checkpoints name the command.
few=("$programs/train_supernet" --images 64 --batch 8 --dependency "split<on_demand>")
train=("${few[@]}" --width 4 --cells 1 --stages 1)
begin() {
  mkdir -p "$folder/$1"
  cd "$folder/$1"
}

# A network of a training that is never interrupted.
begin whole
short=("${train[@]}" --epochs 4 --state state --out net)
"${short[@]}" > output 2> "$folder/error"
[ ! -e state ] || fail "the state is still there"
[ -z "$(find . -name '*.lock' -o -name '*.tmp')" ] || fail "locks stay: $(ls -a)"

# A state that says finished, without the results: a process was killed before it wrote them, or
# the disk was full. The same command writes them.
begin finished
"${short[@]}" --keep-state > output 2> "$folder/error"
[ -e state ] || fail "--keep-state keeps none"
rm net net.csv
"${short[@]}" > output 2> "$folder/error"
cmp net ../whole/net
cmp <(cut -d, -f1-4 net.csv) <(cut -d, -f1-4 ../whole/net.csv)
[ ! -e state ] || fail "the state is still there"

# Killed as soon as the network is there, whether the state was removed by then or not.
begin saved
"${short[@]}" > output 2> "$folder/error" & pid=$!
kill_once $pid [ -e net ]
"${short[@]}" > output 2> "$folder/error"
cmp net ../whole/net
[ ! -e state ] || fail "the state is still there"

# A training is extended where its learning rates allow that, and is what it would have been at once.
begin extended
constant=("${train[@]}" --schedule constant --split-epoch 1 --state state --keep-state --out net)
"${constant[@]}" --epochs 5 > output 2> "$folder/error"
cp net whole
rm net state
"${constant[@]}" --epochs 3 > output 2> "$folder/error"
"${constant[@]}" --epochs 5 > output 2> "$folder/error"
cmp net whole
[ "$(wc -l < net.csv)" = 6 ]
# Under other conditions that is said, or refused.
cp state kept
if "${constant[@]}" --epochs 6 --threads 2 --exact > output 2> "$folder/error"; then exit 1; fi
says "threads"
cmp state kept
"${constant[@]}" --epochs 6 --threads 2 > output 2> "$folder/error"
says "the training goes on under other conditions"
begin refused
"${short[@]}" --keep-state > output 2> "$folder/error"
cp net before
if "${train[@]}" --epochs 5 --state state --out net > output 2> "$folder/error"; then exit 1; fi
says "cannot be extended"
cmp net before

# A results' place that is not there is refused before the training, and no state is lost.
begin nowhere
if "${train[@]}" --epochs 4 --state state --out nowhere/net 2> "$folder/error"; then exit 1; fi
says "nowhere/net"
[ ! -e state ]
"${short[@]}" --keep-state > output 2> "$folder/error"
if "${train[@]}" --epochs 4 --state state --out nowhere/net 2> "$folder/error"; then exit 1; fi
[ -e state ] || fail "the state of a finished training is gone"

# Interrupted by a signal, in the middle of an epoch: exit code 128 + its number, the former network
# is as it was, and the same command gets what the uninterrupted one gets.
long=("${train[@]}" --epochs 60 --state state --out net)
begin long
"${long[@]}" > output 2> "$folder/error"
for signal in INT TERM; do
  begin long-$signal
  cp ../whole/net .
  "${long[@]}" --state-steps 3 > output 2> "$folder/error" & pid=$!
  when [ -e state ]
  kill -$signal $pid
  ends $((128 + $(kill -l $signal))) $pid
  says "interrupted; stopped at epoch"
  says "kept in state"
  cmp net ../whole/net
  [ ! -e net.csv ] || fail "a record of half a training"
  "${long[@]}" > output 2> "$folder/error"
  cmp net ../long/net
done

# Killed, at no particular place.
begin long-killed
"${long[@]}" --state-steps 3 > output 2> "$folder/error" & pid=$!
kill_once $pid [ -e state ]
"${long[@]}" > output 2> "$folder/error"
cmp net ../long/net

# Without a state nothing is written, but where it is asked for: a file that says that it is half a
# network, as those say who read it.
begin stopped
cp ../whole/net .
"${train[@]}" --epochs 2000 --seed 7 --out net --stopped-out half > output 2> "$folder/error" & pid=$!
when grep -q "epoch 1/" "$folder/error"
kill -TERM $pid
ends 143 $pid
says "was written to half"
cmp net ../whole/net
grep -aq '"interchoice.facts.stopped":"epoch [0-9]* of 2000, step [0-9]* of 8"' half ||
  fail "half does not say where it stopped"
rank=("$programs/rank_architectures" --truth "$table" --column mean_accuracy --batch 16
  --validation 100)
"${rank[@]}" half --out half-report > output 2> "$folder/error"
says "half is a half-trained network, stopped at epoch"
grep -q "split<on_demand>, stopped at epoch [0-9]* of 2000" output

# Trainings of single architectures: the finished ones are kept.
begin standalone
standalone=("$programs/train_standalone" --epochs 20 --width 2 --cells 1 --stages 1 --images 64
  --sample 8 --out truth.csv)
"${standalone[@]}" > output 2> "$folder/error" & pid=$!
has_part() { [ -n "$(find truth.csv.parts -name "*-0.csv" 2> "$folder/output")" ]; }
when has_part
kill -INT $pid
ends 130 $pid
says "of 16 trainings are kept in truth.csv.parts"
[ ! -e truth.csv ] || fail "a table of half the trainings"
"${standalone[@]}" > output 2> "$folder/error"
[ "$(wc -l < truth.csv)" = 9 ]

# Rankings keep what is evaluated.
begin rankings
"${few[@]}" --width 8 --cells 2 --stages 2 --epochs 1 --out net > output 2> "$folder/error"
"${train[@]}" --epochs 1 --seed 1 --out other > output 2> "$folder/error"
ranking=("${rank[@]}" other net --out report)
"${ranking[@]}" > output 2> "$folder/error"
[ -z "$(find report -name 'partial*')" ] || fail "parts stay: $(ls report)"
mv report whole
evaluated() { [ "$(cat report/partial-2-net.csv 2> /dev/null | wc -l)" -gt 5 ]; }
"${ranking[@]}" > output 2> "$folder/error" & pid=$!
when evaluated
kill -TERM $pid
ends 143 $pid
says "what is evaluated is kept in report"
[ ! -e report/report.html ] || fail "a report of half a ranking"
"${ranking[@]}" > output 2> "$folder/error" & pid=$!
kill_once $pid [ -s report/partial-2-net.csv ]
cp report/partial-2-net.csv kept
"${ranking[@]}" > output 2> "$folder/error"
cmp report/predictions.csv whole/predictions.csv
[ -z "$(find report -name 'partial*')" ] || fail "parts stay: $(ls report)"
# What was kept is believed, and not evaluated again: a changed line is refused.
mv kept report/partial-2-net.csv
sed -i '2s/,0[.0-9]*,/,0.999,/' report/partial-2-net.csv
if "${ranking[@]}" > output 2> "$folder/error"; then exit 1; fi
says "partial-2-net.csv"
rm report/partial-2-net.csv

# Damage is noticed; in an older file it would not be, and that is said.
cp net old
LC_ALL=C sed -i 's/"interchoice.digest"/"interchoice.nodige"/
  s/"interchoice.format":"3"/"interchoice.format":"2"/' old
if cmp -s net old; then fail "there is no digest"; fi
"${rank[@]}" old --sample 2 --out old-report > output 2> "$folder/error" || fail "$(cat "$folder/error")"
says "old: has no digest"
[ "$(grep -c "has no digest" "$folder/error")" = 1 ]
cp net damaged
printf x | dd of=damaged bs=1 seek=$(($(stat -c %s damaged) - 100)) conv=notrunc 2> "$folder/error"
if "${rank[@]}" damaged --out damaged-report > output 2> "$folder/error"; then exit 1; fi
says "damaged"

# Of two programs that write the same, the second one is refused.
begin twice
cp ../rankings/net ../rankings/other .
search=("$programs/search_architectures" --space-restriction only_conv --supernet net --batch 16
  --validation 100 --objective supernet --objective macs --population 10 --evaluations 60 --out search)
"${search[@]}" > output 2> "$folder/error"
mv search whole
"${search[@]}" > output 2> "$folder/error" & pid=$!
when [ -e search/history.csv ]
kill -STOP $pid
status=0
"${search[@]}" > second 2> error || status=$?
[ $status = 1 ] || fail "a second search ends with $status"
grep -q "another process is using it" error || fail "$(cat error)"
kill -CONT $pid
ends 0 $pid
diff -r whole search
# Interrupted, it goes on.
rm -r search
"${search[@]}" > output 2> "$folder/error" & pid=$!
when [ -e search/history.csv ]
kill -INT $pid
ends 130 $pid
says "evaluations are kept in search/history.csv"
"${search[@]}" > output 2> "$folder/error"
diff -r whole search

"${train[@]}" --epochs 2000 --out taken > output 2> "$folder/error" & pid=$!
when grep -q "epoch 1/" "$folder/error"
status=0
"${train[@]}" --epochs 1 --out taken > second 2> error || status=$?
[ $status = 1 ] || fail "a second training ends with $status"
grep -q "another process is using it" error || fail "$(cat error)"
kill -9 $pid
wait $pid 2> /dev/null || true
# A killed process holds nothing.
"${train[@]}" --epochs 1 --out taken > output 2> "$folder/error"
[ -z "$(find . -name '*.lock' -o -name '*.tmp')" ] || fail "locks stay: $(ls -a)"
echo "interruptions are as they should be"
