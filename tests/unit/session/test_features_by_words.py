"""Features by any words: labels first, then meaning, and terms where nothing can be embedded."""

from pathlib import Path

import pytest
from bundles import HashEmbedder, Vectors

from saetui.errors import EmbedderError, InputError
from saetui.session.session import Session
from saetui.session.steering import best_feature, features_meant
from saetui.store.bundle import Bundle

BLACK_HOLES, MERGERS = 0, 2


def test_a_label_with_the_words_comes_before_what_they_mean(session: Session) -> None:
    assert best_feature(session, "mergers") == MERGERS
    assert best_feature(session, "black hol") == session.features.lookup.named("black hol")[0]


def test_meaning_comes_before_terms_of_a_feature(session: Session) -> None:
    # "horizon" is a term of the first feature, and in no label.
    assert session.features.lookup.matching("horizon") == [BLACK_HOLES]
    assert best_feature(session, "horizon") == features_meant(session, "horizon")[0].id
    assert best_feature(session, "flare beaming") == features_meant(session, "flare beaming")[0].id


class WithoutWeights(HashEmbedder):
    def embed_query(self, text: str) -> Vectors:
        raise EmbedderError("There are no weights.", "")


def test_without_an_embedder_terms_stand_in(bundle_folder: Path) -> None:
    session = Session(Bundle(bundle_folder), embedder=WithoutWeights())
    assert best_feature(session, "horizon") == BLACK_HOLES
    assert best_feature(session, "mergers") == MERGERS
    with pytest.raises(EmbedderError):
        best_feature(session, "zebra")
    with pytest.raises(InputError):
        best_feature(session, "!")
    session.close()


def test_what_documents_about_a_text_show_is_what_it_means(session: Session) -> None:
    found = [record.name for record in features_meant(session, "bilingual sentence")]
    assert found[0] == "Machine translation"
    assert len(found) == len({*found})
    assert all(record.documents for record in features_meant(session, "bilingual sentence"))
