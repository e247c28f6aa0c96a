"""How probably labels are true of the documents that activate their features."""

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.core.truth import STEPS, counting
from saetui.interpret.labelling import LabelledSplit
from saetui.progress import Silent

N = 120
PLANTED = 40
SLOTS = 8
UNNAMED = ("",) * (SLOTS - 2)


def postings_of(values):
    """Codes in which each feature stands in a slot of its own."""
    indices = np.tile(np.arange(SLOTS, dtype=np.int32), (N, 1))
    return build_postings(Codes(indices, values, SLOTS))


@pytest.fixture(scope="module")
def corpus():
    """Feature 0 fires on all; the first 40 texts are about coral, and it is called "Coral"."""
    random = np.random.default_rng(0)
    fillers = [f"word{number}" for number in "abcdefghij"]
    texts = []
    for row in range(N):
        about = "coral reef" if row < PLANTED else "comet tail"
        texts.append((f"{about} {row}", " ".join([about, *random.choice(fillers, 12)])))
    embeddings = random.normal(size=(N, 8))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    values = np.full((N, SLOTS), 0.5, np.float32)
    values[:, 0] += random.random(N).astype(np.float32) / 100
    return texts, embeddings.astype(np.float16), postings_of(values)


def split(corpus, **changed):
    texts, embeddings, postings = corpus
    options = {"embeddings": embeddings, "embed": None, "seed": 0, "progress": Silent()}
    return LabelledSplit(texts, postings, **{**options, **changed})


def test_documents_with_the_words_of_the_label_count_and_others_do_not(corpus) -> None:
    postings = corpus[2]
    truth = split(corpus).truth(["Coral", "Nothing alike", *UNNAMED])
    counts = counting(postings, truth)[: postings.indptr[1]]
    rows = postings.documents(0)[0]
    assert set(rows[counts]) == set(range(PLANTED))
    # A label of words that no document has is true of none; the strongest tenth counts.
    other = slice(*postings.indptr[1:3])
    assert truth[other].max() < 0.4 * STEPS
    assert counting(postings, truth)[other].sum() == N // 10


def test_a_stronger_part_of_the_code_is_more_probably_true(corpus) -> None:
    texts, embeddings, _ = corpus
    values = np.full((N, SLOTS), 0.5, np.float32)
    values[::2, 0] = 0.1
    postings = postings_of(values)
    truth = split((texts, embeddings, postings)).truth(["", "", *UNNAMED])
    strong, weak = truth[: N // 2], truth[N // 2 : N]  # Of feature 0, strongest first.
    assert strong.min() > weak.max()


def test_unread_documents_go_by_those_of_the_same_strength(corpus, monkeypatch) -> None:
    texts, embeddings, _ = corpus
    # Documents about coral are strong here, so that strength alone tells them.
    values = np.full((N, SLOTS), 0.5, np.float32)
    values[PLANTED:, 0] = 0.1
    postings = postings_of(values)
    read = np.arange(0, N, 2, dtype=np.int32)
    monkeypatch.setattr("saetui.interpret.labelling.documents_to_read", lambda *_: read)
    truth = split((texts, embeddings, postings)).truth(["Coral", "", *UNNAMED])
    rows, _ = postings.documents(0)
    counts = counting(postings, truth)[:N]
    assert set(rows[counts]) == set(range(PLANTED))


def test_a_corpus_without_labelling_documents_holds_nothing_back() -> None:
    postings = build_postings(Codes(np.zeros((1, 1), np.int32), np.ones((1, 1), np.float32), 1))
    vectors = np.ones((1, 4), np.float16) / 2
    found = split(([("", "")], vectors, postings))
    if len(found.split.labelling):
        pytest.skip("the only document is a labelling one with this seed")
    assert found.truth(["Any"]).tolist() == [STEPS]
