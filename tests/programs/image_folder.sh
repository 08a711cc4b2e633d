#!/usr/bin/env bash
# A FairNAS super-network trains on real JPEG images for a few steps: a part of the folder, at a
# low resolution. Shows that it runs, what it writes and what it refuses; so little training learns
# nothing.
#
#   image_folder.sh FOLDER_OF_THE_PROGRAMS SHARED_FOLDER
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/link_images.sh"
programs=$1
source=$2/data/imagenette224
if [ ! -d "$source/train" ]; then
  echo "SKIPPED: the shared data folder is absent"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

link_images "$source" "$folder/images" 8 2

command=("$programs/train_fairnas" --images "$folder/images" --size 32 --batch 20 --calibration 1)
train() { "${command[@]}" --sample 2 "$@"; }
train --epochs 2 --dependency "shift<1>" --out "$folder/shift"
train --epochs 1 --dependency "bias<1>" --sampler strict_fair --out "$folder/fair"
for out in shift fair; do
  [ "$(wc -l < "$folder/$out-predictions.csv")" = 3 ]
  [ -s "$folder/$out.safetensors" ]
done
[ "$(wc -l < "$folder/shift.csv")" = 3 ]

# Interrupted while it evaluates, it goes on: the training is kept, and so is what is
# evaluated.
go() { "${command[@]}" --epochs 1 --sample 30 --state "$folder/state" --out "$folder/$1"; }
go whole
"${command[@]}" --epochs 1 --sample 30 --state "$folder/state" --out "$folder/parts" & pid=$!
has_results() { [ "$(cat "$folder/parts-predictions-partial.csv" 2> /dev/null | wc -l)" -gt 3 ]; }
until has_results; do
  kill -0 $pid
  sleep 0.01
done
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status = 143 ]
[ -s "$folder/parts.safetensors" ] && [ -s "$folder/state" ]
[ ! -e "$folder/parts-predictions.csv" ]
go parts 2> "$folder/error"
if grep -q "epoch 1/1" "$folder/error"; then exit 1; fi  # not trained again
cmp "$folder/whole-predictions.csv" "$folder/parts-predictions.csv"
[ ! -e "$folder/state" ] && [ ! -e "$folder/parts-predictions-partial.csv" ]

# An image that is damaged ends the training with its path; nothing is written.
mapfile -t files < <(find "$folder/images/train" -name '*.JPEG' | sort)
victim=${files[0]}
head -c 2000 "$(readlink "$victim")" > "$folder/cut"
mv "$folder/cut" "$victim"
if train --epochs 1 --out "$folder/damaged" 2> "$folder/error"; then exit 1; fi
grep -qF "$(basename "$victim")" "$folder/error"
[ ! -e "$folder/damaged.safetensors" ]
