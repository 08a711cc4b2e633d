#!/usr/bin/env python3
"""Filters a page for Doxygen, whose links and headings are others than a code host's.

    markdown_filter.py PAGE

Doxygen finds pages and headings by labels, so each gets one, made of its path and words, and links go to
labels. Pages that the index links to become its subpages, in that order: the tree beside the site.
Links to files that are no pages become plain text, except figures. Bold text that begins with code gets tags.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def word(text):
    return re.sub(r"\W+", "_", text.strip().lower()).strip("_")


def label_of(page):
    path = page.resolve().relative_to(ROOT).with_suffix("")
    return "page_" + word(str(path.relative_to("docs") if path.parts[0] == "docs" else path))


# A link's anchor and the heading that it means have the same letters and digits.
def heading_label(page, heading):
    return f"{label_of(page)}__{word(re.sub(r'[^a-z0-9]', '', heading.lower()))}"


def is_page(path):
    return path.suffix == ".md" and path.exists() and \
        (path.parent == ROOT or ROOT / "docs" in path.parents)


class Page:
    def __init__(self, path):
        self.path = path
        self.seen = set()
        self.is_index = path == ROOT / "docs/index.md"

    def link(self, match):
        bang, text, target = match.groups()
        if re.match(r"[a-z]+:", target):
            return match.group(0)
        name, _, anchor = target.partition("#")
        path = (self.path.parent / name).resolve() if name else self.path
        if bang or path.suffix == ".svg":
            return f"{bang}[{text}]({path.name})"
        if not is_page(path):
            return text
        if anchor:
            return f"[{text}](@ref {heading_label(path, anchor)})"
        kind = "subpage" if self.is_index and path not in self.seen else "ref"
        self.seen.add(path)
        return f'@{kind} {label_of(path)} "{text}"'

    def line(self, line):
        heading = re.match(r"(#+) (.*)$", line)
        if heading:
            marks, title = heading.groups()
            if marks == "#":
                return f"# {title} {{#{label_of(self.path)}}}"
            return f"{marks} {title} {{#{heading_label(self.path, title)}}}"
        line = re.sub(r"\*\*(`[^*]+)\*\*", r"<b>\1</b>", line)
        return re.sub(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", self.link, line)


def main():
    path = pathlib.Path(sys.argv[1]).resolve()
    page = Page(path)
    for part in re.split(r"(?ms)(^ *```.*?^ *```[^\n]*$)", path.read_text()):
        if part.lstrip().startswith("```"):
            sys.stdout.write(part)
        else:
            # Links may go over the end of a line.
            joined = re.sub(r"\[([^\]\n]*)\n *([^\]\n]*\]\()", r"[\1 \2", part)
            sys.stdout.write("\n".join(page.line(line) for line in joined.split("\n")))


main()
