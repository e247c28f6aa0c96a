"""The sentences that carry a feature are those that activate it, and it is said how it is known."""

from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, Vectors, make_bundle

from saetui.core.codec import preactivations
from saetui.core.documents import Document
from saetui.errors import EmbedderError, InputError
from saetui.progress import Progress
from saetui.session.evidence import EvidenceFinder, document_sentences
from saetui.session.session import Session
from saetui.store.bundle import Bundle

MERGERS, BLEACHING = 2, 11
PLANTED = "The merger of a binary ends in a chirp."
TEXT = f"Reefs are bleached by heat and stress. {PLANTED} We measure a sample of it."


class Counting(HashEmbedder):
    """Counts how often documents were embedded."""

    calls = 0

    def embed_documents(self, texts: list[str], progress: Progress | None = None) -> Vectors:  # type: ignore[override]
        Counting.calls += 1
        return super().embed_documents(texts, progress)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session whose first document is about two things, a sentence each."""
    session = Session(Bundle(make_bundle(tmp_path / "bundle")), embedder=Counting())
    document = Document("doc-0", "Two things", TEXT)
    monkeypatch.setattr(session.bundle.documents, "document", lambda row: document)
    return session


def marked(session: Session, feature: int, finder: EvidenceFinder | None = None) -> list[str]:
    found = (finder or EvidenceFinder(session)).of(0, feature)
    return [TEXT[each.start : each.end] for each in found.marked if not each.in_title]


def test_the_sentence_about_a_feature_is_marked_first(reader: Session) -> None:
    assert marked(reader, MERGERS)[0] == PLANTED
    assert marked(reader, BLEACHING)[0].startswith("Reefs")


def test_a_sentence_carries_what_its_embedding_activates(reader: Session) -> None:
    found = EvidenceFinder(reader).of(0, MERGERS)
    assert found.by == "meaning"
    assert found.sentences[0].in_title
    said = [("Two things" if s.in_title else TEXT)[s.start : s.end] for s in found.sentences]
    vectors = HashEmbedder().embed_documents(said)
    values = np.maximum(preactivations(reader.sae.weights, vectors)[:, MERGERS], 0)
    assert [each.carries for each in found.sentences] == pytest.approx(values.tolist(), abs=1e-5)
    strongest = max(values)
    assert all(each.marked <= (each.carries >= strongest / 2) for each in found.sentences)


def test_sentences_are_embedded_once_for_all_features(reader: Session) -> None:
    finder, before = EvidenceFinder(reader), Counting.calls
    for feature in (MERGERS, BLEACHING, MERGERS):
        marked(reader, feature, finder)
    assert Counting.calls == before + 1


def test_without_an_embedder_words_of_the_label_are_marked(
    reader: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: HashEmbedder, texts: list[str], progress: object = None) -> Vectors:
        raise EmbedderError("There are no weights.", "")

    monkeypatch.setattr(Counting, "embed_documents", broken)
    found = EvidenceFinder(reader).of(0, MERGERS)
    assert (found.by, found.why_words) == ("words", "There are no weights.")
    assert TEXT[found.marked[0].start : found.marked[0].end] == PLANTED


def test_texts_are_not_sent_to_an_endpoint_unasked(reader: Session) -> None:
    reader.bundle.manifest.embedder["spec"] = "openai:some-model"
    before = Counting.calls
    assert EvidenceFinder(reader).of(0, MERGERS).by == "words"
    assert Counting.calls == before
    assert EvidenceFinder(reader, remote=True).of(0, MERGERS).by == "meaning"


def test_what_is_not_there_is_refused(reader: Session) -> None:
    with pytest.raises(InputError):
        EvidenceFinder(reader).of(0, 99)
    with pytest.raises(InputError):
        EvidenceFinder(reader).of(1_000, 0)


def test_a_document_of_spaces_has_no_sentences() -> None:
    assert document_sentences(Document("x", "", " \n ")) == ()
