#!/usr/bin/env bash
# The main job, very short: three super-networks on real CIFAR-10 images, ranked against the
# NAS-Bench-201 table. Shows that it runs and what it writes; so little training ranks nothing.
#
#   main_job.sh FOLDER_OF_THE_PROGRAMS SHARED_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/kill_once.sh"
programs=$1
shared=$2
images=$shared/data/cifar10/cifar10_train_first4000_lossless.bin
table=$shared/data/nasbench201/nasbench201.csv
if [ ! -f "$images" ] || [ ! -f "$table" ]; then
  echo "SKIPPED: the shared data folder is absent"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

for dependency in none "bias<1>" "split<on_demand>"; do
  "$programs/train_supernet" --data "cifar10:$images" --images 256 --epochs 2 --width 8 --cells 1 \
    --space-restriction only_conv --dependency "$dependency" --out "$folder/${dependency%%<*}.safetensors"
done
"$programs/rank_architectures" "$folder"/{none,bias,split}.safetensors --data "cifar10:$images" \
  --truth "$table" --column c10_test_200 --space-restriction only_conv --sample 6 --validation 128 \
  --out "$folder/report"

# Six architectures and a header, three super-networks, two baseline rules, scores and their vote.
[ "$(wc -l < "$folder/report/predictions.csv")" = 7 ]
[ "$(grep -c 'class="chart"' "$folder/report/report.html")" -ge 3 ]
for label in 'none, seed 0' 'bias<1>, seed 0' 'split<on_demand>, seed 0' 'number of 3x3 convolutions' \
  'macs' 'synflow' 'nwot' 'vote of parameters, synflow, nwot'; do
  grep -qF "$label" "$folder/report/metrics.csv"
done

# Killed between two epochs and started again: the losses of a training that never was.
# A command and not a function: a background function would be another process than the program.
six_epochs=("$programs/train_supernet" --data "cifar10:$images" --images 256 --epochs 6 --width 8
  --cells 1 --dependency "split<on_demand>")
state=$folder/state
"${six_epochs[@]}" --out "$folder/whole.safetensors"
parts=("${six_epochs[@]}" --out "$folder/parts.safetensors" --state "$state")
"${parts[@]}" &
kill_once $! [ -s "$state" ]
[ -s "$state" ] && [ ! -e "$folder/parts.safetensors" ]
"${parts[@]}"
diff <(cut -d, -f1-4 "$folder/whole.safetensors.csv") <(cut -d, -f1-4 "$folder/parts.safetensors.csv")
[ ! -e "$state" ]
