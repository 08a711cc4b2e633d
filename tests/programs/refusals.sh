#!/usr/bin/env bash
# Commands that make no sense get one sentence and exit code 2, bad files a reason and exit code 1;
# what cannot be written is refused before the work, and what is there stays as it is.
#
#   refusals.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
programs=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
fail() {
  echo "FAILED: $*"
  failed=1
}

# refused CODE TEXT COMMAND...
refused() {
  local code=$1 text=$2 output status
  shift 2
  output=$("$@" 2>&1)
  status=$?
  if [ $status != "$code" ] || [[ $output != *"$text"* ]]; then
    fail "$*: wanted exit code $code and '$text'; got $status and: $output"
  fi
}

refused 2 "--no-such-option" "$programs/train_supernet" --no-such-option
refused 2 "--dependency" "$programs/train_supernet" --dependency "bias<9>"
refused 2 "--split-epoch is for a --dependency with split<on_demand> or staged_split<2>, not none" \
  "$programs/train_supernet" --dependency none --split-epoch 3
refused 2 "not before the last" \
  "$programs/train_supernet" --dependency "split<on_demand>" --epochs 4 --split-epoch 4
refused 2 "--space" "$programs/train_supernet" --space nasbench999
refused 2 "--cells is no size of the network fairnas" \
  "$programs/train_supernet" --space fairnas --cells 2 --out "$folder/net"
refused 2 "use digits, cifar10:FOLDER, fashion:FOLDER or folder:PATH" \
  "$programs/train_supernet" --data mnist
refused 2 "--image-size is for --data folder:PATH only" "$programs/train_supernet" --image-size 32 \
  --out "$folder/net"
refused 2 "--prefetch is for --data folder:PATH only" "$programs/train_supernet" --prefetch 2 \
  --out "$folder/net"
refused 2 "--warm-up 3 is not less than --epochs 3" "$programs/train_supernet" --warm-up 3 --epochs 3
refused 2 "has 397 training images" "$programs/train_supernet" --images 5000
refused 1 "/no/such/folder" "$programs/train_supernet" --data cifar10:/no/such/folder
refused 2 "--truth requires --column" "$programs/rank_architectures" "$0" --truth "$0"
refused 2 "--column requires --truth" "$programs/rank_architectures" "$0" --column x
refused 1 "$0" "$programs/rank_architectures" "$0" --truth "$0" --column x
refused 2 "--predictors requires --truth" "$programs/rank_architectures" "$0" --predictors nwot
refused 2 "there is no score 'luck'; take one of parameters" \
  "$programs/rank_architectures" "$0" --truth "$0" --column x --predictors nwot,luck
refused 0 "Trains" "$programs/train_supernet" --help

if [ -x "$programs/export_architecture" ]; then  # where protozero is
  export=("$programs/export_architecture" "$0" --architecture "|none~0|+")
  refused 2 "ends in .onnx, .pt2, .pt or .safetensors" "${export[@]}" --to "$folder/x.txt"
  refused 2 "--fold-batch-norm is for .onnx" "${export[@]}" --to "$folder/x.pt" --fold-batch-norm
  refused 1 "$0" "${export[@]}" --to "$folder/x.onnx"
fi

# Numbers that are none, or others than they look.
train=("$programs/train_supernet" --epochs 1 --width 2 --cells 1 --stages 1 --images 32)
refused 2 "--seed: '-1' is no whole number" "${train[@]}" --seed=-1
refused 2 "--seed: '18446744073709551616' is no whole number" "${train[@]}" \
  --seed 18446744073709551616
refused 2 "leave out the zeros" "${train[@]}" --seed 010
for option in --seed --images --split-epoch --epochs --batch; do
  for number in -1 0x10 1e3 1.5 nan; do
    refused 2 "$option: '$number' is no whole number" "${train[@]}" "$option=$number"
  done
done
for number in nan inf -inf -1 0 1e999 0.1x; do
  refused 2 "'$number' is no finite number" "${train[@]}" "--learning-rate=$number"
done
standalone=("$programs/train_standalone" --out "$folder/truth.csv")
refused 2 "'nan' is no finite number" "${standalone[@]}" --weight-decay nan
refused 2 "'nan' is no number in" "${standalone[@]}" --label-smoothing nan
refused 2 "'-1' is no whole number" "${standalone[@]}" --warm-up=-1
refused 2 "'nan' is no number in" "$programs/search_architectures" --objective macs \
  --swap-probability nan
refused 2 "a finite number" "$programs/search_architectures" --objective macs \
  --at-most parameters=nan --out "$folder/search"
refused 2 "'-1' is no whole number" "$programs/demo" --seed=-1
refused 2 "'0' is no finite number above 0" "$programs/study_power" --sd 0.1,0
refused 2 "'1' is no whole number in" "$programs/study_power" --sd 0.1 --pairs 5,1
refused 2 "--power 0.05 is not above --alpha 0.05" "$programs/study_power" --sd 0.1 --power 0.05

# Two files of a command that are one, however they are spelled.
touch "$folder/file"
ln -s "$folder" "$folder/link"
ln "$folder/file" "$folder/hard"
for other in "$folder/file" "$folder/./file" "$folder/link/file" "$folder/hard"; do
  refused 2 "are the same file" "${train[@]}" --state "$folder/file" --out "$other"
done
refused 2 "are the same file" env -C "$folder" "${train[@]}" --state new --out ./new
refused 2 "are the same file" "${train[@]}" --state "$folder/x.csv" --out "$folder/x"
refused 2 "are the same file" "${train[@]}" --stopped-out "$folder/x" --out "$folder/x"
refused 2 "are the same file" "${train[@]}" --data "cifar10:$folder/file" --out "$folder/file"
refused 2 "--out and the report are the same file" "$programs/redraw_report" "$folder" \
  --out "$folder/../$(basename "$folder")"
[ -s "$folder/file" ] && fail "an output that is refused was written"

# What cannot be written is refused before the work: no progress is shown.
unwritable() {
  local output status=0
  output=$("${train[@]}" "$@" 2>&1) || status=$?
  if [ $status != 1 ] || [[ $output == *epoch* ]] || [[ $output != *"cannot be written"* ]]; then
    fail "$*: wanted a refusal before the training; got $status and: $output"
  fi
}
unwritable --out "$folder/nowhere/net.safetensors"
unwritable --out "$folder"
unwritable --out "$folder/net" --state "$folder/nowhere/state"
unwritable --out "$folder/net" --stopped-out "$folder/nowhere/net"
[ -e "$folder/net" ] && fail "an output was written although another cannot be"
mkfifo "$folder/fifo"
unwritable --out "$folder/fifo"
[ -p "$folder/fifo" ] || fail "a FIFO was replaced"
ln -s file "$folder/symlink"
unwritable --out "$folder/symlink"
[ -L "$folder/symlink" ] || fail "a link was replaced"
if mknod "$folder/device" c 1 3 2> "$folder/error"; then  # only for root
  unwritable --out "$folder/device"
  [ -c "$folder/device" ] || fail "a device was replaced"
fi
mkdir "$folder/truth.csv"
refused 1 "cannot be written" "${standalone[@]}"
refused 1 "cannot make this folder" "$programs/demo" --out "$folder/file"
mkdir -p "$folder/report/report.html"
refused 1 "report.html: cannot be written" "$programs/demo" --out "$folder/report"
refused 1 "index.html: cannot be written" "$programs/reproduce/table5_protocols" \
  --out "$(mkdir -p "$folder/study/table5/index.html"; echo "$folder/study")"

# Messages hold no control characters, and end somewhere.
control=$'\e[31m'
for options in "--out=$folder/$control/net" "--data=$control" "$control" "--dependency=$control"; do
  refused 2 "--" "${train[@]}" "--no-such=$options"
  output=$("${train[@]}" "$options" 2>&1) && fail "$options: no error"
  [[ $output == *$'\e'* ]] && fail "an escape character in: $output"
done
printf 'arch,accuracy\n|nor_conv_3x3~0|,%s\n' "$(head -c 1000000 /dev/zero | tr '\0' x)" \
  > "$folder/wide.csv"
output=$("$programs/search_architectures" --objective "a=$folder/wide.csv:accuracy:max" \
  --out "$folder/search" 2>&1) && fail "a field of a million bytes is no error"
[ ${#output} -lt 5000 ] || fail "a message of ${#output} bytes"

# An error of libtorch's is its message, without stack frames: one image is too few for BatchNorm.
output=$("$programs/train_supernet" --images 1 --stages 4 --cells 1 --width 2 --epochs 1 \
  --out "$folder/one" 2>&1) && fail "BatchNorm of one value is no error"
[ "$output" = "train_supernet: Expected more than 1 value per channel when training, got input size \
[1, 16, 1, 1]" ] || fail "an error of libtorch: $output"

# Standard output that is lost is an error; the results are there all the same.
status=0
"${train[@]}" --out "$folder/full" > /dev/full 2> "$folder/error" || status=$?
if [ $status != 1 ] || ! grep -q "standard output could not be written" "$folder/error"; then
  fail "a full standard output: $status, $(cat "$folder/error")"
fi
[ -s "$folder/full" ] || fail "no results where standard output is full"
"$programs/train_supernet" --help > /dev/full 2> "$folder/error" && fail "--help to a full device"

# No file gets the place of a standard stream that is closed.
"${train[@]}" --out "$folder/silent" 2>&- > "$folder/output" || fail "without standard error"
"${train[@]}" --out "$folder/lost" 1>&- 2>&- && fail "without standard output, no error"
"${train[@]}" --out "$folder/deaf" <&- > "$folder/output" 2> "$folder/error" ||
  fail "without standard input"
for name in silent lost deaf; do
  cmp -s <(cut -d, -f1-4 "$folder/full.csv") <(cut -d, -f1-4 "$folder/$name.csv") ||
    fail "the record $name.csv is not as it should be"
done
[ $failed = 0 ] && echo "all refusals are as they should be"
exit $failed
