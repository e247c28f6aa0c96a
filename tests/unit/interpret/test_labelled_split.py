"""Which documents of a large corpus are read, and what reading takes."""

import tracemalloc
from functools import partial

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.interpret import labelling
from saetui.interpret.judging.evidence import STRONGEST
from saetui.interpret.judging.split import documents_to_read
from saetui.interpret.judging.trials import TOP
from saetui.interpret.labelling import LabelledSplit
from saetui.progress import Silent

TOPICS = ("tidal disruption events", "galaxy rotation curves", "gamma-ray bursts", "stellar winds")
RARE = len(TOPICS)
RARE_DOCUMENTS = 12
LIMIT = 240
BYTES = 1e9 / 420_000
"""What a document may take that is not read."""


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def text_of(row, times):
    topic = "magnetar giant flares" if is_rare(row) else TOPICS[row % 4]
    drawing = np.random.default_rng(row)
    asides = " ".join(f"aside{number}" for number in drawing.integers(0, 400, 12))
    return f"Paper {row}", f"We study {topic}. It has {asides}. " * times


def is_rare(row):
    return row % 100 == 7 and row < 100 * RARE_DOCUMENTS


def corpus_of(count):
    """Of every topic a quarter, and far apart the documents of a rare one."""
    rng = np.random.default_rng(0)
    features = np.array([[RARE if is_rare(row) else row % 4] for row in range(count)], np.int32)
    values = rng.uniform(0.1, 1, features.shape).astype(np.float32)
    directions = np.eye(16, dtype=np.float32)[features[:, 0]]
    vectors = directions + rng.normal(0, 0.1, (count, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return build_postings(Codes(features, values, RARE + 1)), vectors.astype(np.float16)


def study_of(count, monkeypatch, times=1, corpus=None, progress=None):
    monkeypatch.setattr(labelling, "documents_to_read", partial(documents_to_read, limit=LIMIT))
    postings, vectors = corpus or corpus_of(count)
    texts = (text_of(row, times) for row in range(count))
    return LabelledSplit(
        texts, postings, embeddings=vectors, embed=None, seed=0, progress=progress or Silent()
    )


def test_a_corpus_up_to_the_limit_is_read_whole():
    postings, _ = corpus_of(200)
    np.testing.assert_array_equal(documents_to_read(postings, 200, 0, 200), np.arange(200))


def test_of_a_larger_one_as_many_as_the_limit_are_read():
    postings, _ = corpus_of(2_000)
    rows = documents_to_read(postings, 2_000, 0, LIMIT)
    assert len(rows) == LIMIT
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, documents_to_read(postings, 2_000, 0, LIMIT))
    assert set(rows) != set(documents_to_read(postings, 2_000, 1, LIMIT))


def test_the_strongest_documents_of_each_feature_are_read():
    postings, _ = corpus_of(2_000)
    rows = set(documents_to_read(postings, 2_000, 0, LIMIT))
    assert set(postings.documents(RARE)[0]) <= rows
    each = min(STRONGEST, (LIMIT // 2 - RARE_DOCUMENTS) // len(TOPICS))
    for topic in range(len(TOPICS)):
        assert set(postings.documents(topic)[0][:each]) <= rows


def test_half_are_drawn_at_random_however_many_features_there_are():
    features = np.arange(2_000, dtype=np.int32)[:, None]
    postings = build_postings(Codes(features, np.ones((2_000, 1), np.float32), 2_000))
    few, other = (documents_to_read(postings, 2_000, seed, LIMIT) for seed in (0, 1))
    assert len(few) == LIMIT
    assert LIMIT // 2 <= len(set(few) & set(other)) < 0.7 * LIMIT


def test_features_of_a_corpus_read_in_part_are_named_and_scored(monkeypatch):
    progress = Notes()
    study = study_of(2_000, monkeypatch, progress=progress)
    assert "240 of 2,000 documents" in progress.notes[0]
    found = study.label_and_score()
    texts = [label.text for label in found.labels]
    assert texts[: len(TOPICS)] == [topic.capitalize() for topic in TOPICS]
    assert texts[RARE] == "Magnetar giant flares"
    read = documents_to_read(corpus_of(2_000)[0], 2_000, 0, LIMIT)
    assert sorted([*found.split.labelling, *found.split.held_out]) == read.tolist()
    assert (found.scores["words"].protocols[TOP].documents > 0).all()
    assert (found.scores["words"].protocols[TOP].f1.value > 0.9).all()
    assert found.quality.density[0] == pytest.approx(0.25, abs=0.02)


def test_a_document_that_is_not_read_takes_little_memory(monkeypatch):
    peaks = []
    # The first has whatever is loaded once loaded.
    for count in (300, 300, 1_300):
        corpus = corpus_of(count)
        tracemalloc.start()
        study_of(count, monkeypatch, times=8, corpus=corpus).name()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[2] - peaks[1]) / 1_000 < BYTES / 2
