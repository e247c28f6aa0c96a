"""Labels with scores, end to end on corpora whose features are known."""

import re

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.errors import BuildError, EmbedderError
from saetui.interpret.judging.judges import AND_TERMS, EMBEDDER, WORDS, WORDS_AND_EMBEDDER
from saetui.interpret.judging.trials import DECILES, PROTOCOLS, TOP
from saetui.interpret.labelling import LabelledSplit
from saetui.interpret.terms.vocabulary import Concept, Vocabulary
from saetui.progress import Silent

TOPICS = ("tidal disruption events", "galaxy rotation curves", "gamma-ray bursts", "stellar winds")
WIDTH = 64


def embed(texts):
    """Bags of words in random directions: a real, if simple, embedder."""
    rows = []
    for text in texts:
        seeds = [int.from_bytes(word.rstrip("s").encode()) % 2**32 for word in words_of(text)]
        vectors = [np.random.default_rng(seed).normal(size=WIDTH) for seed in seeds]
        rows.append(np.sum(vectors, axis=0) if vectors else np.zeros(WIDTH))
    x = np.array(rows, dtype=np.float32)
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)


def words_of(text):
    return re.findall(r"\w+", text.lower())


@pytest.fixture(scope="module")
def corpus():
    """Four features that stand for a topic each, a fifth active by chance, a sixth never."""
    rng = np.random.default_rng(0)
    documents, indices = [], []
    for row in range(400):
        topic = row % 4
        asides = " ".join(f"aside{number}" for number in rng.integers(0, 60, 12))
        documents.append((f"Paper {row}", f"We study {TOPICS[topic]}. It has {asides} {row}."))
        indices.append([topic, 4 if rng.random() < 0.3 else -1])
    indices = np.array(indices, dtype=np.int32)
    values = np.where(indices >= 0, rng.uniform(0.5, 1, indices.shape), 0).astype(np.float32)
    vectors = embed([text for _, text in documents]).astype(np.float16)
    return documents, build_postings(Codes(indices, values, 6)), vectors


def found(corpus, embed=embed, seed=0, vocabulary=None):
    documents, postings, vectors = corpus
    split = LabelledSplit(
        iter(documents),
        postings,
        embeddings=vectors,
        embed=embed,
        seed=seed,
        vocabulary=vocabulary,
        progress=Silent(),
    )
    return split.label_and_score()


def test_topics_are_named_and_score_well_and_chance_does_not(corpus):
    result = found(corpus)
    assert [label.text.lower() for label in result.labels[:4]] == list(TOPICS)
    scores = result.scores[WORDS_AND_EMBEDDER].protocols
    for name in (TOP, DECILES):
        assert scores[name].f1.value[:4].min() > 0.9
        assert scores[name].pearson.value[:4].min() > 0.8
    assert abs(scores[DECILES].pearson.value[4]) < 0.4
    assert result.scores[WORDS_AND_EMBEDDER].of(5) == ()
    assert result.quality.words[5] == "dead"


def test_every_judge_is_named_and_scores_every_protocol(corpus):
    kinds = {WORDS, EMBEDDER, WORDS_AND_EMBEDDER}
    result = found(corpus)
    assert set(result.scores) == kinds | {kind + AND_TERMS for kind in kinds}
    for name, scores in result.scores.items():
        assert [score.protocol for score in scores.of(0)] == list(PROTOCOLS)
        assert {score.judge for score in scores.of(0)} == {name}


def test_without_an_embedder_for_terms_labels_are_judged_by_words(corpus):
    result = found(corpus, embed=None)
    assert set(result.scores) == {
        kind + ending for kind in (WORDS, WORDS_AND_EMBEDDER) for ending in ("", AND_TERMS)
    }
    assert result.scores[WORDS].protocols[TOP].f1.value[:4].min() > 0.9


def test_the_labeller_reads_no_held_out_document(corpus):
    documents, postings, vectors = corpus
    before = found(corpus)
    changed = list(documents)
    for row in before.split.held_out.tolist():
        changed[row] = (f"Other {row}", f"Entirely different words {row} on comets {row + 1}.")
    vectors = vectors.copy()
    vectors[before.split.held_out] = vectors[before.split.held_out][::-1]
    after = found((changed, postings, vectors))
    np.testing.assert_array_equal(after.split.held_out, before.split.held_out)
    assert after.labels == before.labels


def test_labels_and_scores_are_the_same_every_time(corpus):
    one, same = found(corpus), found(corpus)
    assert one.labels == same.labels
    for name, scores in one.scores.items():
        for protocol, figures in scores.protocols.items():
            again = same.scores[name].protocols[protocol]
            np.testing.assert_array_equal(figures.f1.value, again.f1.value)
            np.testing.assert_array_equal(figures.pearson.value, again.pearson.value)


def test_no_text_is_embedded_twice(corpus):
    seen = []

    def noted(texts):
        seen.extend(texts)
        return embed(texts)

    found(corpus, noted)
    assert len(seen) == len(set(seen))


def test_the_seed_decides_the_split(corpus):
    one, other = found(corpus, seed=0), found(corpus, seed=1)
    assert set(one.split.held_out) != set(other.split.held_out)


def test_small_and_empty_corpora_have_labels_without_scores():
    documents = [("Quantum chromodynamics", "On quantum chromodynamics."), ("Comets", "Of ice.")]
    postings = build_postings(Codes(np.array([[0], [1]], np.int32), np.ones((2, 1), np.float32), 3))
    result = found((documents, postings, embed([text for _, text in documents])))
    assert [label.text for label in result.labels] == ["Quantum chromodynamics", "Comets", ""]
    assert result.scores == {}
    nothing = build_postings(Codes(np.empty((0, 1), np.int32), np.empty((0, 1), np.float32), 2))
    empty = found(([], nothing, np.empty((0, WIDTH), np.float16)))
    assert [label.text for label in empty.labels] == ["", ""]
    assert empty.scores == {}


def test_too_few_texts_are_refused(corpus):
    documents, postings, vectors = corpus
    with pytest.raises(BuildError, match="399 texts, but 400 embeddings"):
        found((documents[1:], postings, vectors))


@pytest.mark.parametrize("returned", [np.ones((1, WIDTH)), np.ones((1, 3)), np.empty((0, WIDTH))])
def test_an_embedder_that_returns_something_else_is_refused(corpus, returned):
    with pytest.raises(EmbedderError):
        found(corpus, lambda terms: returned)


@pytest.mark.parametrize("embedder", [None, embed], ids=["words", "words and meaning"])
def test_a_vocabulary_names_the_features_that_it_fits(corpus, embedder):
    field = (
        Concept("Tidal Disruption Event"),
        # Documents say the alternative, but the name has to be recognised, too.
        Concept("Rotation curves of a galaxy", ("galaxy rotation curve",)),
        Concept("Sea of galaxies", ("galaxy rotation curve",)),
        Concept("aside7"),
        Concept("Paper"),
    )
    plain = found(corpus, embedder)
    result = found(corpus, embedder, vocabulary=Vocabulary(field))
    assert [(label.text, label.method) for label in result.labels[:2]] == [
        ("Tidal Disruption Event", "vocabulary"),
        ("Rotation curves of a galaxy", "vocabulary"),
    ]
    assert result.labels[2:] == plain.labels[2:]
    scores = result.scores[WORDS_AND_EMBEDDER].protocols[DECILES]
    assert scores.f1.value[:4].min() > 0.9


def test_a_vocabulary_that_fits_nothing_changes_nothing(corpus):
    plain = found(corpus)
    other = found(corpus, vocabulary=Vocabulary((Concept("Coral reefs"), Concept("Opera"))))
    assert other.labels == plain.labels
    assert np.array_equal(other.truth, plain.truth)
    assert other.quality.words == plain.quality.words
    for name, scores in plain.scores.items():
        for protocol, figures in scores.protocols.items():
            for mine, its in ((figures.f1, other.scores[name].protocols[protocol].f1),):
                assert np.array_equal(mine.value, its.value, equal_nan=True)


def test_some_features_are_named_anew_from_a_vocabulary(corpus):
    documents, postings, vectors = corpus
    field = Vocabulary((Concept("TIDAL DISRUPTION EVENTS"), Concept("GAMMA-RAY BURSTS")))
    split = LabelledSplit(
        iter(documents),
        postings,
        embeddings=vectors,
        embed=embed,
        seed=0,
        progress=Silent(),
        vocabulary=field,
    )
    known = found(corpus).labels
    result = split.relabel([2, 4], known)
    assert result.labels[2].text == "GAMMA-RAY BURSTS"
    assert [*result.labels[:2], result.labels[3]] == [*known[:2], known[3]]
