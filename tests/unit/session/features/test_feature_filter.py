"""Features are chosen by words, meaning and figures."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.families import Families, Family, FamilyParameters
from saetui.core.truth import TrueShare
from saetui.errors import InputError
from saetui.session.features.feature_filter import FIGURES, FeatureFilter, FeatureTable
from saetui.store.features import FeatureQuality, FeatureRecord
from saetui.store.notes import FeatureNotes

parse = FeatureFilter.parse


def families_called(labels: Mapping[int, Sequence[str]]) -> Families:
    """Families with these labels, each of one feature, the largest first."""
    found = [(feature, label) for feature, each in labels.items() for label in each]
    families = [Family(i, each[0], each[1], (each[0],), (), 1) for i, each in enumerate(found)]
    return Families(FamilyParameters(), (), tuple(families), ())


def holds(
    text: str, found: FeatureRecord, families: Sequence[str] = (), notes: FeatureNotes | None = None
) -> bool:
    """Whether a feature, the only one there is, fulfils a filter."""
    only = replace(found, id=0)
    table = FeatureTable([only], families_called({0: families}))
    return bool(table.fulfilling(parse(text), {0: notes or FeatureNotes()})[0])


def record(number: int = 0, label: str = "Black holes", **figures: object) -> FeatureRecord:
    known = {
        "documents": 10, "density": 0.1, "mean_activation": 0.2, "max_activation": 0.5, **figures
    }  # fmt: skip
    return FeatureRecord(number, label, (), **known)  # type: ignore[arg-type]


def test_every_part_is_told_from_the_others() -> None:
    found = parse("black F1>=0.8 ~tidal waves density<1e-2 hole family:Any")
    assert found.words == "black hole"
    assert found.meaning == "tidal waves"
    assert [(c.figure, c.comparison, c.number) for c in found.conditions] == [
        ("f1", ">=", 0.8), ("density", "<", 0.01)
    ]  # fmt: skip
    assert found.named == (("family", "any"),)


@pytest.mark.parametrize("text", ["f1>", "f2>3", "colour:red", "a:b:c", "10>9", "f1>x", "x=~"])
def test_what_is_no_condition_is_a_word(text: str) -> None:
    assert parse(text) == FeatureFilter(words=text)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    holds(text, record())


@given(
    st.sampled_from(sorted(FIGURES)),
    st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    st.floats(0, 100).map(lambda number: round(number, 3)),
    st.floats(0, 100),
)
def test_a_condition_means_what_python_means(
    figure: str, comparison: str, number: float, value: float
) -> None:
    names = {"mean": "mean_activation", "max": "max_activation"}
    if figure in ("cohesion", "stability"):
        found = record(quality=FeatureQuality(**{figure: value}))
    elif figure == "true":
        found = record(true=TrueShare(value, 0, 1))
    elif figure == "id":
        found, value = record(0), 0
    else:
        found = record(**{names.get(figure, figure): value})
    python = comparison if comparison != "=" else "=="
    expected = eval(f"{value!r} {python} {number!r}")
    assert holds(f"{figure}{comparison}{number}", found) == expected


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_figure_that_is_not_known_fulfils_nothing(value: float | None) -> None:
    assert not holds("f1<2", record(f1=value))
    assert not holds("f1!=2", record(f1=value))


@pytest.mark.parametrize(
    ("wanted", "known", "fits"),
    [
        ("any", ["Galaxies"], True),
        ("any", [], False),
        ("none", ["Galaxies"], False),
        ("none", [], True),
        ("galax", ["Stars", "Galaxies"], True),
        ("quasar", ["Stars", "Galaxies"], False),
        ("alaxies", ["Stars", "Galaxies"], False),
    ],
)
def test_families_are_known_by_name(wanted: str, known: list[str], fits: bool) -> None:
    assert holds(f"family:{wanted}", record(), families=known) == fits


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        ("quality:mixed", True),
        ("quality:coherent", False),
        ("label:BLACK", True),
        ("label:none", False),
        ("label:hol", True),
        ("label:oles", False),
        ("note:odd", True),
        ("note:ne", False),
        ("quality:ixed", False),
        ("note:none", False),
        ("bookmark:any", True),
        ("bookmark:none", False),
        ("quality:mixed note:odd bookmark:any", True),
        ("quality:mixed note:fine", False),
    ],
)
def test_what_else_is_known_by_name(wanted: str, fits: bool) -> None:
    found = record(quality=FeatureQuality("mixed"))
    notes = FeatureNotes(bookmark=True, note="Odd one")
    assert holds(wanted, found, notes=notes) == fits


def order(
    records: list[FeatureRecord], key: str, families: Mapping[int, Sequence[str]] | None = None
) -> tuple[list[int], list[int]]:
    """Numbers of the features in ascending and in descending order."""
    table = FeatureTable(records, families_called(families or {}))
    both = [table.sorted(records[::-1], key, descending=descending) for descending in (False, True)]
    return [each.id for each in both[0]], [each.id for each in both[1]]


def test_sorting_puts_the_unknown_last_and_equals_by_number() -> None:
    scored = [record(i, f1=f1) for i, f1 in enumerate([0.5, None, 0.9, 0.5])]
    assert order(scored, "f1") == ([0, 3, 2, 1], [2, 0, 3, 1])
    named = [record(0, "b"), record(1, ""), record(2, "A")]
    assert order(named, "label") == ([2, 0, 1], [0, 2, 1])
    words = ["rare", "", "coherent", "rare"]
    judged = [record(i, quality=FeatureQuality(word)) for i, word in enumerate(words)]
    assert order(judged, "quality") == ([2, 0, 3, 1], [0, 3, 2, 1])
    assert order(scored, "family", {1: ["All", "b"], 3: ["A"]}) == ([3, 1, 0, 2], [1, 3, 0, 2])
    with pytest.raises(InputError, match="cannot be sorted by 'colour'"):
        order(scored, "colour")


@given(st.lists(st.floats(0, 1) | st.none(), max_size=8), st.data())
def test_what_is_sorted_may_be_a_part(values: list[float | None], data: st.DataObject) -> None:
    records = [record(i, pearson=value) for i, value in enumerate(values)]
    part = data.draw(
        st.lists(st.sampled_from(records), unique_by=lambda r: r.id) if records else st.just([])
    )
    found = FeatureTable(records, families_called({})).sorted(part, "pearson", descending=True)

    def place(each: FeatureRecord) -> tuple[bool, float, int]:
        return each.pearson is None, -(each.pearson or 0), each.id

    assert found == sorted(part, key=place)
