"""Vectors that come with a corpus: in one of its columns, or beside it with some of no use."""

import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from bundles import HashEmbedder, make_documents
from command_line import Run

from saetui.store.bundle import Bundle

TRAINING = ("--sae", "k4-n24", "--epochs", "1")
FOUND = list(make_documents(120))
VECTORS = HashEmbedder(32).embed_documents([each.embedding_text for each in FOUND])


def write(path: Path, rows: slice, texts: list[str] | None = None) -> Path:
    """A table with vectors in one column and lists of numbers in another."""
    documents = FOUND[rows]
    table = {
        "id": [each.id for each in documents],
        "text": texts or [each.text for each in documents],
        "embedding": [vector.tolist() for vector in VECTORS[rows]],
        "places": [[1, 2] for _ in documents],
    }
    pyarrow.parquet.write_table(pyarrow.table(table), path)
    return path


def test_a_column_of_the_corpus_holds_the_vectors(run: Run, tmp_path: Path) -> None:
    texts = [each.text for each in FOUND[:100]]
    # Its document is not read, and its vector must not move the others.
    texts[3] = ""
    corpus = write(tmp_path / "c.parquet", slice(0, 100), texts)
    path = tmp_path / "x.bundle"
    outcome = run(
        "build", corpus, "-o", path, "--embedder", "precomputed:column:embedding", *TRAINING
    )
    assert outcome.code == 0, outcome.err
    bundle = Bundle(path)
    known = np.delete(VECTORS[:100], 3, axis=0)
    np.testing.assert_allclose(bundle.embeddings, known, atol=1e-3)
    assert dict(bundle.documents.document(0).metadata) == {"places": [1, 2]}
    bundle.close()
    # More documents bring their vectors along, and nothing is done twice.
    more = write(tmp_path / "more.parquet", slice(100, 120))
    assert run("add", path, more).code == 0
    np.testing.assert_allclose(Bundle(path).embeddings[99:], VECTORS[100:], atol=1e-3)
    again = run("add", path, more)
    assert "Nothing to do" in again.out


def test_a_column_of_vectors_is_never_metadata(run: Run, tmp_path: Path) -> None:
    corpus = write(tmp_path / "c.parquet", slice(0, 40))
    np.save(tmp_path / "v.npy", VECTORS[:40])
    words = ("--embedder", f"precomputed:{tmp_path / 'v.npy'}", *TRAINING)
    outcome = run("build", corpus, "-o", tmp_path / "x.bundle", *words)
    said = "The field 'embedding' holds vectors of 32 numbers and was left out"
    assert said in outcome.err and "--embedder precomputed:column:embedding" in outcome.err
    assert Bundle(tmp_path / "x.bundle").documents.document(0).metadata == {"places": [1, 2]}


@pytest.mark.parametrize("asked", ["places2", "text"])
def test_a_column_without_vectors_is_told_of(run: Run, tmp_path: Path, asked: str) -> None:
    corpus = write(tmp_path / "c.parquet", slice(0, 40))
    words = ("--embedder", f"precomputed:column:{asked}", *TRAINING)
    outcome = run("build", corpus, "-o", tmp_path / "x.bundle", *words)
    assert outcome.code == 1
    assert f"has no vector in its field '{asked}'" in outcome.err


def test_documents_with_zero_vectors_are_left_out_and_named(run: Run, tmp_path: Path) -> None:
    corpus, vectors = tmp_path / "c.jsonl", VECTORS[:60].copy()
    lines = [json.dumps({"id": each.id, "text": each.text}) for each in FOUND[:60]]
    corpus.write_text("\n".join(lines), "utf-8")
    vectors[[0, 7]] = 0
    np.save(tmp_path / "v.npy", vectors)
    words = ("--embedder", f"precomputed:{tmp_path / 'v.npy'}", *TRAINING)
    strict = run("build", corpus, "-o", tmp_path / "y.bundle", *words, "--strict")
    assert strict.code == 1 and "the vectors are zero for doc-0, doc-7" in strict.err
    path = tmp_path / "x.bundle"
    outcome = run("build", corpus, "-o", path, *words)
    assert "58 documents read. Left out because of their vectors: doc-0 (is zero)" in outcome.err
    np.testing.assert_allclose(
        Bundle(path).embeddings, np.delete(VECTORS[:60], [0, 7], axis=0), atol=1e-3
    )
    assert run("check", path).code == 0
    # Mended vectors bring the documents back.
    np.save(tmp_path / "v.npy", VECTORS[:60])
    assert run("build", corpus, "-o", path, *words).code == 0
    bundle = Bundle(path)
    for row, document in enumerate(bundle.documents):
        place = int(document.id.removeprefix("doc-"))
        np.testing.assert_allclose(bundle.embeddings[row], VECTORS[place], atol=1e-3)
    assert len(bundle) == 60
