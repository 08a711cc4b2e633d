#!/usr/bin/env bash
# Searches of a small table: what is written, that a search goes on where it stopped, and what is
# refused.
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
grep -qF "<svg" "$folder/whole/pareto.svg"
search --objective parameters --evaluations 17 --out "$folder/parts"
search --objective parameters --evaluations 40 --out "$folder/parts"
says "going on after 17"
cmp "$folder/whole/history.csv" "$folder/parts/history.csv"
cmp "$folder/whole/front.csv" "$folder/parts/front.csv"

# Everything is found once everything is evaluated.
search --objective macs --algorithm random --evaluations 64 --out "$folder/all"
says "share found 1.0000"
best=$(tail -n +2 "$table" | cut -d, -f"$(head -1 "$table" | tr , '\n' | grep -n mean_accuracy |
  cut -d: -f1)" | sort -g | tail -1)
search --algorithm evolution --evaluations 60 --out "$folder/one"
says "the best of all: $(printf %.10g "$best")"

# A limit that nothing meets.
search --at-most parameters=1 --out "$folder/none"
says "evaluations, 0 feasible"

# refused CODE TEXT ARGUMENTS...
refused() {
  local code=$1 text=$2 status=0
  shift 2
  search "$@" 2> "$folder/output" || status=$?
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
echo "searches are as they should be"
