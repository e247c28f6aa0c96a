"""Features are chosen by words, meaning and figures."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import InputError
from saetui.session.filters import FIGURES, FeatureFilter, sort_features
from saetui.store.features import FeatureQuality, FeatureRecord

NAMES = ("family", "quality", "label")


def parse(text: str) -> FeatureFilter:
    return FeatureFilter.parse(text, NAMES)


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
    parse(text).holds(record(), {name: lambda _: () for name in NAMES})


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
    elif figure == "id":
        found = record(int(value))
        value = int(value)
    else:
        found = record(**{names.get(figure, figure): value})
    python = comparison if comparison != "=" else "=="
    expected = eval(f"{value!r} {python} {number!r}")
    assert parse(f"{figure}{comparison}{number}").holds(found, {}) == expected


@pytest.mark.parametrize("value", [None, math.nan])
def test_a_figure_that_is_not_known_fulfils_nothing(value: float | None) -> None:
    assert not parse("f1<2").holds(record(f1=value), {})
    assert not parse("f1!=2").holds(record(f1=value), {})


@pytest.mark.parametrize(
    ("wanted", "known", "holds"),
    [
        ("any", ["Galaxies"], True),
        ("any", [], False),
        ("none", ["Galaxies"], False),
        ("none", [], True),
        ("galax", ["Stars", "Galaxies"], True),
        ("quasar", ["Stars", "Galaxies"], False),
    ],
)
def test_named_facts(wanted: str, known: list[str], holds: bool) -> None:
    assert parse(f"family:{wanted}").holds(record(), {"family": lambda _: known}) == holds


def test_sorting_puts_the_unknown_last_and_equals_by_number() -> None:
    records = [record(i, f1=f1) for i, f1 in enumerate([0.5, None, 0.9, 0.5])]
    assert [r.id for r in sort_features(records, "f1", descending=True)] == [2, 0, 3, 1]
    assert [r.id for r in sort_features(records, "f1", descending=False)] == [0, 3, 2, 1]
    named = [record(0, "b"), record(1, ""), record(2, "A")]
    assert [r.id for r in sort_features(named, "label", descending=False)] == [2, 0, 1]
    assert [r.id for r in sort_features(named, "label", descending=True)] == [0, 2, 1]
    with pytest.raises(InputError, match="cannot be sorted by 'colour'"):
        sort_features(records, "colour", descending=True)
