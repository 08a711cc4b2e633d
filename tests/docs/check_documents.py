#!/usr/bin/env python3
"""Holds the documentation against the code.

    check_documents.py blocks FOLDER         every C++ block of README.md and docs/ stands in a file
                                             of docs/snippets, but for indentation and empty lines
    check_documents.py links FOLDER          every relative link of the pages leads to a file, and to a
                                             heading where it names one
    check_documents.py output PROGRAM PAGE...   what PROGRAM prints has a text block of each PAGE,
                                             whole; in lines with a measured number (one with a
                                             point) all numbers may differ, and so may
                                             architectures, since processors round differently
"""
import pathlib
import re
import subprocess
import sys


def lines_of(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def blocks_of(page, language):
    return [lines_of(block) for block in
            re.findall(rf"^ *```{language}\n(.*?)^ *```", page.read_text(), re.DOTALL | re.MULTILINE)]


def contains(lines, block):
    return any(lines[i:i + len(block)] == block for i in range(len(lines) - len(block) + 1))


def pages_of(folder):
    return [*sorted(folder.glob("*.md")), *sorted((folder / "docs").rglob("*.md"))]


def check_blocks(folder):
    snippets = [lines_of(path.read_text()) for path in (folder / "docs/snippets").glob("*.cpp")]
    found = 0
    for page in pages_of(folder):
        for block in blocks_of(page, "cpp"):
            found += 1
            if not any(contains(snippet, block) for snippet in snippets):
                sys.exit(f"{page}: no file of docs/snippets has this block:\n  " + "\n  ".join(block))
    if found == 0:
        sys.exit(f"{folder}: no page has a C++ block")


# The name by which a link finds a heading, as code hosts and the filter of the reference make it.
def anchor_of(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors_of(page):
    return {anchor_of(heading) for heading in
            re.findall(r"^#+ (.*)$", re.sub(r"(?ms)^```.*?^```", "", page.read_text()), re.MULTILINE)}


def check_links(folder):
    broken = []
    for page in pages_of(folder):
        text = re.sub(r"(?ms)^ *```.*?^ *```|`[^`\n]*`", "", page.read_text())
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", link):
                continue
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            if not target.exists() or (anchor and anchor not in anchors_of(target)):
                broken.append(f"{page}: {link} leads nowhere")
    if broken:
        sys.exit("\n".join(broken))


def check_output(program, pages):
    done = subprocess.run([program], capture_output=True, text=True)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    if done.returncode != 0:
        sys.exit(f"{program} ended with {done.returncode}")

    # Makers' libraries too: Intel's kernels are others on an AMD processor.
    def loose(line):
        line = re.sub(r"\b\d+(-\d+)+\b", "0-0", line)
        return re.sub(r"\d+(\.\d+)?", "0", line) if re.search(r"\d\.\d", line) else line

    def form(lines):
        return [loose(line) for line in lines]

    for page in pages:
        if not any(contains(form(lines_of(done.stdout)), form(block))
                   for block in blocks_of(page, "text")):
            sys.exit(f"{page} has no text block that {program} prints")


if len(sys.argv) == 3 and sys.argv[1] == "blocks":
    check_blocks(pathlib.Path(sys.argv[2]))
elif len(sys.argv) == 3 and sys.argv[1] == "links":
    check_links(pathlib.Path(sys.argv[2]))
elif len(sys.argv) >= 4 and sys.argv[1] == "output":
    check_output(sys.argv[2], [pathlib.Path(page) for page in sys.argv[3:]])
else:
    sys.exit(__doc__)
