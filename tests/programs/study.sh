#!/usr/bin/env bash
# A study as a file: two processes get what one gets, its tables are enough to make its page again and to go
# on elsewhere, tables of other settings are refused, and so are mistakes in the file.
#
#   study.sh FOLDER_OF_THE_PROGRAMS FOLDER_OF_THE_PROJECT
set -euo pipefail
programs=$1
examples=$2/examples
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1

file=$examples/study/digits.json
study() {
  local description=$1
  shift
  "$programs/study" "$description" --truth "$examples/data/digits_only_conv.csv" --device cpu "$@" \
    > "$folder/out.txt" 2> "$folder/error"
}

study "$file" --out "$folder/alone"
[ "$(find "$folder/alone/runs" -name predictions.csv | wc -l)" = 16 ] # two budgets, four methods, two seeds
if find "$folder/alone/runs" -name '*.safetensors' | grep -q .; then exit 1; fi
grep -q "vega-lite" "$folder/alone/index.html"
grep -q "beside baseline, only_conv" "$folder/out.txt"
[ "$(grep -c "verdict:" "$folder/out.txt")" = 6 ] # all runs are there: three methods, two metrics
[ "$(wc -l < "$folder/alone/results/runs.csv")" = 17 ]

study "$file" --out "$folder/parallel" --parallel 2
for table in nasbench201-only_conv-1-epochs.predictions.csv nasbench201-only_conv-2-epochs.predictions.csv; do
  cmp "$folder/alone/results/$table" "$folder/parallel/results/$table"
done

# From the tables alone: the page, and no training.
study "$file" --out "$folder/again" --results "$folder/alone/results"
[ ! -e "$folder/again/runs" ] || [ -z "$(find "$folder/again/runs" -name '*.csv')" ]
cmp "$folder/alone/announced.csv" "$folder/again/announced.csv"
cmp "$folder/alone/qualities.csv" "$folder/again/qualities.csv"

# Half of the runs: an interim page that tests nothing, then the others.
mkdir "$folder/half"
cp -r "$folder/alone/runs" "$folder/half/runs"
rm -r "$folder"/half/runs/*/*/seed-1
study "$file" --out "$folder/half" --report
grep -q "Interim: 8 of 16 runs are there" "$folder/out.txt"
if grep -q "verdict:" "$folder/out.txt"; then exit 1; fi
study "$file" --out "$folder/half"
cmp "$folder/alone/results/nasbench201-only_conv-2-epochs.predictions.csv" \
  "$folder/half/results/nasbench201-only_conv-2-epochs.predictions.csv"

# Another study with a method in common takes over its runs.
sed 's/"split at half", "policy": "split<on_demand>", "split_at": \[0.5\]/"sum", "policy": "bias_sum<1>"/' \
  "$file" > "$folder/other.json"
study "$folder/other.json" --out "$folder/other" --results "$folder/alone/results"
[ "$(find "$folder/other/runs" -name predictions.csv | wc -l)" = 4 ]

refused() {
  local wanted=$1
  shift
  if study "$@"; then exit 1; fi
  grep -qF -- "$wanted" "$folder/error" || { cat "$folder/error"; exit 1; }
}
changed() { sed "$1" "$file" > "$folder/changed.json"; }
changed 's/"images": 128/"images": 64/'
refused "with other settings: training images is '128' there, '64' here" \
  "$folder/changed.json" --out "$folder/none" --results "$folder/alone/results"
changed 's/"seeds": 2/"seeds": -2/'
refused "'seeds' is '-2'; a whole number from 1 to 1000 must be there" "$folder/changed.json" --out "$folder/none"
changed 's/"batch"/"batches"/'
refused "there is no member 'batches' here" "$folder/changed.json" --out "$folder/none"
changed 's/"policy": "bias<1>"}/"policy": "bais<1>"}/'
refused "'methods[1].policy' is 'bais<1>'; there are none, bias<1>" "$folder/changed.json" --out "$folder/none"
changed 's/"rate": 5/"rate": "fast"/'
refused "'methods[2].tables.rate' is" "$folder/changed.json" --out "$folder/none"
changed 's/"label": "bias"/"label": "Baseline"/;s/"label": "baseline"/"label": "Baseline"/'
refused "differ in no letter or digit" "$folder/changed.json" --out "$folder/none"
changed 's/"mean_accuracy"/"accuracy"/'
refused "accuracy" "$folder/changed.json" --out "$folder/none"
