#!/usr/bin/env bash
# A network of a user's own, added by one line of CMake, trains and is ranked by the programs; those without
# the line refuse its file.
#
#   own_network.sh FOLDER_OF_THE_PROGRAMS
set -euo pipefail
programs=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$programs/own_train_supernet" --help > "$folder/help"
grep -qF '{own}' "$folder/help"
for policy in none "bias<1>"; do
  "$programs/own_train_supernet" --space own --dependency "$policy" --space-restriction all --epochs 2 \
    --images 64 --width 6 --out "$folder/${policy%%<*}"
done
"$programs/own_rank_architectures" "$folder/none" "$folder/bias" --space-restriction all --validation 50 \
  --out "$folder/ranking"
[ "$(wc -l < "$folder/ranking/ranking.csv")" = 55 ]  # 27 architectures of two networks
grep -qF 'options.width' "$folder/bias" && grep -qF bias_table "$folder/bias"

if "$programs/rank_architectures" "$folder/none" --out "$folder/other" 2> "$folder/error"; then exit 1; fi
grep -qF "a network of the space 'own', none of nasbench201, fairnas, macro, tokens" "$folder/error"
