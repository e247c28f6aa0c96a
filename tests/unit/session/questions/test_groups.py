from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.session.questions.compare import compare
from saetui.session.questions.groups import Shown, group, two_groups
from saetui.session.questions.units import units_of
from saetui.session.session import Session
from saetui.store.bundle import Bundle


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    folder: Path = make_bundle(tmp_path_factory.mktemp("bundles") / "small.bundle")
    return Session(Bundle(folder), embedder=HashEmbedder())


def test_the_results_of_a_search_are_those_that_it_finds(session: Session) -> None:
    found = group(session, 'search:"coral reef ocean"', first=7)
    assert found.size == 7
    titles = [session.title(row) for row in np.flatnonzero(found.mask)]
    assert all("coral reefs" in title for title in titles)


def test_a_search_is_made_among_the_documents_that_count(session: Session) -> None:
    one, other, _ = two_groups(session, "search:coral reef", within="after:2015", first=5)
    assert one.size == 5
    assert all(
        int(session.bundle.documents.document(row).published[:4]) >= 2015
        for row in np.flatnonzero(one.mask)
    )
    assert other.size == 25


def test_marked_results_are_a_group(session: Session) -> None:
    shown = Shown(SearchRequest("coral reef"), marked=(3, 5))
    found = group(session, "marked", shown=shown)
    assert np.flatnonzero(found.mask).tolist() == [3, 5]
    for nothing in (None, Shown(SearchRequest("coral reef"))):
        with pytest.raises(InputError, match="No results are marked"):
            group(session, "marked", shown=nothing)


def test_the_rest_is_what_the_first_group_lacks(session: Session) -> None:
    one, rest, shared = two_groups(session, "after:2015")
    assert not (one.mask & rest.mask).any()
    assert one.size + rest.size == 60
    assert shared == 0


def test_a_group_in_the_other_is_compared_with_what_else_is_there(session: Session) -> None:
    whole, part = (group(session, text).mask for text in ("after:2015", "after:2017"))
    one, other, shared = two_groups(session, "after:2017", "after:2015")
    assert np.array_equal(one.mask, part)
    assert np.array_equal(other.mask, whole & ~part)
    assert shared == 0
    one, other, _ = two_groups(session, "after:2015", "after:2017")
    assert np.array_equal(one.mask, whole & ~part)
    assert np.array_equal(other.mask, part)
    shown = Shown(SearchRequest("coral reef", limit=9))
    results = group(session, "results", 9, shown)
    marked = tuple(np.flatnonzero(results.mask)[:2].tolist())
    sizes = [
        each.size
        for each in two_groups(
            session, "marked", "results", first=9, shown=Shown(shown.request, marked)
        )[:2]
    ]
    assert sizes == [2, 7]


def test_groups_without_a_document_of_their_own_are_refused(session: Session) -> None:
    with pytest.raises(InputError, match="no document of its own"):
        two_groups(session, "after:2015", "after:2015")
    with pytest.raises(InputError, match="that passes the filter"):
        two_groups(session, "after:2015", "before:2014", within="after:2016")


def test_families_have_the_documents_of_their_members(session: Session) -> None:
    families, features = units_of(session, "family"), units_of(session, "feature")
    for family in session.sae.families:
        rows = {
            row for each in family.members for row in features.postings.documents(each)[0].tolist()
        }
        assert {*families.postings.documents(family.id)[0].tolist()} == rows


def test_examples_are_the_strongest_documents_of_each_group(session: Session) -> None:
    answer = compare(session, 'category:"Black holes"')
    (_, own), (_, others) = answer.examples(0, 3)
    values = dict(zip(*(each.tolist() for each in session.sae.postings.documents(0)), strict=True))
    assert [each.activation for each in own] == sorted(values.values(), reverse=True)[:3]
    assert all(each.row % 3 == 0 for each in own)
    assert all(each.row % 3 for each in others)
