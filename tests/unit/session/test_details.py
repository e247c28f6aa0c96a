"""Features and documents as a session shows them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.scores import cosines
from saetui.errors import BundleError, InputError
from saetui.session.session import Session, open_session
from saetui.store.bundle import Bundle
from saetui.store.index.building import Kind


@pytest.mark.parametrize("limit", [0, 1, 10, 2_000])
@pytest.mark.parametrize("feature", [0, 2, 14])
def test_a_feature_is_shown_by_its_documents(session: Session, feature: int, limit: int) -> None:
    detail = session.feature(feature, limit)
    rows, activations = session.sae.postings.documents(feature)
    assert len(rows) > 30
    assert detail.record == session.features[feature]
    assert [label.text for label in detail.labels] == [detail.record.label]
    assert [example.row for example in detail.top] == rows[:limit].tolist()
    assert [example.activation for example in detail.top] == activations[:limit].tolist()
    assert [example.id for example in detail.top] == [f"doc-{row}" for row in rows[:limit]]
    assert len(detail.histogram) == 32
    assert sum(detail.histogram) == len(rows) == detail.record.documents
    assert [len(span) for span in detail.deciles] == [3] * 10
    shown = [example for span in detail.deciles for example in span]
    assert [example.activation for example in shown] == sorted(
        (example.activation for example in shown), reverse=True
    )
    assert len({example.row for example in shown}) == 30
    assert set(map(len, (detail.nearest, detail.opposed))) == {min(limit, 23)}
    assert feature not in {other.id for other in (*detail.nearest, *detail.co_occurring)}
    for other in detail.co_occurring:
        both = set(rows.tolist()) & set(session.sae.postings.documents(other.id)[0].tolist())
        assert other.value == len(both) > 0
        assert other.lift is not None
        assert other.lift.low < other.lift.times < other.lift.high
    assert detail.families == session.sae.families.of_feature(feature)


def test_a_feature_that_never_fires_has_no_examples(session: Session) -> None:
    detail = session.feature(23)
    assert detail.record.documents == 0
    assert detail.record.name == "Feature 23 (never active)"
    assert detail.top == detail.co_occurring == detail.families == ()
    assert detail.deciles == ((),) * 10
    assert detail.histogram == (0,) * 32
    assert len(detail.nearest) == len(detail.opposed) == 10


@pytest.mark.parametrize("feature", [-1, 24, 10**9])
def test_unknown_features_are_refused(session: Session, feature: int) -> None:
    for ask in (session.feature, session.features.record):
        with pytest.raises(InputError, match=f"no feature {feature}: this SAE has 24"):
            ask(feature)


@pytest.mark.parametrize("limit", [0, 1, 10, 899, 5_000])
def test_a_document_is_not_its_own_neighbour(session: Session, limit: int) -> None:
    for row in (0, 450, 899):
        detail = session.document(row, limit)
        assert detail.document.id == f"doc-{row}"
        others = [neighbour.row for neighbour in detail.neighbours]
        assert row not in others
        assert len(set(others)) == len(others) == min(limit, 899)
        vector = np.asarray(session.bundle.embeddings[row], dtype=np.float32)
        scores = cosines(vector, session.bundle.embeddings)
        for neighbour in detail.neighbours:
            assert neighbour.activation == pytest.approx(scores[neighbour.row], abs=1e-6)
        values = [neighbour.activation for neighbour in detail.neighbours]
        assert values == sorted(values, reverse=True)


def test_a_documents_features_are_those_of_its_code(session: Session) -> None:
    for row in range(20):
        features = session.document(row, 1).features
        for feature in features:
            rows, activations = session.sae.postings.documents(feature.id)
            assert activations[rows.tolist().index(row)] == np.float32(feature.value)
            assert feature.name == session.features[feature.id].name
        values = [feature.value for feature in features]
        assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("row", [-1, 900, 10**12])
def test_unknown_rows_are_refused(session: Session, row: int) -> None:
    with pytest.raises(InputError, match=f"no document in row {row}: there are 900"):
        session.document(row)


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Session]:
    class Same(HashEmbedder):
        """Embeds all texts alike."""

        def embed_documents(self, texts: list[str], progress: object = None) -> np.ndarray:
            return np.repeat(super().embed_documents(["same"]), len(texts), axis=0)

    folder = make_bundle(tmp_path / "a.bundle", documents=30, embedder=Same())
    session = Session(Bundle(folder), embedder=HashEmbedder())
    yield session
    session.close()


def test_equal_documents_are_neighbours_in_their_order(twins: Session) -> None:
    assert [n.row for n in twins.document(0, 3).neighbours] == [1, 2, 3]
    assert [n.row for n in twins.document(2, 3).neighbours] == [0, 1, 3]
    assert [n.row for n in twins.document(29, 3).neighbours] == [0, 1, 2]


def test_a_single_document_has_no_neighbours(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "one.bundle", documents=1)
    session = Session(Bundle(folder), embedder=HashEmbedder())
    assert session.document(0).neighbours == ()
    with pytest.raises(InputError, match="there are 1"):
        session.document(1)
    session.close()


def test_without_documents_there_are_still_features(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "empty.bundle", documents=0)
    session = Session(Bundle(folder), embedder=HashEmbedder())
    session.warm()
    assert session.feature(0).top == ()
    assert len(session.features) == 24
    with pytest.raises(InputError, match="there are 0"):
        session.document(0)
    session.close()


def test_features_and_families_are_found_by_name(session: Session) -> None:
    assert session.features.lookup.feature("Black hole mergers") == 2
    assert session.features.lookup.family("Coral reefs").root == 10
    assert session.features.lookup is session.features.lookup
    assert [family.label for family in session.sae.families][:1] == ["Black holes"]


def test_threads_see_what_one_thread_sees(bundle_folder: Path) -> None:
    alone = Session(Bundle(bundle_folder), embedder=HashEmbedder())
    features = [alone.feature(i) for i in range(24)]
    documents = [alone.document(row) for row in range(60)]
    alone.close()
    together = Session(Bundle(bundle_folder), embedder=HashEmbedder())
    with ThreadPoolExecutor(8) as pool:
        warming = pool.submit(together.warm)
        seen_features = pool.map(together.feature, range(24))
        seen_documents = pool.map(together.document, range(60))
        assert list(seen_features) == features
        assert list(seen_documents) == documents
        warming.result()
    together.close()


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no bundle at"):
        open_session(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("kind", ["graph", "projected"])
def test_near_misses_are_those_of_comparing_with_every_document(tmp_path: Path, kind: Kind) -> None:
    found = []
    for name in ("exact", kind):
        folder = make_bundle(tmp_path / f"{name}.bundle", documents=200, index=name)
        session = Session(Bundle(folder), embedder=HashEmbedder())
        found.append([session.feature(feature).near_misses for feature in range(20)])
        session.close()
    assert found[0] == found[1]
    assert any(found[0])
