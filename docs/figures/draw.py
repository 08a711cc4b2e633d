#!/usr/bin/env python3
"""Draws Vega-Lite specifications: draw.py FOLDER...

For each NAME.vl.json below the folders an SVG file NAME.svg beside it. vl-convert has to be on
PYTHONPATH; cmake/bootstrap.sh puts it into build/vega/python.
"""
import pathlib
import sys

import vl_convert

folders = sys.argv[1:]
if not folders:
    sys.exit(__doc__)
for folder in folders:
    for path in sorted(pathlib.Path(folder).rglob("*.vl.json")):
        picture = path.with_name(path.name.removesuffix(".vl.json") + ".svg")
        picture.write_text(vl_convert.vegalite_to_svg(path.read_text(), vl_version="6.4"))
        print(picture)
