#!/usr/bin/env bash
# The commands of docs/how-to/whole-road.md, of few epochs, and what each leaves for the next one;
# rankings without ground truth, architectures of files, every space and policy by name.
#
#   whole_road.sh FOLDER_OF_THE_PROGRAMS FOLDER_OF_THE_SOURCE
set -euo pipefail
programs=$1
source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export OMP_NUM_THREADS=1
cd "$folder"
if [ ! -x "$programs/export_architecture" ]; then
  echo "SKIPPED: export_architecture is left out"
  exit 77
fi

fail() {
  echo "FAILED: $*"
  exit 1
}
# refused CODE TEXT COMMAND...
refused() {
  local code=$1 text=$2 output status=0
  shift 2
  output=$("$@" 2>&1) || status=$?
  if [ $status != "$code" ] || [[ $output != *"$text"* ]]; then
    fail "$*: wanted exit code $code and '$text'; got $status and: $output"
  fi
}

# The page's commands; after few epochs it is another network that is best.
page=$source/docs/how-to/whole-road.md
sed -n '/^```sh/,/^```/p' "$page" | grep -v '^```\|^cmake' |
  sed "s#build/release/examples#$programs#; s/--epochs [0-9]*/--epochs 2/
    s#road/networks/[0-9]*-0.safetensors#\$(find road/networks -name '*-0.safetensors' | head -1)#" > commands
grep -q train_supernet commands
bash -euo pipefail commands > output 2> error || fail "$(cat error)"
ranking=road/ranking/ranking.csv
[ "$(head -1 $ranking)" = "place,arch,accuracy,low,high,predictor" ]
[ "$(wc -l < $ranking)" = 65 ]
# The best first, each in its interval.
awk -F, 'NR > 1 { bad = bad || $3 < $4 || $3 > $5 || (NR > 2 && $3 > last); last = $3 }
  END { exit bad }' $ranking
awk -F, 'NR > 1 { print $3 }' $ranking | sort -u | wc -l | { read -r n; [ "$n" -ge 5 ]; }
# What was trained alone is the ranking's first three.
diff <(tail -n +2 $ranking | head -3 | cut -d, -f2) <(tail -n +2 road/alone.csv | cut -d, -f1)
[ "$(find road/networks -name '*.safetensors' | wc -l)" = 6 ]
[ -s road/best.onnx ]
grep -aq '"interchoice.network.architecture":"|nor_conv' road/best.safetensors
best=$(sed -n 2p $ranking | cut -d, -f2)
# Taken out, it is as accurate as it was ranked.
accuracy=$(sed -n 2p $ranking | cut -d, -f3)
grep -qF "$best: validation accuracy $(printf %.2f "$accuracy") %" output

# A ranking of some architectures, in its order; with repeats and half-trained networks it is the same.
train=("$programs/train_supernet" --epochs 1 --width 2 --cells 1 --stages 1 --batch 32 --images 64)
rank=("$programs/rank_architectures" --batch 16 --validation 50)
{ echo arch; tail -n +2 $ranking | cut -d, -f2 | sed -n '5p;9p;5p;2p'; } > some.csv
"${rank[@]}" road/supernet.safetensors --architectures some.csv --out some > output 2> error
[ "$(wc -l < some/ranking.csv)" = 4 ]
[ ! -e some/report.html ]
diff <(tail -n +2 some/ranking.csv | cut -d, -f2 | sort) <(tail -n +2 some.csv | sort -u)
"${rank[@]}" road/supernet.safetensors --architectures some.csv --first 2 --out two > output 2> error
[ "$(wc -l < two/ranking.csv)" = 3 ]
echo "nothing" >> some.csv
refused 1 "some.csv:6" "${rank[@]}" road/supernet.safetensors --architectures some.csv --out x
refused 1 "there is no column 'arch'" "${rank[@]}" road/supernet.safetensors \
  --architectures road/supernet.safetensors.csv --out x
refused 2 "--first requires --architectures" "${rank[@]}" road/supernet.safetensors --first 2 --out x
refused 2 "excludes" "${rank[@]}" road/supernet.safetensors --architectures some.csv --sample 2 --out x
refused 1 "road/best.safetensors holds the network of one architecture" \
  "${rank[@]}" road/best.safetensors --out x
refused 2 "--architecture: " "$programs/export_architecture" road/supernet.safetensors \
  --architecture nothing --to x.pt
refused 2 "ask for no other" "$programs/export_architecture" road/best.safetensors \
  --architecture "$best" --to x.pt
[ ! -e x ] && [ ! -e x.pt ]

# Every policy by the text that files have, every space by name; the files say both.
for policy in none "bias<1>" "bias<2>" "bias<3>" "bias_sum<1>" "bias_residual<1>" "scale<1>" "shift<1>" "affine<1>" \
  "attention<1,1>" "split<on_demand>" "staged_split<2>" "keep_inert<bias<1>>" "compose<bias<1>,split<on_demand>>"; do
  "${train[@]}" --dependency "$policy" --out net > output 2> error || fail "$policy: $(cat error)"
  grep -aqF "\"interchoice.network.policy\":\"$policy\"" net || fail "$policy is not in its file"
  "${rank[@]}" net --sample 2 --out "ranking-$policy" > output 2> error || fail "$policy: $(cat error)"
  grep -qF "$policy, seed 0: the best of 2 architectures" output
done
for space in macro fairnas; do
  size=(--width 4)
  [ $space = macro ] || size=(--width-multiplier 0.25)
  "$programs/train_supernet" --space $space --space-restriction all --epochs 1 --batch 16 --images 32 \
    "${size[@]}" --dependency "shift<1>" --out $space > output 2> error || fail "$(cat error)"
  "${rank[@]}" $space --space-restriction all --sample 3 --out ranking-$space > output 2> error ||
    fail "$(cat error)"
  [ "$(wc -l < ranking-$space/ranking.csv)" = 4 ]
  "$programs/search_architectures" --supernet $space --objective supernet --objective macs \
    --validation 50 --batch 16 --population 4 --evaluations 6 --out search-$space > output 2> error ||
    fail "$(cat error)"
  "$programs/train_standalone" --space $space --architectures ranking-$space/ranking.csv --first 1 \
    --epochs 1 --images 32 --batch 16 "${size[@]}" --out $space.csv > output 2> error ||
    fail "$(cat error)"
  grep -qF "the best of 1: $(sed -n 2p ranking-$space/ranking.csv | cut -d, -f2), " output
done
refused 2 "rank them one by one" "${rank[@]}" macro fairnas --out x
echo "the whole road is as it should be"
