#!/usr/bin/env bash
# A study as a file: two processes get what one gets, its tables are enough to make its page again and to go
# on elsewhere, training-free scores and predictions without tables among them; tables of other settings are
# refused, and so are mistakes in the file.
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
[ "$(wc -l < "$folder/alone/results/runs.csv")" = 21 ] # with three scores, and another one that the vote asks

# Scores are of all lengths of training, predictions without tables of each.
scores=nasbench201-only_conv.scores.csv
[ "$(head -1 "$folder/alone/results/$scores")" = \
  'arch,"macs, seed 0","nwot, seed 0","parameters, seed 0","synflow, seed 0"' ]
[ "$(wc -l < "$folder/alone/results/$scores")" = 65 ]
without=nasbench201-only_conv-2-epochs.predictions-without-tables.csv
[ "$(head -1 "$folder/alone/results/$without")" = \
  'arch,"bias, tables 5 times as fast, seed 0","bias, tables 5 times as fast, seed 1"' ]
for rows in "bias, tables 5 times as fast, without tables" "vote of parameters, synflow, nwot" macs; do
  [ "$(grep -cF -- "$rows" "$folder/alone/qualities.csv")" = 2 ]
done
# Of the parts that a row shows, what one adds is what both have together less the other.
python3 - "$folder/alone/stacked.csv" << 'PYTHON'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 10, rows
number = lambda text: float(text.split(" ")[0].replace("−", "-"))
for row in rows:
    together = number(row["together"])
    assert abs(number(row["super-network adds"]) - (together - number(row["scores alone"]))) < 0.002, row
    assert abs(number(row["scores add"]) - (together - number(row["super-network alone"]))) < 0.002, row
assert len({row["scores alone"] for row in rows}) == 1, rows
PYTHON
[ "$(wc -l < "$folder/alone/partial.csv")" = 11 ]

study "$file" --out "$folder/parallel" --parallel 2
for table in nasbench201-only_conv-1-epochs.predictions.csv nasbench201-only_conv-2-epochs.predictions.csv \
  "$without" "$scores"; do
  cmp "$folder/alone/results/$table" "$folder/parallel/results/$table"
done

# From the tables alone: the page, and no training.
study "$file" --out "$folder/again" --results "$folder/alone/results"
[ ! -e "$folder/again/runs" ] || [ -z "$(find "$folder/again/runs" -name '*.csv')" ]
cmp "$folder/alone/announced.csv" "$folder/again/announced.csv"
cmp "$folder/alone/qualities.csv" "$folder/again/qualities.csv"
cmp "$folder/alone/stacked.csv" "$folder/again/stacked.csv"
cmp "$folder/alone/partial.csv" "$folder/again/partial.csv"

# What adds to what is tested where the file announces it: four methods, both ways.
sed 's/"improvement": 0.1}/"improvement": 0.1, "stacked": true}/' "$file" > "$folder/announced.json"
study "$folder/announced.json" --out "$folder/announced" --results "$folder/alone/results"
[ "$(grep -c "verdict:" "$folder/out.txt")" = 14 ]
[ "$(grep -c "stacked: scores to super-networks add" "$folder/out.txt")" = 4 ]
[ "$(wc -l < "$folder/announced/stacked-tests.csv")" = 9 ]

# Tables that have moved far: without them a network predicts otherwise. One seed has no interval.
sed 's/"rate": 5/"rate": 1000/;s/"epochs": \[1, 2\]/"epochs": [4]/;s/"seeds": 2/"seeds": 1/' \
  "$file" > "$folder/far.json"
study "$folder/far.json" --out "$folder/far"
far=$folder/far/runs/nasbench201-only_conv-4-epochs/bias__tables_5_times_as_fast/seed-0
[ "$(wc -l < "$far/predictions-without-tables.csv")" = 65 ]
if cmp -s "$far/predictions.csv" "$far/predictions-without-tables.csv"; then exit 1; fi

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
cmp "$folder/alone/stacked.csv" "$folder/half/stacked.csv"

# One more score and one more method without tables: the score alone is computed, that method's super-networks
# are trained again, and they are the same.
cp -r "$folder/alone/results" "$folder/more-results"
sed 's/"policy": "bias<1>"}/"policy": "bias<1>", "without_tables": true}/;s/\["macs", /["macs", "l2_norm", /' \
  "$file" > "$folder/more.json"
study "$folder/more.json" --out "$folder/more" --results "$folder/more-results"
[ "$(find "$folder/more/runs" -name scores.csv | wc -l)" = 1 ]
[ "$(find "$folder/more/runs" -name predictions-without-tables.csv | wc -l)" = 4 ]
cmp "$folder/alone/results/nasbench201-only_conv-2-epochs.predictions.csv" \
  "$folder/more-results/nasbench201-only_conv-2-epochs.predictions.csv"
head -1 "$folder/more-results/$without" | grep -qF '"bias, seed 1","bias, tables 5 times as fast, seed 0"'
head -1 "$folder/more-results/$scores" | grep -qF '"l2_norm, seed 0","macs, seed 0"'
# A study that asks for less leaves them there.
study "$file" --out "$folder/more" --results "$folder/more-results"
head -1 "$folder/more-results/$without" | grep -qF '"bias, seed 1"'

# Another study with a method in common takes over its runs.
sed 's/"split at half", "policy": "split<on_demand>", "split_at": \[0.5\]/"sum", "policy": "bias_sum<1>"/' \
  "$file" > "$folder/other.json"
study "$folder/other.json" --out "$folder/other" --results "$folder/alone/results"
[ "$(find "$folder/other/runs" -name predictions.csv | wc -l)" = 4 ]

# A momentum for each context, and for each candidate of a choice.
cp -r "$folder/alone/results" "$folder/momenta-results"
sed 's/{"label": "bias", "policy": "bias<1>"}/{"label": "momenta", "policy": "bias<1>", "momentum": "context"}/
s/{"label": "split at half", .*}/{"label": "momenta of choice 2", "momentum": 2}/' "$file" > "$folder/momenta.json"
study "$folder/momenta.json" --out "$folder/momenta" --results "$folder/momenta-results"
[ "$(find "$folder/momenta/runs" -name predictions.csv | wc -l)" = 8 ]
grep -q "momenta,momentum,by context" "$folder/momenta-results/settings.csv"
grep -q "momenta of choice 2,momentum,by choice 2" "$folder/momenta-results/settings.csv"

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
changed 's/"policy": "bias<1>"}/"policy": "bias<1>", "momentum": "paths"}/'
refused '"context" or the number of a choice must be there' "$folder/changed.json" --out "$folder/none"
changed 's/"policy": "bias<1>"}/"policy": "bias<1>", "momentum": 0}/;s/"batch": 32,/"batch": 32, "optimizer": "adamw",/'
refused "the optimizer sgd, not adamw, must be there" "$folder/changed.json" --out "$folder/none"
changed 's/"policy": "none"}/"policy": "none", "momentum": "context"}/'
refused "the method 'baseline': interchoice: context_momentum of a network whose locations have no priors" \
  "$folder/changed.json" --out "$folder/none"
changed 's/"rate": 5/"rate": "fast"/'
refused "'methods[2].tables.rate' is" "$folder/changed.json" --out "$folder/none"
changed 's/"synflow"/"synflwo"/'
refused "'scores[1]' is" "$folder/changed.json" --out "$folder/none"
changed 's/"policy": "none"}/"policy": "none", "without_tables": true}/'
refused "method 'baseline' is to predict without tables, and the policy none has none" \
  "$folder/changed.json" --out "$folder/none"
changed 's/"scores": .*"vote"\],//;s/"improvement": 0.1}/"improvement": 0.1, "stacked": true}/'
refused "'analysis.stacked' is" "$folder/changed.json" --out "$folder/none"
changed 's/"label": "bias"/"label": "Baseline"/;s/"label": "baseline"/"label": "Baseline"/'
refused "differ in no letter or digit" "$folder/changed.json" --out "$folder/none"
changed 's/"mean_accuracy"/"accuracy"/'
refused "accuracy" "$folder/changed.json" --out "$folder/none"
