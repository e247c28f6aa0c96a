"""Labels end to end, on small corpora whose features are known."""

import re

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.errors import BuildError, EmbedderError
from saetui.interpret.judging.split import split_documents
from saetui.interpret.terms.naming import VERSION, name_features
from saetui.interpret.terms.tokens import read_documents
from saetui.progress import Silent

TOPICS = (
    "tidal disruption events",
    "galaxy rotation curves",
    "gamma-ray bursts",
    "molecular clouds",
    "stellar oscillations",
)
ASIDES = ("comets", "dust", "neutrinos", "magnetic fields", "planets", "telescopes", "black holes")
WIDTH = 64


def embed(texts):
    """Bags of words in random directions: a real, if simple, embedder."""
    rows = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        seeds = [int.from_bytes(word.rstrip("s").encode()) % 2**32 for word in words]
        vectors = [np.random.default_rng(seed).normal(size=WIDTH) for seed in seeds]
        rows.append(np.sum(vectors, axis=0) if vectors else np.zeros(WIDTH))
    x = np.array(rows, dtype=np.float32)
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)


def corpus(per_topic=12):
    documents, topics = [], []
    for place in range(per_topic):
        for topic, name in enumerate(TOPICS):
            title = name.title() if place % 3 == 0 else f"Note {place}"
            aside = ASIDES[(place + topic) % len(ASIDES)]
            text = f"We show that {name} are seen. The results on {name} hold for {aside}."
            documents.append((title, f"{text} In this paper $z \\sim {place}$ is studied."))
            topics.append(topic)
    return documents, np.array(topics, dtype=np.int32)


def labels_of(documents, indices, n, embed=embed):
    indices = np.asarray(indices, dtype=np.int32)
    indices = indices[:, None] if indices.ndim == 1 else indices
    values = (indices >= 0).astype(np.float32)
    return named(documents, Codes(indices, values, n), sample_embeddings(documents), embed)


def named(documents, codes, embeddings, embed):
    tokens = read_documents(iter(documents), len(embeddings), Silent())
    rows = split_documents(tokens, seed=0).labelling
    postings = build_postings(codes)
    return name_features(
        tokens, postings, rows, embeddings=embeddings, embed=embed, progress=Silent()
    ).labels


def sample_embeddings(documents):
    rows = [f"{title} {text[:500]}" for title, text in documents]
    return embed(rows).astype(np.float16) if rows else np.empty((0, WIDTH), np.float16)


@pytest.mark.parametrize("with_embedder", [True, False])
def test_topics_are_named(with_embedder):
    documents, topics = corpus()
    labels = labels_of(documents, topics, 6, embed if with_embedder else None)
    expected = [name[:1].upper() + name[1:] for name in TOPICS]
    assert [label.text for label in labels] == [*expected, ""]
    assert {label.method for label in labels[:5]} == {
        "terms+embedding" if with_embedder else "terms"
    }
    assert labels[5].method == "none"
    assert labels[5].terms == ()
    assert [label.feature for label in labels] == list(range(6))
    assert {label.version for label in labels} == {VERSION}
    assert all(label.terms[0] in TOPICS for label in labels[:5])


def test_features_of_the_same_documents_get_different_names():
    documents, topics = corpus()
    labels = labels_of(documents, np.stack([topics, topics + 5], axis=1), 10)
    texts = [label.text for label in labels]
    assert len(set(texts)) == 10
    assert all(texts[i + 5].startswith(texts[i]) or "," not in texts[i + 5] for i in range(5))


def test_labels_are_the_same_every_time():
    documents, topics = corpus()
    assert labels_of(documents, topics, 5) == labels_of(documents, topics, 5)


def test_a_feature_of_one_document_is_named_after_it():
    documents, _ = corpus()
    documents.append(("Quantum chromodynamics", "The theory of quantum chromodynamics."))
    documents.append(("Quantum chromodynamics again", "More quantum chromodynamics."))
    indices = np.full(len(documents), -1)
    indices[-2] = 0
    assert labels_of(documents, indices, 1)[0].text == "Quantum chromodynamics"


def test_a_corpus_of_one_document_and_one_of_equal_documents_are_named():
    for count in (1, 8):
        documents = [
            ("On tidal disruption events", "The tidal disruption events of stars.")
        ] * count
        label = labels_of(documents, [0] * count, 1)[0]
        assert label.text == "Tidal disruption events"


@pytest.mark.parametrize(
    ("title", "text", "label", "method"),
    [
        ("12 + 34", "5 6 7 8", "12 + 34", "title"),
        ("", "5 6 7 8", "5 6 7 8", "title"),
        ("  ", " \n ", "", "none"),
        ("$x^2$", "$y$", "$x^2$", "title"),
        ("of the", "and", "of the", "title"),
        ("", "\x1b[!\u202e", "\u241b[!<U+202E>", "title"),
        ("\ud800", "!", "\ufffd", "title"),
    ],
)
def test_without_words_the_strongest_document_lends_its_title(title, text, label, method):
    found = labels_of([(title, text), ("", "!"), ("", "?")], [0, -1, -1], 1)[0]
    assert (found.text, found.method) == (label, method)


def test_chinese_texts_are_named_by_what_they_share_or_by_title():
    documents = [
        (f"\u661f\u7cfb{row}", f"\u8fd9\u662f\u7b2c{row}\u7bc7\u3002") for row in range(120)
    ]
    label = labels_of(documents, [0] * 60 + [-1] * 60, 1)[0]
    # Every title has the word for galaxies, and the library that knows it may be missing.
    assert label.text == "\u661f\u7cfb" or label.text in {title for title, _ in documents[:60]}
    assert (label.method == "title") == (label.text != "\u661f\u7cfb")


def test_a_huge_document_is_read_in_part():
    documents, topics = corpus()
    documents[0] = (documents[0][0], documents[0][1] + " padding words" * 150_000)
    assert labels_of(documents, topics, 5)[0].text == "Tidal disruption events"


def test_markup_does_not_reach_labels():
    documents = [
        ("", f"The <i>H$\\alpha$</i> line &amp; the $\\gamma$-rays {row}.") for row in range(6)
    ]
    label = labels_of(documents, [0] * 6, 1)[0]
    assert set(label.terms) <= {"Halpha line", "Halpha", "gamma-rays"}


def test_an_empty_corpus_and_dead_features_have_no_names():
    labels = labels_of([], np.empty((0, 1)), 3)
    assert [label.text for label in labels] == ["", "", ""]
    assert [label.text for label in labels_of([("a", "b")], [-1], 2)] == ["", ""]


def test_too_few_texts_are_refused():
    documents, topics = corpus()
    codes = Codes(topics[:, None], np.ones((len(topics), 1), np.float32), 5)
    with pytest.raises(BuildError, match="59 texts, but 60 embeddings"):
        named(documents[1:], codes, sample_embeddings(documents), None)


def test_an_embedder_of_another_width_is_refused():
    documents, topics = corpus()
    with pytest.raises(EmbedderError, match="width 64"):
        labels_of(documents, topics, 5, lambda terms: np.ones((len(terms), 3)))
