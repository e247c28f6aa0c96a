"""What the families of bundles are like, and whether they recover the categories of their corpus.

    python tests/benchmarks/families_truth.py BUNDLE ...

For every SAE of each bundle, with the paper's parameters and with ours: the statistics; agreement
with the documents' first categories, beside clusters of the features' directions and random
families; and how edges lie to documents and to the tree of categories (`astro-ph.GA` below
`astro-ph`). Documents need the field `categories`, a list or a string with blanks.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ground_truth import compare_with_groups, compare_with_tree

from saetui.core.families import FamilyParameters
from saetui.interpret.families.building import find_families
from saetui.interpret.families.statistics import family_statistics
from saetui.progress import Silent
from saetui.store.bundle import Bundle

OURS = FamilyParameters()
PARAMETERS = {
    "paper": FamilyParameters.as_in_the_paper(),
    "+ lift": replace(FamilyParameters.as_in_the_paper(), minimum_lift=OURS.minimum_lift),
    "cosine": replace(FamilyParameters.as_in_the_paper(), measure="cosine"),
    "ours": OURS,
}


def categories_of(bundle):
    found = []
    for document in bundle.documents:
        categories = document.metadata["categories"]
        found.append(categories.split() if isinstance(categories, str) else list(categories))
    return found


def rounded(value):
    return json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 3))


def show(path):
    bundle = Bundle(path)
    categories = categories_of(bundle)
    tree = {name: [name.split(".")[0]] for own in categories for name in own if "." in name}
    for record in bundle.manifest.saes:
        sae = bundle.sae(record.name)
        for name, parameters in PARAMETERS.items():
            families = find_families(sae.codes, sae.postings, parameters, Silent())
            print(f"{path.name} {record.name} {name}")
            figures = family_statistics(families, sae.codes, sae.postings)
            groups = compare_with_groups(
                families, sae.postings, sae.weights.directions, [own[0] for own in categories]
            )
            edges = compare_with_tree(families, sae.postings, categories, tree)
            for found in (figures, groups, edges):
                print(f"  {json.dumps(rounded(found.to_json()))}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    for argument in sys.argv[1:]:
        show(Path(argument))
