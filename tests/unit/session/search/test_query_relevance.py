"""Features of a query, as the documents that answer it bear them out."""

import math
import re
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui import SearchRequest
from saetui.core.query_features import SURE, TOLD
from saetui.core.truth import POSSIBLE_FROM, STEPS
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.saes import TRUTH

QUERIES = ["black hole merger", "attention in language models", "bleaching of reef"]


def counting(session: Session, feature: int) -> set[int]:
    return set(session.sae.counted.documents(feature)[0].tolist())


@pytest.mark.parametrize("query", QUERIES)
def test_a_feature_says_how_many_of_the_nearest_documents_count_for_it(
    session: Session, query: str
) -> None:
    response = session.search(SearchRequest(query, limit=TOLD, unfolded=True))
    found = {result.row for result in response.results}
    assert response.told == TOLD
    assert response.features
    assert any(feature.near for feature in response.features)
    for feature in response.features:
        assert feature.near == len(found & counting(session, feature.id))


@pytest.mark.parametrize("query", QUERIES)
def test_probabilities_follow_from_results_labels_and_directions(
    session: Session, query: str
) -> None:
    found = session.searcher.queries.of(SearchRequest(query))
    response = session.search(SearchRequest(query, limit=20, unfolded=True))
    said = np.exp((np.array([each.score for each in response.results]) - 1) / 0.2)
    weights, encoder = session.sae.weights, session.searcher.encoder
    centred = encoder.as_document(query, found.e) - weights.bias
    assert found.relevance is not None
    texts = [session.bundle.documents.document(each.row) for each in response.results[:10]]
    for feature in range(weights.n):
        rows = counting(session, feature)
        counts = np.array([each.row in rows for each in response.results])
        lift = math.log(
            (said @ counts / said.sum() + 0.02) / (len(rows) / len(session.bundle) + 0.02)
        )
        words = set(re.findall(r"\w+", session.sae.features[feature].label.casefold()))
        if any(word.endswith("s") for word in words):
            continue  # Stems are tested with `LabelWords`.
        shown = np.array(
            [
                bool(words) and words <= {*re.findall(r"\w+", f"{t.title} {t.text}".casefold())}
                for t in texts
            ]
        )
        in_texts = said[:10] @ shown / said[:10].sum()
        named = encoder.labels.named(query)[feature]
        cosine = weights.directions[feature] @ centred / np.linalg.norm(centred)
        odds = -7.3 + 1.3 * lift + 1.3 * named + 5.3 * in_texts + 9 * cosine
        assert found.relevance.probability[feature] == pytest.approx(
            1 / (1 + math.exp(-odds)), abs=2e-3
        ), session.sae.features[feature].label


def test_near_documents_speak_for_what_their_labels_may_be_true_of(tmp_path: Path) -> None:
    chances = {}
    for share in (0.9, POSSIBLE_FROM + 0.01, POSSIBLE_FROM - 0.01):
        path = make_bundle(tmp_path / f"{share}.bundle", truth=True)
        (place,) = path.glob(f"saes/*/{TRUTH}")
        np.save(place, np.full(len(np.load(place)), round(share * STEPS), np.uint8))
        with closing(Session(Bundle(path), embedder=HashEmbedder())) as session:
            found = session.searcher.queries.of(SearchRequest(QUERIES[0])).relevance
            assert found is not None
            chances[share] = found.probability
    counting, possible, impossible = chances.values()
    assert np.array_equal(counting, possible)
    assert possible.sum() > impossible.sum() + 0.2


@pytest.mark.parametrize("query", QUERIES)
def test_the_activation_shown_is_the_querys_own_and_steering_starts_from_it(
    session: Session, query: str
) -> None:
    plain = session.search(SearchRequest(query))
    z = session.searcher.queries.of(SearchRequest(query)).z
    assert {i for i, value in enumerate(z) if value > 0} <= {each.id for each in plain.features}
    for each in plain.features:
        assert each.activation == each.steered == z[each.id]
        raised = session.search(SearchRequest(query).nudge(each.id, 0.5, each.activation))
        now = {feature.id: feature for feature in raised.features}
        assert [*now] == [feature.id for feature in plain.features]
        assert now[each.id].steered == pytest.approx(each.activation + 0.5)


def test_a_document_that_has_no_say_is_no_evidence(session: Session) -> None:
    query = QUERIES[0]
    e = HashEmbedder().embed_query(query)
    best = session.search(SearchRequest(query, limit=11, unfolded=True)).results
    whole, less = (session.searcher.encoder.encoded(query, e, i) for i in (None, best[0].row))
    for feature in range(session.sae.weights.n):
        rows = counting(session, feature)
        assert whole.relevance.near[feature] == sum(each.row in rows for each in best[:10])
        assert less.relevance.near[feature] == sum(each.row in rows for each in best[1:])


def test_documents_as_queries_have_their_own_features(session: Session) -> None:
    response = session.search(SearchRequest(like=3))
    own = [feature.activation for feature in response.features]
    assert own == sorted(own, reverse=True)
    assert response.told == 0
    assert all(each.near is None and each.sure for each in response.features)


def test_what_is_sure_stands_first(session: Session) -> None:
    for query in QUERIES:
        request = SearchRequest(query)
        asked = session.searcher.queries.of(request).relevance
        features = session.search(request).features
        assert asked is not None
        chances = [float(asked.probability[each.id]) for each in features if each.sure]
        assert chances
        assert chances == sorted(chances, reverse=True)
        assert all(chance >= SURE for chance in chances)
        assert [each.sure for each in features] == sorted((f.sure for f in features), reverse=True)
