#!/usr/bin/env bash
# A table of ground truth, made by one process; and the same one by several processes of which one
# after the other is killed. Shows that they share the work, that a killed one loses nothing but
# what it was at, and that the bytes are the same.
#
#   standalone.sh FOLDER_OF_THE_PROGRAMS
set -euo pipefail
programs=$1
folder=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1

# A command and not a function: a background function would be another process than the program.
train=("$programs/train_standalone" --epochs 6 --width 4 --cells 1 --stages 2 --images 256
  --batch 16 --learning-rate 0.1 --sample 10)
finished() { find "$folder/$1.parts" -name '[0-9]*-[0-9]*.csv' -size +0 2> /dev/null | wc -l; }
# wait_for NAME COUNT: until so many trainings are finished
wait_for() {
  for _ in $(seq 600); do
    [ "$(finished "$1")" -ge "$2" ] && return
    sleep 0.05
  done
  echo "FAILED: $1 has $(finished "$1") of $2 trainings after half a minute"
  exit 1
}
# holds_a_training NAME: whether a process has claimed a training that is not finished
holds_a_training() {
  for lock in "$folder/$1.parts"/[0-9]*-[0-9]*.csv.lock; do
    [ -s "${lock%.lock}" ] || flock --nonblock "$lock" true || return 0
  done
  return 1
}

"${train[@]}" --out "$folder/alone.csv"
# They have learnt something, each something else: twenty equal numbers would compare nothing.
[ "$(tail -n +2 "$folder/alone.csv" | cut -d, -f2-3 | tr ',' '\n' | sort -u | wc -l)" -ge 10 ]
[ "$(finished alone.csv)" = 20 ]

# Two at once; one is killed, then the other; a third goes on beside a fourth.
for round in 1 2; do
  "${train[@]}" --out "$folder/shared.csv" & first=$!
  "${train[@]}" --out "$folder/shared.csv" & second=$!
  if [ $round = 1 ]; then
    wait_for shared.csv 4
    kill -9 $first
    wait_for shared.csv 8
    kill -9 $second
    wait $first $second 2> /dev/null || true
    kept=$(finished shared.csv)
    [ "$kept" -ge 8 ]
    [ "$kept" -lt 20 ]
    [ ! -e "$folder/shared.csv" ]  # nothing is written before all is finished, unless asked for
    "${train[@]}" --partial --out "$folder/shared.csv"
    rows=$(($(wc -l < "$folder/shared.csv") - 1))
    [ "$rows" -ge 1 ]
    [ "$rows" -lt 10 ]
    cp "$folder/shared.csv" "$folder/partial.csv"
    rm "$folder/shared.csv"
  else
    wait $first
    wait $second
  fi
done
cmp "$folder/alone.csv" "$folder/shared.csv"
# The rows of the partial table are rows of the whole one.
[ "$(grep -cxFf "$folder/partial.csv" "$folder/shared.csv")" = "$(wc -l < "$folder/partial.csv")" ]

# A training that one process holds is left alone by others: while that process is stopped, another
# one finishes all but that, and waits.
# Once it is killed, the other one takes over.
"${train[@]}" --out "$folder/left.csv" & first=$!
wait_for left.csv 2
until kill -STOP $first && sleep 0.1 && holds_a_training left.csv; do
  kill -CONT $first  # it was between two trainings
  sleep 0.05
done
"${train[@]}" --out "$folder/left.csv" & second=$!
wait_for left.csv 19
sleep 1
[ "$(finished left.csv)" = 19 ]
[ ! -e "$folder/left.csv" ]
kill -9 $first
wait $second
cmp "$folder/alone.csv" "$folder/left.csv"

# Finished trainings are not repeated, not even for more seeds: the first two are as they were.
before=$(find "$folder/shared.csv.parts" -name '[0-9]*-[0-9]*.csv' -printf '%f %i\n' | sort)
"${train[@]}" --seeds 3 --out "$folder/shared.csv"
[ "$(finished shared.csv)" = 30 ]
after=$(find "$folder/shared.csv.parts" -name '[0-9]*-[01].csv' -printf '%f %i\n' | sort)
[ "$before" = "$after" ]
cmp <(cut -d, -f1-3 "$folder/alone.csv") <(cut -d, -f1-3 "$folder/shared.csv")

# Other options are refused, and the folder is left as it is.
if "${train[@]/#6/7}" --weight-decay 0 --out "$folder/alone.csv" 2> "$folder/error"; then exit 1; fi
grep -qF "epochs is '6' there, '7' here, weight decay is '0.0003' there, '0' here" "$folder/error"
[ "$(finished alone.csv)" = 20 ]
echo "the same bytes alone, shared and interrupted"
