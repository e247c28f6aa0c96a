"""Figures of retrieval, against values worked out by hand."""

import gzip
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle

from saetui.core.scores import Term
from saetui.core.steering import shown
from saetui.errors import InputError
from saetui.evaluate.beir import read_collection, read_judgements, read_queries
from saetui.evaluate.retrieval import (
    Coded,
    Collection,
    Feedback,
    by_meaning,
    by_words,
    fused,
    ndcg,
    recall,
    reconstructed,
    ways_of_feedback,
    with_feedback,
)
from saetui.progress import Silent
from saetui.store.bundle import Bundle


def test_ndcg_by_hand() -> None:
    relevant = {1: 2, 5: 1, 9: 1}
    best = 2 + 1 / math.log2(3) + 1 / 2
    found = 2 / math.log2(3) + 1 / math.log2(5)
    assert ndcg([7, 1, 8, 5], relevant) == pytest.approx(found / best)
    assert ndcg([1, 5, 9], relevant) == pytest.approx(1)
    assert ndcg([2, 3], relevant) == 0
    assert ndcg([0] * 10 + [1], relevant) == 0
    assert ndcg([1], {}) == 0


def test_recall_by_hand() -> None:
    assert recall([4, 1, 2], {1: 1, 2: 1, 3: 1, 9: 1}) == 0.5
    assert recall([4, 1, 2], {2: 1}, depth=2) == 0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return Bundle(make_bundle(tmp_path_factory.mktemp("bundles") / "a.bundle", documents=240))


NOTHING = Term(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


def words_of(bundle: Bundle) -> Callable[[str], Term]:
    """One for each word of the text that a document has."""

    def words(text: str) -> Term:
        counts = [
            sum(word in document.text.casefold() for word in text.split())
            for document in bundle.documents
        ]
        rows = np.flatnonzero(counts)
        return Term(rows, np.array(counts, dtype=np.float32)[rows])

    return words


@pytest.fixture
def files(tmp_path: Path, bundle: Bundle) -> tuple[Path, Path]:
    """Two topics are asked for; documents on a topic are relevant."""
    topics = {"q1": "bleaching", "q2": "merger"}
    queries, qrels = tmp_path / "queries.jsonl.gz", tmp_path / "qrels.tsv"
    with gzip.open(queries, "wt") as handle:
        handle.write('{"_id": "q1", "text": "coral reef heat stress"}\n\n')
        handle.write('{"id": "q2", "text": "black hole binary chirp"}\n')
        handle.write('{"_id": "q3", "text": "nobody judged this"}\n')
    lines = ["query-id\tcorpus-id\tscore"]
    for query, word in topics.items():
        for document in bundle.documents:
            if word in document.title.casefold():
                lines.append(f"{query}\t{document.id}\t1")
    lines += ["q1\tdoc-0\t0", "q1\tabsent\t1"]
    qrels.write_text("\n".join(lines) + "\n")
    return queries, qrels


def test_files_of_beir_are_read(files: tuple[Path, Path]) -> None:
    queries, qrels = files
    assert read_queries(queries)["q2"] == "black hole binary chirp"
    judgements = read_judgements(qrels)
    assert set(judgements) == {"q1", "q2"}
    assert "absent" in judgements["q1"]
    assert "doc-0" not in judgements["q1"]


@pytest.mark.parametrize("text", ["{}", "[1]", "no json", '{"_id": 1}'])
def test_what_is_no_query_is_named_by_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"_id": "1", "text": "a"}\n' + text + "\n")
    with pytest.raises(InputError, match="line 2, is no query"):
        read_queries(path)


@pytest.mark.parametrize("text", ["a\tb", "a\tb\tc", "a b 1"])
def test_what_is_no_judgement_is_named_by_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "q.tsv"
    path.write_text("a\tb\t1\n" + text + "\n")
    with pytest.raises(InputError, match="line 2, is no judgement"):
        read_judgements(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_queries(tmp_path / "none")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\n")
    with pytest.raises(InputError, match="not text in UTF-8"):
        read_judgements(tmp_path / "bytes")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a" * 1_000)[:20])
    with pytest.raises(InputError, match="cannot be read"):
        read_queries(tmp_path / "cut.gz")


def test_documents_that_are_not_there_are_never_found(
    bundle: Bundle, files: tuple[Path, Path]
) -> None:
    collection = read_collection(bundle, HashEmbedder(), *files, Silent(), words=words_of(bundle))
    assert len(collection.relevant) == len(collection.queries) == 2
    assert min(collection.relevant[0]) == -1
    found = by_meaning(collection, 0)
    assert found.queries == 2
    assert 0 < found.recall[0] < 1
    assert by_words(collection, 0).ndcg[0] > 0
    assert fused(collection, 0).ndcg[0] >= max(found.ndcg[0], by_words(collection, 0).ndcg[0])


def test_a_bundle_of_other_documents_is_refused(
    bundle: Bundle, files: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.tsv"
    other.write_text("q1\tx\t1\n")
    with pytest.raises(InputError, match="None of the documents"):
        read_collection(bundle, HashEmbedder(), files[0], other, Silent(), words=words_of(bundle))


def test_feedback_helps(bundle: Bundle, files: tuple[Path, Path]) -> None:
    collection = read_collection(
        bundle, HashEmbedder(), *files, Silent(), words=lambda text: NOTHING
    )
    sae = bundle.sae()
    coded = Coded(sae.weights, sae.codes, sae.postings, lambda i: shown(sae.postings, i))
    ways = ways_of_feedback(0.5)
    found = {each.name: each for each in with_feedback(collection, coded, ways, 0)}
    assert len(found) == len(ways)
    told_nothing = found[Feedback().name].ndcg[0]
    assert all(
        each.ndcg[0] > told_nothing for name, each in found.items() if name != Feedback().name
    )
    assert reconstructed(collection, coded, 0).queries == 2
    for quality in found.values():
        value, low, high = quality.ndcg
        assert low <= value <= high
        assert quality.gain is not None
        assert quality.gain[0] == pytest.approx(value - told_nothing)


def test_the_given_document_counts_nowhere(bundle: Bundle) -> None:
    sae = bundle.sae()
    coded = Coded(sae.weights, sae.codes, sae.postings, lambda i: shown(sae.postings, i))
    embeddings = np.asarray(bundle.embeddings, np.float32)
    opposed = int(np.argmin(embeddings @ embeddings[0]))
    collection = Collection(embeddings, embeddings[:1], [{0: 1, opposed: 1}], [NOTHING])
    # Pushed to the one relevant document, the search finds that, and the other is far away.
    (found,) = with_feedback(collection, coded, [Feedback(vector=1e4)], 0)
    assert (found.ndcg[0], found.recall[0]) == (0, 0)


def test_queries_with_one_relevant_document_say_nothing_about_feedback(bundle: Bundle) -> None:
    sae = bundle.sae()
    queries = np.asarray(bundle.embeddings[:2], np.float32)
    collection = Collection(bundle.embeddings, queries, [{3: 1}, {4: 1}], [NOTHING] * 2)
    coded = Coded(sae.weights, sae.codes, sae.postings, lambda i: shown(sae.postings, i))
    assert with_feedback(collection, coded, [Feedback()], 0) == []
