#!/usr/bin/env bash
# Commands that make no sense get one sentence and exit code 2, bad files a reason and exit code 1.
#
#   refusals.sh FOLDER_OF_THE_PROGRAMS
set -uo pipefail
programs=$1
failed=0

# refused CODE TEXT COMMAND...
refused() {
  local code=$1 text=$2 output status
  shift 2
  output=$("$@" 2>&1)
  status=$?
  if [ $status != "$code" ] || [[ $output != *"$text"* ]]; then
    echo "FAILED: $*"
    echo "  wanted exit code $code and '$text'; got $status and: $output"
    failed=1
  fi
}

refused 2 "--no-such-option" "$programs/train_supernet" --no-such-option
refused 2 "--dependency" "$programs/train_supernet" --dependency bias9
refused 2 "--split-epoch is only for --dependency split" \
  "$programs/train_supernet" --dependency none --split-epoch 3
refused 2 "not before the last" "$programs/train_supernet" --dependency split --epochs 4 --split-epoch 4
refused 2 "use digits, cifar10:FOLDER or fashion:FOLDER" "$programs/train_supernet" --data mnist
refused 2 "has 397 training images" "$programs/train_supernet" --images 5000
refused 1 "/no/such/folder" "$programs/train_supernet" --data cifar10:/no/such/folder
refused 2 "--truth" "$programs/rank_architectures" "$0"
refused 1 "$0" "$programs/rank_architectures" "$0" --truth "$0" --column x
refused 0 "Trains" "$programs/train_supernet" --help
[ $failed = 0 ] && echo "all refusals are as they should be"
exit $failed
