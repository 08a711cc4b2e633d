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

train() {
  "$programs/train_supernet" --data "folder:$folder/images" --image-size 32 --batch 20 --space fairnas \
    --space-restriction all --label-smoothing 0.1 --weight-decay 4e-5 "$@"
}
train --epochs 3 --warm-up 1 --dependency "shift<1>" --out "$folder/shift"
train --epochs 3 --warm-up 1 --dependency "shift<1>" --prefetch 3 --out "$folder/threads"
train --epochs 1 --dependency "bias<1>" --sampler strict_fair --out "$folder/fair"
[ "$(wc -l < "$folder/shift.csv")" = 4 ]
[ "$(cut -d, -f2 "$folder/shift.csv" | sed -n 2p)" = 0.0125 ]  # half of the rate: warm-up
cmp <(cut -d, -f1-4 "$folder/shift.csv") <(cut -d, -f1-4 "$folder/threads.csv")
cmp <(tail -c 100000 "$folder/shift") <(tail -c 100000 "$folder/threads")  # weights

# Interrupted while it evaluates, a ranking goes on: what is evaluated is kept.
rank=("$programs/rank_architectures" "$folder/shift" --data "folder:$folder/images" --space-restriction all
  --sample 30 --batch 20)
"${rank[@]}" --out "$folder/whole"
[ "$(wc -l < "$folder/whole/ranking.csv")" = 31 ]
"${rank[@]}" --out "$folder/parts" & pid=$!
results=$folder/parts/partial-1-shift.csv
has_results() { [ "$(cat "$results" 2> /dev/null | wc -l)" -gt 3 ]; }
until has_results; do
  kill -0 $pid
  sleep 0.01
done
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status = 143 ]
[ -s "$results" ] && [ ! -e "$folder/parts/ranking.csv" ]
"${rank[@]}" --out "$folder/parts"
cmp "$folder/whole/ranking.csv" "$folder/parts/ranking.csv"
[ ! -e "$results" ]

# An image that is damaged ends the training with its path; nothing is written.
mapfile -t files < <(find "$folder/images/train" -name '*.JPEG' | sort)
victim=${files[0]}
head -c 2000 "$(readlink "$victim")" > "$folder/cut"
mv "$folder/cut" "$victim"
if train --epochs 1 --out "$folder/damaged" 2> "$folder/error"; then exit 1; fi
grep -qF "$(basename "$victim")" "$folder/error"
[ ! -e "$folder/damaged" ]
