"""A bundle with judged queries."""

from pathlib import Path

import numpy as np

from saetui.embed import Embedder
from saetui.errors import InputError
from saetui.evaluate.beir import read_judgements, read_queries
from saetui.evaluate.retrieval import Collection
from saetui.progress import Progress
from saetui.store.bundle import Bundle


def judged_collection(
    bundle: Bundle, embedder: Embedder, queries: Path, qrels: Path, progress: Progress
) -> Collection:
    """Embed the queries that have judgements.

    A judged document that the bundle lacks counts as one that is never found.

    Raises:
        InputError: A file cannot be used, or none of its documents is in the bundle.
        EmbedderError: A query cannot be embedded.
    """
    texts, judgements = read_queries(queries), read_judgements(qrels)
    judged = [query for query in texts if query in judgements]
    relevant: list[dict[int, int]] = []
    missing = 0
    for query in judged:
        rows: dict[int, int] = {}
        for document, relevance in judgements[query].items():
            row = bundle.documents.row_of(document)
            if row is None:
                missing += 1
            # No document stands in a row below zero.
            rows[-missing if row is None else row] = relevance
        relevant.append(rows)
    if not any(row >= 0 for rows in relevant for row in rows):
        raise InputError(
            f"None of the documents judged in {qrels} is in {bundle.path}.",
            "Build the bundle from the collection that was judged, with its ids.",
        )
    progress.start("Embedding queries", len(judged), "queries")
    vectors = []
    for query in judged:
        vectors.append(embedder.embed_query(texts[query]))
        progress.advance()
    return Collection(bundle.embeddings, np.stack(vectors), relevant)
