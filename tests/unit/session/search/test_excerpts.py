"""Of a passage that sentence is shown which has most of the query's words."""

import pytest

from saetui.session.search.response import excerpt

CHINESE = "\u6211\u4eec\u7814\u7a76\u75ab\u82d7\u3002"
TEXT = f"We fly over hills. An airship needs a hangar. It is large. {CHINESE}"


@pytest.mark.parametrize(
    ("query", "begins"),
    [
        ("airships in hangars", "An airship"),
        ("what is it", "We fly"),
        ("", "We fly"),
        ("how large it is", "It is large."),
        ("\u75ab\u82d7", "\u6211\u4eec"),
    ],
)
def test_the_sentence_with_most_words(query: str, begins: str) -> None:
    found = excerpt(TEXT, query)
    assert found.text.startswith(begins)
    assert TEXT[found.start :].startswith(begins)


def test_only_the_passage_is_looked_at() -> None:
    start = TEXT.index("It is")
    found = excerpt(TEXT, "airship", start, start + 12)
    assert (found.text, found.start) == ("It is large.", start)
    assert excerpt(TEXT, "airship", 3, 3).text == ""
