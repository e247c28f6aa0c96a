"""Features and families are found by what they are called, or an error says why not."""

import pytest

from saetui.core.families import Family
from saetui.errors import InputError
from saetui.session.features.lookup import Lookup
from saetui.store.features import FeatureRecord


def feature(number: int, label: str, *terms: str, documents: int = 1) -> FeatureRecord:
    return FeatureRecord(number, label, terms, documents, 0.1, 0.2, 0.3)


def family(number: int, label: str) -> Family:
    return Family(number, number, label, (number,), (), 1)


@pytest.fixture
def lookup() -> Lookup:
    return Lookup(
        [
            feature(0, "Black holes", "horizon", documents=40),
            feature(1, "Mergers of black holes", "chirp", documents=90),
            feature(2, "Blackbody spectra", "thermal", documents=60),
            feature(3, "Compact objects", "black", "holes", documents=80),
            feature(4, "", documents=0),
            feature(5, "", "dust", documents=3),
            feature(6, "Stra\u00dfe", documents=1),
            feature(7, "Dust 5", documents=9),
            feature(8, "Dust", documents=2),
            feature(9, "Dust", documents=7),
        ],
        [
            family(0, "Black holes"),
            family(1, "Black hole mergers"),
            family(2, "Dust"),
            family(3, ""),
        ],
    )


@pytest.mark.parametrize(
    ("words", "found"),
    [
        # Labels that begin so, the more frequent first; then within; then terms only.
        ("black", [2, 0, 1, 3]),
        ("black holes", [0, 1, 3]),
        ("BLACK  hole", [0, 1, 3]),
        ("holes black", [1, 0, 3]),
        ("black-holes!", [0, 1, 3]),
        # A word matches from its beginning only.
        ("ody", []),
        ("thermal", [2]),
        # The number first, then what holds it.
        ("5", [5, 7]),
        ("strasse", [6]),
        ("never active", [4]),
        ("nothing of the kind", []),
        ("", list(range(10))),
        (" ?! ", list(range(10))),
    ],
)
def test_better_matches_come_first(lookup: Lookup, words: str, found: list[int]) -> None:
    assert lookup.matching(words) == found


def test_expressions_are_taken_literally() -> None:
    lookup = Lookup([feature(0, "a.c (x)"), feature(1, "abc")], [])
    assert lookup.matching("a.c") == [0]
    assert lookup.matching("(x") == [0]
    assert lookup.matching(".*") == [0, 1]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("3", 3),
        (" 3 ", 3),
        ("black holes", 0),
        ("BLACKBODY", 2),
        ("chirp", 1),
        ("Feature 5", 5),
        ("feature 4 (never active)", 4),
        ("STRASSE", 6),
        ("dust 5", 7),
    ],
)
def test_a_feature_is_known_by_number_label_or_words(lookup: Lookup, name: str, found: int) -> None:
    assert lookup.feature(name) == found


@pytest.mark.parametrize("name", ["10", "-1", "99999999999999999999"])
def test_numbers_beyond_the_sae_are_refused(lookup: Lookup, name: str) -> None:
    with pytest.raises(InputError, match=f"no feature {name}: this SAE has 10"):
        lookup.feature(name)


@pytest.mark.parametrize("name", ["", "  ", "?!", "\u00b2", "nothing", "9" * 5_000])
def test_names_of_nothing_are_refused(lookup: Lookup, name: str) -> None:
    with pytest.raises(InputError, match="No feature is called"):
        lookup.feature(name)


def test_a_name_of_nothing_does_not_mean_the_only_one_there_is() -> None:
    lookup = Lookup([feature(0, "Dust")], [family(0, "Dust")])
    with pytest.raises(InputError):
        lookup.feature("!")
    with pytest.raises(InputError):
        lookup.family(" ")


def test_several_candidates_are_listed(lookup: Lookup) -> None:
    with pytest.raises(InputError) as raised:
        lookup.feature("dust")
    assert raised.value.message == "'dust' could mean 2 features: 8 Dust; 9 Dust."
    assert raised.value.hint == "Give the number."
    with pytest.raises(InputError, match=r"'black' could mean 4 features: 2 Blackbody spectra; 0 "):
        lookup.feature("black")


def test_a_long_list_of_candidates_is_cut() -> None:
    lookup = Lookup([feature(i, f"Dust {i}") for i in range(8)], [])
    with pytest.raises(InputError, match=r"could mean 8 features: .*4 Dust 4; \.\.\.\."):
        lookup.feature("dust")


@pytest.mark.parametrize(
    ("name", "found"), [("1", 1), ("black holes", 0), ("MERGERS", 1), ("dus", 2), ("3", 3)]
)
def test_a_family_is_known_by_number_label_or_part_of_it(
    lookup: Lookup, name: str, found: int
) -> None:
    assert lookup.family(name).id == found


@pytest.mark.parametrize(
    ("words", "found"),
    [("black", [0, 1]), ("mer bla", [1]), ("ole", []), ("", [0, 1, 2, 3]), ("!", [0, 1, 2, 3])],
)
def test_families_are_found_by_how_words_of_their_label_begin(
    lookup: Lookup, words: str, found: list[int]
) -> None:
    assert [each.id for each in lookup.families(words)] == found


def test_an_unclear_family_is_refused(lookup: Lookup) -> None:
    with pytest.raises(InputError, match="'black' could mean 2 families: 0 Black holes; 1 Black"):
        lookup.family("black")
    for name in ("4", "-1", "nothing", "", "\u00b2"):
        with pytest.raises(InputError, match="No family is called"):
            lookup.family(name)


def test_without_features_nothing_is_found() -> None:
    lookup = Lookup([], [])
    assert lookup.matching("") == lookup.matching("dust") == []
    with pytest.raises(InputError, match="this SAE has 0"):
        lookup.feature("0")
