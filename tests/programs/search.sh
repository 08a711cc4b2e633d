#!/usr/bin/env bash
# Searches of a small table and by a small super-network: what is written, that a search goes on
# where it stopped, and what is refused.
#
#   search.sh FOLDER_OF_THE_PROGRAMS FOLDER_OF_THE_SOURCE
set -euo pipefail
programs=$1
table=$2/examples/data/digits_only_conv.csv
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

restriction=only_conv
search() {
  "$programs/search_architectures" --space-restriction $restriction \
    --objective "accuracy=$table:mean_accuracy:max" --population 10 "$@" > "$folder/log"
}
says() { grep -qF -- "$1" "$folder/log"; }

# In one go, and in two.
search --objective parameters --evaluations 40 --out "$folder/whole"
[ "$(wc -l < "$folder/whole/history.csv")" = 41 ]
says "of all 64 architectures"
grep -qF vega-lite "$folder/whole/pareto.vl.json"
grep -qF vegaEmbed "$folder/whole/pareto.html"
search --objective parameters --evaluations 17 --out "$folder/parts"
search --objective parameters --evaluations 40 --out "$folder/parts"
says "going on after 17"
cmp "$folder/whole/history.csv" "$folder/parts/history.csv"
cmp "$folder/whole/front.csv" "$folder/parts/front.csv"

# Everything is found once everything is evaluated.
search --objective macs --algorithm random --evaluations 64 --out "$folder/all"
says "fraction found 1.0000"
best=$(tail -n +2 "$table" | cut -d, -f"$(head -1 "$table" | tr , '\n' | grep -n mean_accuracy |
  cut -d: -f1)" | sort -g | tail -1)
search --algorithm evolution --evaluations 60 --out "$folder/one"
says "the best of all: $(printf %.10g "$best")"

# A limit that nothing meets.
search --at-most parameters=1 --out "$folder/none"
says "evaluations, 0 feasible"

# refused CODE TEXT ARGUMENTS...: of $searcher
searcher=search
refused() {
  local code=$1 text=$2 status=0
  shift 2
  $searcher "$@" 2> "$folder/output" || status=$?
  if [ $status != "$code" ] || ! grep -qF -- "$text" "$folder/output"; then
    echo "FAILED: wanted exit code $code and '$text'; got $status and: $(cat "$folder/output")"
    exit 1
  fi
}
restriction=no_zero
refused 1 "lacks 4032 of the 4096" --out "$folder/x"
restriction=only_conv
refused 1 "has other values of" --at-most parameters=1 --out "$folder/one"
refused 1 "the columns are not" --objective macs --out "$folder/one"
refused 1 "there is no column 'nothing'" --objective "b=$table:nothing:max" --out "$folder/x"
refused 2 "write parameters, macs," --objective latency --out "$folder/x"
refused 2 "nothing is known as 'latency'" --at-most latency=1 --out "$folder/x"
refused 2 "NAME=NUMBER" --at-most parameters=many --out "$folder/x"
refused 2 "one --objective" --algorithm evolution --objective macs --out "$folder/x"
refused 2 "give its file by --supernet" --objective supernet --out "$folder/x"
refused 2 "give its file by --supernet" --at-least supernet=5 --out "$folder/x"
refused 2 "--data requires --supernet" --data digits --out "$folder/x"
[ ! -e "$folder/x" ]

# By a super-network, in one go and in two.
train() {
  "$programs/train_supernet" --epochs 8 --batch 16 --width 4 --cells 1 --stages 1 \
    --dependency "bias<1>" "$@" > "$folder/log" 2>&1
}
network=$folder/network.safetensors
train --out "$network"
train --seed 1 --out "$folder/other.safetensors"
images=100
batch=32
ask() {
  "$programs/search_architectures" --space-restriction only_conv --supernet "$network" \
    --validation $images --batch $batch --population 10 "$@" > "$folder/log"
}
asked=$folder/asked
both=(--objective supernet --objective macs)
ask "${both[@]}" --evaluations 30 --out "$asked"
[ "$(wc -l < "$asked/history.csv")" = 31 ]
says "hypervolume"
if says "of all"; then exit 1; fi  # the network would have to evaluate the whole space
ask "${both[@]}" --evaluations 11 --out "$folder/later"
ask "${both[@]}" --evaluations 30 --out "$folder/later"
says "going on after 11"
diff -r "$asked" "$folder/later"

# It predicts what rank_architectures does, and not the same of all.
"$programs/rank_architectures" "$network" --truth "$table" --column mean_accuracy \
  --validation $images --batch $batch --out "$folder/report" > "$folder/log" 2>&1
predictions=$folder/report/predictions.csv
[ "$(tail -n +2 "$predictions" | cut -d, -f3 | sort -u | wc -l)" -ge 6 ]
awk -F, 'FNR == 1 { next } NR == FNR { ranked[$1] = $3; next }
  { ++count; differs = differs || ranked[$1] != $3 } END { exit differs || count != 30 }' \
  "$predictions" "$asked/history.csv"

# As a limit: what is feasible is what it predicts so much of.
limit=$(tail -n +2 "$predictions" | cut -d, -f3 | sort -g | sed -n 32p)
ask --objective macs --at-least "supernet=$limit" --algorithm random --evaluations 24 \
  --out "$folder/limited"
awk -F, -v limit="$limit" 'FNR == 1 { next } NR == FNR { ranked[$1] = $3; next }
  { ++count; differs = differs || (ranked[$1] >= limit) != ($2 == 0) }
  END { exit differs || count != 24 }' "$predictions" "$folder/limited/history.csv"

# Killed before the history was written, it asks only what the file of answers lacks.
rm "$folder/later/history.csv" "$folder/later/front.csv"
head -n 6 "$asked/supernet.csv" > "$folder/later/supernet.csv"
ask "${both[@]}" --evaluations 30 --out "$folder/later"
diff -r "$asked" "$folder/later"
# Stored answers are believed, and not evaluated again: the history differs from a changed one. A
# changed line is noticed, but not in a file of an older version, whose lines have no digests.
searcher=ask
sed -i '2s/,0[.0-9]*,/,0.999,/' "$folder/later/supernet.csv"
refused 1 "supernet.csv" "${both[@]}" --out "$folder/later"
sed -i 's/,[^,]*$//' "$folder/later/supernet.csv"
refused 1 "has other values of" "${both[@]}" --out "$folder/later"
rm "$folder/later/history.csv"
ask "${both[@]}" --evaluations 2 --out "$folder/later" 2> "$folder/output"
grep -qF "supernet.csv has no digests" "$folder/output"
sed -n 2p "$folder/later/history.csv" | grep -qF ",0,99.9,"

# A file of answers belongs to its network, images and batch.
batch=64
refused 1 "batch is '32' there, '64' here" "${both[@]}" --out "$asked"
batch=32
images=50
refused 1 "images is '100' there, '50' here" "${both[@]}" --out "$asked"
images=701
refused 2 "has 700 validation images" --objective supernet --out "$folder/x"
images=100
network=$folder/other.safetensors
refused 1 "weights is" "${both[@]}" --out "$asked"
refused 2 "--supernet is not asked" --objective macs --out "$folder/x"
refused 2 "'supernet' is there already" --objective supernet --objective \
  "supernet=$table:mean_accuracy:max" --out "$folder/x"
refused 2 "is of --space nasbench201, not of macro" --objective supernet --space macro --out "$folder/x"
# As an older version wrote it, without a digest.
LC_ALL=C sed 's/nasbench201: none/nasbench999: none/; s/"interchoice.digest"/"interchoice.nodige"/
  s/"interchoice.format":"3"/"interchoice.format":"2"/' "$network" > "$folder/space.safetensors"
network=$folder/space.safetensors
refused 1 "of the space 'nasbench999', none of nasbench201, fairnas, macro, tokens" --objective supernet --out "$folder/x"
network=$table
refused 1 "$table" --objective supernet --out "$folder/x"
[ ! -e "$folder/x" ]
echo "searches are as they should be"
