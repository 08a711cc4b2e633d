# What Doxygen needs in a header beyond our comments: a comment of the file itself, so that it has a page, and
# formulas and code, which stand three columns in behind an empty line, as far in as Markdown's code.
NR == 1 { $0 = $0 " /** @file */" }
/^ *\/\/\/   / && (after_empty || in_code) { in_code = 1; sub(/\/\/\/   /, "///       "); print; next }
{ in_code = in_code && /^ *\/\/\/$/; after_empty = /^ *\/\/\/$/; print }
