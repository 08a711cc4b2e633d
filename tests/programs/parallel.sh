#!/usr/bin/env bash
# Programs with --parallel: the results are those of one process; a process that is killed or fails
# leaves the others alone; an interruption ends all, and the same command goes on; too many processes
# are refused.
#
#   parallel.sh FOLDER_OF_THE_PROGRAMS
set -euo pipefail
programs=$1
folder=$(mktemp -d)
trap 'kill -9 $(jobs -p) 2> /dev/null || true; rm -rf "$folder"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export OMP_NUM_THREADS=1
cd "$folder"

fail() {
  echo "FAILED: $*"
  exit 1
}
# ends CODE COMMAND...: with its standard error in `error`
ends() {
  local code=$1 status=0
  shift
  "$@" > output 2> error || status=$?
  [ $status = "$code" ] || fail "$*: exit code $status, not $code: $(cat error)"
}
says() { grep -qF -- "$1" error || fail "no '$1' in: $(cat error)"; }
# first_child PID: waits for a process that this one has started
first_child() {
  local children=()
  until [ ${#children[@]} != 0 ]; do
    kill -0 "$1" || fail "it has ended without a child: $(cat error)"
    read -ra children < "/proc/$1/task/$1/children" || true
    sleep 0.01
  done
  echo "${children[0]}"
}
# Not so for one that has ended and that nobody has waited for.
is_running() { [ -e "/proc/$1/exe" ]; }
# ended PID CODE: waits for a process that has to end so
ended() {
  local status=0
  wait "$1" || status=$?
  [ $status = "$2" ] || fail "exit code $status, not $2: $(cat error)"
}

# Super-networks of two policies with two seeds. Only the seconds in the records differ.
figure3=("$programs/reproduce/figure3_metric" --budget smoke --device cpu --seeds 2 --out)
seed0=nasbench201-only_conv/baseline/seed-0
results() {
  (cd "$1" && sha256sum runs/*/*/*/{predictions.csv,supernet.safetensors} figure3/*.csv figure3/*.vl.json &&
    for record in runs/*/*/*/training.csv; do cut -d, -f1-4 "$record"; done)
}
same() { diff <(results alone) <(results "$1"); }
ends 0 "${figure3[@]}" alone
[ "$(find alone/runs -name supernet.safetensors | wc -l)" = 4 ]
ends 0 "${figure3[@]}" together --parallel 2
same together
says "4 of 4 super-networks done, 0 running"
grep -q "epoch 2/2" "together/runs/$seed0/log.txt"
[ -z "$(find together -name '*.lock' -o -name '*.tmp' -o -name 'training-state*')" ]

# The first process is killed, and another one fails for a reason that its log has: the others do
# the rest, and the same command what is missing.
settings=runs/nasbench201-only_conv/bias_D_1/seed-1/settings.csv
mkdir -p "failing/${settings%/*}"
sed 's/^epochs,2/epochs,3/' "alone/$settings" > "failing/$settings"
"${figure3[@]}" failing --parallel 2 > output 2> error & parent=$!
kill -9 "$(first_child $parent)"
ended $parent 1
says "failed: exit code 137  $seed0  log failing/runs/$seed0/log.txt"
says "failed: exit code   1  nasbench201-only_conv/bias_D_1/seed-1  log failing/${settings%/*}/log.txt"
says "failed jobs: 2; 2 of 4 super-networks are done; the same command goes on"
grep -q "holds results of other settings: epochs is '3' there" "failing/${settings%/*}/log.txt"
[ ! -e failing/figure3/index.html ] || fail "a page of two super-networks"
rm "failing/$settings"
ends 0 "${figure3[@]}" failing --parallel 2
same failing

# Interrupted: no process stays behind, and the same command goes on.
for signal in INT TERM; do
  "${figure3[@]}" $signal --parallel 2 > output 2> error & parent=$!
  until [ -e "$signal/runs/$seed0/predictions.csv" ]; do sleep 0.01; done
  child=$(first_child $parent)
  kill -$signal $parent
  ended $parent $((128 + $(kill -l $signal)))
  says "interrupted; "
  says "of 4 super-networks are done; the same command goes on"
  if grep -q failed error; then fail "a job that was stopped has failed: $(cat error)"; fi
  if is_running "$child"; then fail "a process is still there"; fi
done
ends 0 "${figure3[@]}" INT --parallel 2
same INT

# The parent is killed: its processes end, too.
"${figure3[@]}" orphan --parallel 2 > output 2> error & parent=$!
child=$(first_child $parent)
kill -9 $parent
wait $parent 2> /dev/null || true
while is_running "$child"; do sleep 0.01; done
[ ! -e "orphan/runs/$seed0/predictions.csv" ] || fail "the orphan has gone on to its end"

# One job alone.
ends 0 "${figure3[@]}" one --only $seed0
cmp "one/runs/$seed0/predictions.csv" "alone/runs/$seed0/predictions.csv"
[ "$(find one/runs -name predictions.csv | wc -l)" = 1 ]
[ ! -e one/figure3/index.html ]
ends 2 "${figure3[@]}" one --only nothing
says "--only nothing: there is none of that name, such as $seed0"

# Numbers that make no sense.
for number in 0 -1 1025 x; do
  ends 2 "${figure3[@]}" refused --parallel=$number
  says "--parallel: '$number' is no whole number in [1 - 1024]"
done
ends 2 "${figure3[@]}" refused --parallel 2 --threads 2
says "--threads excludes --parallel"
[ ! -e refused/runs ]

# A table of ground truth: one of two processes is killed, and the other does its training.
standalone=("$programs/train_standalone" --epochs 2 --width 4 --cells 1 --stages 2 --images 256
  --batch 16 --learning-rate 0.1 --sample 4 --out)
ends 0 "${standalone[@]}" alone.csv
ends 0 "${standalone[@]}" together.csv --parallel 2
cmp alone.csv together.csv
cmp output <("${standalone[@]}" together.csv)
"${standalone[@]}" killed.csv --parallel 2 > output 2> error & parent=$!
kill -9 "$(first_child $parent)"
ended $parent 1
says "failed: exit code 137  process-1  log killed.csv.parts/process-1.log"
says "8 of 8 trainings are done"
ends 0 "${standalone[@]}" killed.csv --parallel 2
cmp alone.csv killed.csv

# More memory than there is: about 0.3 GiB each, found out with the first process.
available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
if [ "$available" -lt 200000000 ]; then
  ends 1 "$programs/train_standalone" --space-restriction all --batch 256 --width 64 --epochs 100 \
    --out large.csv --parallel 1024
  says "warning: --parallel 1024: there are $(env -u OMP_NUM_THREADS nproc) processors"
  says "--parallel 1024: the first job took "
  says " GiB are available; give --parallel "
  [ "$(find large.csv.parts -name 'process-*.log' | wc -l)" = 1 ]
  [ -z "$(find large.csv.parts -name '*.lock')" ] || fail "a process is still there"
fi

# Policies beside each other: the rows of the table, but not the seconds.
sequence=("$programs/sequence_supernet" --epochs 2 --alone-epochs 1 --architectures 3)
table() { grep -v "^seconds\|trained alone" output | tail -n +2; }
ends 0 "${sequence[@]}"
table > expected
grep -q "^Kendall tau-b" expected
ends 0 "${sequence[@]}" --keep columns --parallel 2
diff expected <(table)
says "5 of 5 columns done"
ends 0 "${sequence[@]}" --keep columns
diff expected <(table)
ends 1 "${sequence[@]}" --keep columns --seed 1
says "holds results of other settings: seed is '0' there, '1' here"
ends 2 "${sequence[@]}" --parallel 2
says "--keep"
echo "the same results in one process and in several"
