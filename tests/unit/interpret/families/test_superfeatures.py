"""What a family is called, and the documents it is active on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.core.codec import Codes, build_postings
from saetui.core.families import Families, Family, FamilyParameters
from saetui.interpret.families.co_occurrence import Activations
from saetui.interpret.families.superfeatures import (
    FamilyNames,
    family_documents,
    family_postings,
    strong_documents,
)

FAMILY = Family(0, 0, "", (0, 1, 2, 3), ((0, 1, 0.5), (0, 2, 0.5), (0, 3, 0.5)), 1)


def name(labels, terms, documents=(40, 20, 20, 10), others=8):
    """The name of `FAMILY` among `others` features that share nothing with it."""
    labels = [*labels, *(f"Other {i}" for i in range(others))]
    terms = [*terms, *((f"elsewhere {i}",) for i in range(others))]
    counts = np.array([*documents, *([10] * others)])
    return FamilyNames(labels, terms, counts).name(FAMILY)


def test_what_members_share_stands_behind_the_root():
    labels = ["Gas", "Reactions", "Methanol", "Dust"]
    terms = [("gas",), ("chemistry",), ("methanol", "chemistry"), ("Chemistry", "grains")]
    assert name(labels, terms) == "Gas: chemistry"


def test_two_members_are_too_few_to_speak_for_all():
    terms = [("gas",), ("chemistry",), ("chemistry",), ("grains",)]
    assert name(["Gas", "Reactions", "Methanol", "Dust"], terms) == "Gas"


def test_rare_members_do_not_speak_for_frequent_ones():
    labels = ["Gas", "Reactions", "Methanol", "Dust"]
    terms = [("gas",), ("chemistry",), ("chemistry",), ("chemistry",)]
    assert name(labels, terms, documents=(90_000, 90, 90, 90)) == "Gas"


def test_what_the_root_says_is_not_said_twice():
    labels = ["Exoplanets", "Hot exoplanets", "Transits", "Atmospheres"]
    terms = [(), ("exoplanet",), ("exoplanets",), ("hot exoplanets", "exoplanets")]
    assert name(labels, terms) == "Exoplanets"


def test_another_form_of_the_roots_word_is_not_said_either():
    labels = ["Denoising", "Noise", "Restoration", "Deblurring"]
    terms = [(), ("denoiser",), ("denoiser", "images"), ("denoisers", "images")]
    assert name(labels, terms) == "Denoising"


def test_what_all_features_list_does_not_tell_families_apart():
    labels = ["Gas", "Reactions", "Methanol", "Dust"]
    terms = [("gas",), ("data", "ice"), ("data", "ice"), ("data", "ice")]
    others = [("data",)] * 6
    names = FamilyNames(
        [*labels, *"abcdef"], [*terms, *others], np.array([40, 20, 20, 10, *([10] * 6)])
    )
    assert names.name(FAMILY) == "Gas: ice"


def test_a_name_too_long_for_a_list_stays_with_the_root():
    labels = ["A root whose own label is as long as they get", "B", "C", "D"]
    terms = [(), ("chemistry",), ("chemistry",), ("chemistry",)]
    assert name(labels, terms) == labels[0]


def test_without_a_name_of_the_root_the_shared_term_stands_alone():
    terms = [(), ("dark matter",), ("dark matter", "gas"), ("dust",)]
    assert name(["", "", "", ""], terms) == "Dark matter"


def test_without_any_label_and_term_a_family_has_no_name():
    assert name([""] * 4, [()] * 4) == ""


def test_all_families_are_named():
    families = Families(FamilyParameters(), (0, 1, 2, 3), (FAMILY,), ())
    labels = ["Gas", "Reactions", "Methanol", "Dust"]
    named = FamilyNames(labels, [()] * 4, np.full(4, 10)).named(families)
    assert [family.label for family in named] == ["Gas"]
    assert named[0].members == FAMILY.members


@st.composite
def sparse_codes(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    indices = np.array([rng.permutation(9)[:4] for _ in range(30)], dtype=np.int32)
    empty = rng.random(indices.shape) < 0.4
    values = rng.uniform(0.1, 1.0, indices.shape).astype(np.float32)
    return Codes(np.where(empty, -1, indices), np.where(empty, np.float32(0), values), 9)


@settings(deadline=None, max_examples=40)
@given(sparse_codes())
def test_a_family_is_active_by_the_norm_of_its_members(codes):
    dense = np.zeros((30, 9))
    rows, slots = np.nonzero(codes.indices >= 0)
    dense[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    members = (5, 0, 7)
    norms = np.linalg.norm(dense[:, members], axis=1)
    found, strengths = family_documents(Activations.of(build_postings(codes), members))
    assert set(found.tolist()) == set(np.flatnonzero(norms).tolist())
    np.testing.assert_allclose(strengths, norms[found], rtol=1e-6)
    assert (np.diff(strengths) <= 0).all()
    strong = {
        row
        for member in members
        for row in range(30)
        if dense[row, member] > 0 and dense[row, member] >= 0.5 * dense[:, member].max()
    }
    assert strong_documents(build_postings(codes), members).tolist() == sorted(strong)


def test_one_member_is_as_active_as_itself():
    codes = Codes(np.array([[1], [0], [0], [-1]]), np.array([[0.5], [0.25], [0.75], [0.0]]), 2)
    rows, strengths = family_documents(Activations.of(build_postings(codes), [0]))
    assert rows.tolist() == [2, 1]
    assert strengths.tolist() == [0.75, 0.25]


@pytest.mark.parametrize("members", [[1], [1, 2]])
def test_members_without_documents_have_none(members):
    codes = Codes(np.array([[0]], dtype=np.int32), np.ones((1, 1), np.float32), 3)
    rows, strengths = family_documents(Activations.of(build_postings(codes), members))
    assert len(rows) == len(strengths) == 0
    assert len(strong_documents(build_postings(codes), members)) == 0


@settings(deadline=None, max_examples=20)
@given(sparse_codes())
def test_families_stand_like_features(codes):
    postings = build_postings(codes)
    other = Family(1, 5, "", (5, 6, 7, 8), ((5, 6, 0.5), (5, 7, 0.5), (5, 8, 0.5)), 1)
    families = Families(FamilyParameters(), tuple(range(9)), (FAMILY, other), ())
    whole = family_postings(postings, families)
    strong = family_postings(postings, families, strong_only=True)
    assert whole.n == strong.n == 2
    for family in families:
        rows, strengths = family_documents(Activations.of(postings, family.members))
        np.testing.assert_array_equal(whole.documents(family.id)[0], rows)
        np.testing.assert_array_equal(whole.documents(family.id)[1], strengths)
        kept = np.isin(rows, strong_documents(postings, family.members))
        np.testing.assert_array_equal(strong.documents(family.id)[0], rows[kept])


def test_no_families_have_no_documents():
    codes = Codes(np.array([[0]], dtype=np.int32), np.ones((1, 1), np.float32), 3)
    none = Families(FamilyParameters(), (), (), ())
    assert family_postings(build_postings(codes), none).n == 0
