"""Finding answers in what models write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.interpret.llm.judge import confidences_in
from saetui.interpret.llm.labeller import label_in
from saetui.interpret.llm.questions import Unusable, object_in, whole_number_in

WORDS = st.text(st.sampled_from("abcxyzABCéßøμ中文"), min_size=1, max_size=8)
PROSE = st.text(st.sampled_from('ab {}[]"\n:,\\`'), max_size=30)


@given(words=st.lists(WORDS, min_size=1, max_size=8), before=PROSE, after=PROSE)
def test_a_label_is_found_in_any_prose(words, before, after):
    label = " ".join(words)
    assert (
        label_in(before + "\n" + json.dumps({"label": label}) + after).casefold()
        == label.casefold()
    )


@given(st.text(max_size=200))
def test_any_reply_is_a_label_or_unusable(text):
    try:
        label = label_in(text)
    except Unusable:
        return
    assert 1 <= len(label.split()) <= 8
    assert "\n" not in label
    assert label == label.strip()


@given(st.text(max_size=200), st.integers(1, 3))
def test_any_reply_is_confidences_or_unusable(text, documents):
    try:
        confidences = confidences_in(text, documents)
    except Unusable:
        return
    assert len(confidences) == documents


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9), st.randoms())
def test_confidences_may_come_in_any_order(confidences, random):
    entries = [
        {"document": number, "confidence": confidence}
        for number, confidence in enumerate(confidences, 1)
    ]
    random.shuffle(entries)
    text = "Here:\n" + json.dumps({"judgements": entries})
    assert confidences_in(text, len(confidences)) == tuple(confidences)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('{"label": "  tidal   disruption\\nevents. "}', "Tidal disruption events"),
        ('{"label": "\u201cBlack holes\u201d"}', "Black holes"),
        ('{"label": "**mRNA vaccines**"}', "mRNA vaccines"),
        ('{"label": "[OIII] emission (5007 A)"}', "[OIII] emission (5007 A)"),
        ('{"label": "\\u202edlo"}', "<U+202E>dlo"),
        ('{"label": "draft"} no, rather {"label": "Final"}', "Final"),
        ('{"thoughts": {"label": "Inner"}, "label": "Outer"}', "Outer"),
        ("the label is: black holes", "Black holes"),
    ],
)
def test_labels_as_shown(text, label):
    assert label_in(text) == label


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"label": ""}',
        '{"label": "..."}',
        '{"label": null}',
        '{"label": ["a"]}',
        '{"label": "a b c d e f g h i"}',
        '{"label": "' + "x" * 200 + '"}',
        '{"label": "cut',
        "one line\nand another",
        "[" * 100_000,
        '{"a":' * 20_000,
    ],
)
def test_no_label(text):
    with pytest.raises(Unusable):
        label_in(text)


def test_objects_without_the_entry_are_passed_over():
    assert object_in('{"a": 1} {"b": 2} {"a": 3} {"c": 4}', "a") == {"a": 3}
    assert object_in("no object", "a") is None


@pytest.mark.parametrize(
    "text", ["1" + " " * 200_000, "1" + ")" * 200_000, "[" * 200_000, "1" * 5_000 + ": 1", "1: 9e9"]
)
def test_no_confidences(text):
    with pytest.raises(Unusable):
        confidences_in(text, 1)


@pytest.mark.parametrize("value", [True, None, [], "x", "nan", "inf", 10**400, 1.5, "1e999"])
def test_no_whole_number(value):
    with pytest.raises(ValueError):
        whole_number_in(value)
