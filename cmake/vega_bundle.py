"""Writes the script with which reports draw their figures: vega_bundle.py FILE

vl-convert has to be on PYTHONPATH.
"""
import pathlib
import sys

import vl_convert

licence = pathlib.Path(__file__).with_name("vega_licence.txt").read_text()
versions = (f"Vega {vl_convert.get_vega_version()}, Vega-Lite {vl_convert.get_vegalite_versions()[-1]}, "
            f"Vega-Embed {vl_convert.get_vega_embed_version()}")
target = pathlib.Path(sys.argv[1])
new = target.with_suffix(".new")
new.write_text(f"/* {versions}\n\n{licence}*/\n{vl_convert.javascript_bundle()}")
new.replace(target)
