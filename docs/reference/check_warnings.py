#!/usr/bin/env python3
"""Fails on what Doxygen warns of.

    check_warnings.py LOG

Of public names without a comment, these members of a commented class may go without, since name and type say
all there is: fields, constructors and operators, what the standard library names, and what the comment of a
concept or of a customization point of ours asks for by this name.
"""
import pathlib
import re
import sys

STANDARD = """begin end size empty min max push_back value_type reference pointer difference_type result_type
    iterator_concept iterator_category parse format
    type"""
ASKED_FOR = {
    "SearchSpace": "name choice_count choice_at dataflow_priors to_text from_text Space space_type architecture_type",
    "operations": "build responses cost kind Module forward forward_biased forward_deferred forward_adjusted"
                  " norm_channels branch apply",
    "dependency_state": "input_scale input_vector before after norm_adjustment copy begin_epoch split is_split",
    "networks": "Options options default_options for_each_field Operations Head Stem check stem geometries layers"
                " reduction head initialise stem_geometry stem_cost reduction_cost head_cost",
    "BatchSource": "example_count epoch evaluation calibration share text",
    "policies, orders": "prior_order priors effects",
    "distributions": "paths_per_step",
    "tables": "table_type",
}
KNOWN = set(STANDARD.split()).union(*(names.split() for names in ASKED_FOR.values()))


def may_go_without(warning):
    if "enable_view<" in warning:  # Doxygen cannot place a variable template of another namespace
        return True
    found = re.search(r"Member (.*) \((\w[\w ]*)\) of (?:class|struct) (.*) is not documented", warning)
    if not found:
        return False
    signature, kind, owner = found.groups()
    name = re.match(r"~?(operator|\w+)", signature).group(1)
    own_name = re.sub(r"<.*", "", owner).strip().split("::")[-1]
    return kind in ("variable", "friend") or name in ("operator", own_name) or name in KNOWN


def main():
    warnings = pathlib.Path(sys.argv[1]).read_text().splitlines()
    bad = sorted({warning for warning in warnings if warning.strip() and not may_go_without(warning)})
    if bad:
        sys.exit("\n".join(bad) + f"\n{len(bad)} warnings")


main()
