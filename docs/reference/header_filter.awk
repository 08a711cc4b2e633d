# What Doxygen needs in a header beyond our comments, line by line, so that lines keep their numbers:
# a comment of the file itself, so that it has a page; the folder as the topic of all that the header has;
# formulas and code, which stand three columns in behind an empty line, as far in as Markdown's code. It goes
# without the text of kernels, which is no code of the header's.
NR == 1 {
  topic = FILENAME
  topic = sub(/.*\/include\/interchoice\//, "", topic) && sub(/\/.*/, "", topic) ? topic : ""
  $0 = $0 " /** @file */"
}
/^INTERCHOICE_CUDA_DEVICE_TEXT\(/ { in_text = 1 }
in_text { in_text = !/^\)$/; print ""; next }
topic != "" && /^namespace interchoice(::[a-z0-9_]+)? \{$/ { $0 = $0 " /** @addtogroup " topic " */ /** @{ */" }
topic != "" && /^\}  \/\/ namespace interchoice/ { $0 = "/** @} */ " $0 }
/^ *\/\/\/   / && (after_empty || in_code) { in_code = 1; sub(/\/\/\/   /, "///       "); print; next }
{ in_code = in_code && /^ *\/\/\/$/; after_empty = /^ *\/\/\/$/; print }
