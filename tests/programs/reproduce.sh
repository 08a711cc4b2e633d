#!/usr/bin/env bash
# The programs that reproduce the paper, with the budget `smoke`: two processes share the work and
# get what one gets; one that was interrupted goes on; other settings are refused; those that need
# the shared data make their pages.
#
#   reproduce.sh FOLDER_OF_THE_PROGRAMS SHARED_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/link_images.sh"
. "$(dirname "${BASH_SOURCE[0]}")/kill_once.sh"
programs=$1
data=$2/data
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1

figure4() { "$programs/figure4_nasbench201" --budget smoke --device cpu "$@" 2> "$folder/error"; }
results() { (cd "$1" && find runs -name predictions.csv -o -name supernet.safetensors | sort | xargs sha256sum); }

figure4 --seeds 2 --out "$folder/alone" > "$folder/alone.txt"
grep -q "bias D=3" "$folder/alone.txt"
[ "$(results "$folder/alone" | wc -l)" = 28 ] # seven methods, two seeds, two files
grep -q "vega-lite" "$folder/alone/figure4/index.html"

# Two processes at once.
figure4 --seeds 2 --out "$folder/shared" > /dev/null &
figure4 --seeds 2 --out "$folder/shared" > /dev/null
wait
diff <(results "$folder/alone") <(results "$folder/shared")

# Killed between the epochs of a training, then started again.
mkdir "$folder/killed"
"$programs/figure4_nasbench201" --budget smoke --device cpu --seeds 2 --out "$folder/killed" \
  > /dev/null 2>&1 &
has_state() { [ -n "$(find "$folder/killed" -name training-state.safetensors)" ]; }
kill_once $! has_state
# Ended by a signal, and started again: the exit code says so.
"$programs/figure4_nasbench201" --budget smoke --device cpu --seeds 2 --out "$folder/killed" \
  > /dev/null 2>&1 &
pid=$!
trained() { find "$folder/killed" -name supernet.safetensors | wc -l; }
until [ "$(trained)" -ge 3 ]; do
  kill -0 $pid
  sleep 0.01
done
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status = 143 ]
figure4 --seeds 2 --out "$folder/killed" > /dev/null
diff <(results "$folder/alone") <(results "$folder/killed")
if has_state; then exit 1; fi

# Results of other settings are not taken for one's own.
sed -i 's/^epochs,2/epochs,3/' "$folder/alone/runs/nasbench201-only_conv/baseline/seed-0/settings.csv"
if figure4 --seeds 2 --out "$folder/alone" > /dev/null; then exit 1; fi
grep -q "holds results of other settings: epochs is '3' there, '2' here" "$folder/error"
if "$programs/figure4_nasbench201" --budget cpu --out "$folder/none" > /dev/null 2> "$folder/error"; then exit 1; fi
grep -q -- "--data cifar10:FOLDER and --truth TABLE.csv are needed" "$folder/error"

if [ ! -d "$data/nasbench_macro" ]; then
  echo "SKIPPED: the shared data folder is absent; what needs none of it passed"
  exit 77
fi
macro=$data/nasbench_macro/nas-bench-macro_cifar10.csv
page() {
  local name=$1 page=$2
  shift 2
  "$programs/$name" --out "$folder/shared" "$@" > "$folder/out.txt" 2> "$folder/error" ||
    { cat "$folder/error"; exit 1; }
  grep -q "vega-lite\|<table" "$folder/shared/$page/index.html"
}
study() { page "$@" --budget smoke --device cpu --seeds 2; }
study figure7_batchnorm_and_epochs figure7 --truth "$macro"
grep -q "3 epochs, reset first" "$folder/out.txt"
study figures8_9_full_curves figures8_9 --macro-truth "$macro"
page figure6_ground_truth figure6 --table "$macro" --columns acc1,acc2,acc3
grep -q "acc1, acc2 *0.882" "$folder/out.txt"
if [ -x "$programs/table2_self_consistency" ]; then
  link_images "$data/imagenette224" "$folder/images" 8 4
  # Not a truth: numbers that are different.
  {
    echo arch,accuracy
    for i in 1 2 3 4 5; do echo "$(printf "$i-%.0s" {1..18})0,$i"; done
  } > "$folder/fairnas.csv"
  study figure5_sequential figure5 --truth "$macro" --images "$folder/images" \
    --fairnas-truth "$folder/fairnas.csv"
  grep -q "affine D=1" "$folder/out.txt"
  grep -q "^fairnas" "$folder/out.txt"
  study table2_self_consistency table2 --truth "$macro" --images "$folder/images"
  grep -q "shift D=1" "$folder/out.txt"
  study figure10_self_consistency figure10 --truth "$macro" --images "$folder/images"
fi
# The conclusion comes first: a verdict on each claim, what the tests can find, and what it cost.
study claims claims --macro-truth "$macro" --price 36000
[ "$(head -6 "$folder/out.txt" | grep -c "^([a-f]) .*: .*\.$")" = 6 ]
head -1 "$folder/out.txt" | grep -q "^(a) .*convolutions only: "
grep -q "^(b) .*: undecided, as its space was left out" "$folder/out.txt"
grep -q "^(e) .*: undecided, as a test takes 4 seeds; there are 2" "$folder/out.txt"
grep -q "^2 seeds; [1-9][0-9]* tests, " "$folder/out.txt"
# 36,000 USD an hour are ten a second: seven and five methods, two seeds.
dollars=$(for run in nasbench201-only_conv nasbench_macro-2-epochs; do
  for file in "$folder/shared/runs/$run"/*/seed-[01]/training.csv; do tail -n +2 "$file"; done
done | awk -F, '{ sum += $5 } END { printf "%.2f", 10 * sum }')
tr -d , < "$folder/out.txt" |
  grep -q "^24 super-networks were trained in .* core hours: $dollars USD"
grep -q '"split, both epochs, tau-b",nasbench_macro' "$folder/shared/claims/claims.csv"
grep -q 'class="conclusion"' "$folder/shared/claims/index.html"
