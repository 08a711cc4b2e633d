#!/usr/bin/env python3
"""Draws Vega-Lite specifications: draw.py FOLDER...

For each NAME.vl.json below the folders an SVG file NAME.svg beside it. vl-convert has to be on
PYTHONPATH; cmake/bootstrap.sh puts it into build/vega/python.
"""
import pathlib
import re
import sys

import vl_convert

folders = sys.argv[1:]
if not folders:
    sys.exit(__doc__)
for folder in folders:
    for path in sorted(pathlib.Path(folder).rglob("*.vl.json")):
        picture = path.with_name(path.name.removesuffix(".vl.json") + ".svg")
        svg = vl_convert.vegalite_to_svg(path.read_text(), vl_version="6.4")
        svg = re.sub(r'<path [^>]*opacity="0"[^>]*/>', "", svg)  # there to be hovered over
        svg = re.sub(r' (aria-\w+|role)="[^"]*"', "", svg)  # of each mark; the page has a text
        picture.write_text(svg + "\n")
        print(picture)
