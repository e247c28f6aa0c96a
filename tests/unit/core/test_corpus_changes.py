"""Whatever changes in a corpus, its rows end up right and nothing is embedded twice."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from saetui.core.documents import Content, corpus_changes

# Few texts, so that different documents often say the same.
Corpus = dict[int, tuple[int, int]]
corpora = st.dictionaries(
    st.integers(0, 11), st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=9
)


def contents(corpus: Corpus, order: list[int]) -> list[Content]:
    return [
        Content(f"d{number}", b"%d" % corpus[number][0], b"%d %d" % corpus[number])
        for number in order
    ]


@settings(max_examples=400)
@given(old=corpora, new=corpora, data=st.data())
@example(old={0: (0, 0), 1: (1, 0), 2: (2, 0)}, new={2: (2, 0)}, data=None)
def test_rows_say_what_the_new_corpus_says(old: Corpus, new: Corpus, data: st.DataObject) -> None:
    before, after = list(old), list(new)
    staying: set[int] = set()
    if data is not None:
        before = data.draw(st.permutations(before))
        after = data.draw(st.permutations(after))
        staying = data.draw(st.sets(st.integers(0, max(len(before) - 1, 0)))) & set(
            range(len(before))
        )
    was, wanted = contents(old, before), contents(new, after)
    changes = corpus_changes(was, wanted, staying)

    # What a store does: some rows are emptied, then some are written.
    rows: dict[int, Content] = dict(enumerate(was))
    for row in changes.cleared.tolist():
        del rows[row]
    count = len(changes.origin)
    for row in changes.written.tolist():
        assert row not in rows
        position, came_from = int(changes.position[row]), int(changes.came_from[row])
        rows[row] = wanted[position] if position >= 0 else was[came_from]

    assert sorted(rows) == list(range(count))
    stay = [was[row] for row in staying if was[row].id not in {c.id for c in wanted}]
    assert sorted(rows.values()) == sorted([*wanted, *stay])
    assert changes.stayed == len(stay)

    # A vector is taken from a text that is the same, and made only where no text is.
    texts = {content.text for content in was}
    for row, origin in enumerate(changes.origin.tolist()):
        if origin >= 0:
            assert was[origin].text == rows[row].text
        else:
            assert rows[row].text not in texts

    # Documents keep their rows while there are rows for them.
    for row, content in enumerate(was):
        if content.id in {each.id for each in rows.values()} and row < count:
            assert rows[row].id == content.id
    # What is written differs from what was there.
    for row in changes.written.tolist():
        assert row >= len(was) or rows[row] != was[row]

    ids = {content.id: content for content in was}
    kept = [content for content in rows.values() if content.id in ids]
    assert changes.new == count - len(kept)
    assert changes.removed == len(was) - len(kept)
    assert changes.edited == sum(ids[c.id].text != c.text for c in kept)
    assert changes.described == sum(
        ids[c.id].text == c.text and ids[c.id].whole != c.whole for c in kept
    )
    assert changes.nothing == (rows == dict(enumerate(was)))
    same = len(was) == count and all(rows[r].text == was[r].text for r in range(count))
    assert not changes.same_texts or same


@given(corpus=corpora, data=st.data())
def test_another_order_changes_nothing(corpus: Corpus, data: st.DataObject) -> None:
    old = contents(corpus, list(corpus))
    new = contents(corpus, data.draw(st.permutations(list(corpus))))
    changes = corpus_changes(old, new)
    assert changes.nothing
    assert changes.same_texts
    assert not len(changes.written)
