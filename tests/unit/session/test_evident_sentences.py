"""The sentences that carry a feature are those that activate it, and it is said how it is known."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, Vectors, make_bundle

from saetui.core.codec import preactivations
from saetui.core.documents import Document
from saetui.errors import EmbedderError, InputError
from saetui.progress import Progress
from saetui.session.evidence import EvidenceFinder, document_sentences, nearly_alike
from saetui.session.session import Session
from saetui.store.bundle import Bundle

MERGERS, BLEACHING = 2, 11
PLANTED = "The merger of a binary ends in a chirp."
TEXT = f"Reefs are bleached by heat and stress. {PLANTED} We measure a sample of it."


ALIKE = (
    PLANTED,
    "The merger of black holes.",
    "A binary merger chirp.",
    "We see a chirp of a merger and a binary.",
    "Merger of black holes and a chirp.",
    "A black hole, a merger, a chirp, a horizon.",
)


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


def test_of_two_nearly_alike_the_one_whose_absence_costs_more_comes_first(
    reader: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = []
    for first, second in product(ALIKE, ALIKE):
        document = Document("doc-0", "Two things", f"{first} {second}")
        monkeypatch.setattr(reader.bundle.documents, "document", lambda row, it=document: it)
        found = EvidenceFinder(reader).of(0, MERGERS)
        values = np.array([each.carries for each in found.sentences])
        alike = nearly_alike(values)
        texts = [document] + [
            replace(document, text=document.text.replace(each, "")) for each in (first, second)
        ]
        if first == second or alike not in ([1, 2], [2, 1]):
            continue
        vectors = HashEmbedder().embed_documents([each.embedding_text for each in texts])
        whole, *without = np.maximum(preactivations(reader.sae.weights, vectors)[:, MERGERS], 0)
        lost = [each.lost for each in found.sentences]
        assert lost == pytest.approx([0, *(whole - each for each in without)], abs=1e-4)
        assert found.marked[0].order == max(each.order for each in found.sentences)
        orders.append(int(np.argmax(values)) == found.sentences.index(found.marked[0]))
    assert False in orders, "absence never decides"


def test_what_is_lost_is_computed_once(reader: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    document = Document("doc-0", "Two things", f"{PLANTED} {PLANTED}")
    monkeypatch.setattr(reader.bundle.documents, "document", lambda row: document)
    finder, before = EvidenceFinder(reader), Counting.calls
    for _ in range(3):
        finder.of(0, MERGERS)
    assert Counting.calls == before + 2


@pytest.mark.parametrize("values", [[], [0, 0], [1], [1, 0.5], [0.5, 1]])
def test_clear_cases_need_no_second_look(values: list[float]) -> None:
    assert nearly_alike(np.array(values, dtype=np.float32)) == []


def test_the_stronger_of_two_comes_first() -> None:
    assert nearly_alike(np.array([0.8, 0.1, 1], dtype=np.float32)) == [2, 0]


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
