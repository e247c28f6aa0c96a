"""Changes survive being written down."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.changes import Change
from saetui.core.families import Family
from saetui.errors import InputError
from saetui.session.features.lookup import Lookup
from saetui.session.search.request_text import format_change, parse_change, parse_steering
from saetui.store.features import FeatureRecord

operations = st.sampled_from(["add", "set", "scale"])
amounts = st.floats(allow_nan=False, allow_infinity=False)


@given(st.builds(Change, operations, amounts))
def test_a_change_is_read_back_as_it_was(change: Change) -> None:
    read = parse_change(format_change(change))
    assert read == change
    assert math.copysign(1, read.amount) == math.copysign(1, change.amount)


@given(operations, st.integers(-(10**6), 10**6))
def test_whole_amounts_are_read_back_too(operation: str, amount: int) -> None:
    assert parse_change(format_change(Change(operation, amount))) == Change(operation, amount)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("+0.3", Change("add", 0.3)),
        ("-0.3", Change("add", -0.3)),
        ("0.3", Change("set", 0.3)),
        ("0", Change("set", 0)),
        ("to-0.3", Change("set", -0.3)),
        ("x2", Change("scale", 2)),
        ("x-0.5", Change("scale", -0.5)),
        ("neg", Change("scale", -1)),
        (" +1e-3 ", Change("add", 0.001)),
    ],
)
def test_every_form_is_read(text: str, change: Change) -> None:
    assert parse_change(text) == change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (Change("add", 0.3), "+0.3"),
        (Change("add", -1.0), "-1"),
        (Change("set", 0.0), "0"),
        (Change("set", -2.5), "to-2.5"),
        (Change("scale", 10.0), "x10"),
        (Change("scale", -1.0), "neg"),
    ],
)
def test_changes_are_written_short(change: Change, text: str) -> None:
    assert format_change(change) == text


@pytest.mark.parametrize(
    "text",
    ["", "+", "x", "to", "half", "+-1", "1 2", "nan", "+inf", "x1e999", "tonan", "negative", "NEG"],
)
def test_what_is_no_change_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a change") as raised:
        parse_change(text)
    assert "Write FEATURE=CHANGE" in raised.value.hint


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        change = parse_change(text)
    except InputError:
        return
    assert math.isfinite(change.amount)


def nothing(text: str) -> int:
    raise AssertionError(f"{text} is no text of any words")


@pytest.fixture
def lookup() -> Lookup:
    labels = ["Stars", "Dust", "Dwarf stars", "x=y"]
    features = [FeatureRecord(i, label, (), 5, 0.1, 0.2, 0.3) for i, label in enumerate(labels)]
    edges = ((0, 2, 0.5),)
    return Lookup(features, [Family(0, 0, "Stars", (0, 2), edges, 1)])


def test_features_are_named_by_number_or_label(lookup: Lookup) -> None:
    steering = parse_steering(["1=+0.5", "dwarf stars=x2", "x=y=neg"], lookup, nothing)
    assert steering == {1: Change("add", 0.5), 2: Change("scale", 2), 3: Change("scale", -1)}


def test_a_family_is_its_members(lookup: Lookup) -> None:
    by_family = parse_steering(["family:Stars=+0.25"], lookup, nothing)
    assert by_family == parse_steering(["0=+0.25", "2=+0.25"], lookup, nothing)
    assert by_family == parse_steering(["family: 0 =+0.25"], lookup, nothing)


def test_a_later_change_wins(lookup: Lookup) -> None:
    steering = parse_steering(["family:Stars=0", "Stars=+1", "Dust=1", "Dust=2"], lookup, nothing)
    assert steering == {0: Change("add", 1), 1: Change("set", 2), 2: Change("set", 0)}


def test_no_texts_are_no_changes(lookup: Lookup) -> None:
    assert parse_steering([], lookup, nothing) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not say what to steer"),
        ("Stars", "does not say what to steer"),
        ("=+0.5", "does not say what to steer"),
        (" =+0.5", "does not say what to steer"),
        ("Stars=", "'' is not a change"),
        ("Stars=much", "'much' is not a change"),
        ("Planets=+1", "No feature is called 'Planets'"),
        ("9=+1", "There is no feature 9"),
        ("family:Planets=+1", "No family is called 'Planets'"),
        ("family:=+1", "No family is called ''"),
        ("d=+1", "'d' could mean 2 features"),
    ],
)
def test_a_text_of_another_form_is_refused(lookup: Lookup, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_steering([text], lookup, nothing)


def test_any_words_are_looked_up(lookup: Lookup) -> None:
    asked: list[str] = []
    steering = parse_steering(["~ rare=words =+0.5"], lookup, lambda text: asked.append(text) or 3)
    assert steering == {3: Change("add", 0.5)}
    assert asked == ["rare=words"]
