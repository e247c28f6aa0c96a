"""Rank documents by the words of a query, through SQLite's full-text index."""

import re

import numpy as np

from saetui.interpret.terms.words import STOP_WORDS
from saetui.session.search.document_masks import Eligible
from saetui.session.search.ranking import Ranking
from saetui.store.documents import DocumentStore

# Text in quotation marks is a phrase; everything else is single words.
_PART = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"[^\W_]")
# How many times more documents are asked for when a filter has left too few.
_DEEPER = 4


def fts_query(text: str) -> str:
    """A query for SQLite FTS5 that finds documents with any of the text's words or phrases.

    Every part is quoted, so that FTS5 takes nothing in it for an operator. Stop words are left out
    unless there are no other words.

    Returns:
        The query; empty if the text has no word.
    """
    parts = [phrase or word for phrase, word in _PART.findall(text)]
    parts = [part.replace('"', " ") for part in parts if _WORD.search(part)]
    telling = [part for part in parts if part.casefold().strip(".,;:!?()") not in STOP_WORDS]
    return " OR ".join(f'"{part}"' for part in dict.fromkeys(telling or parts))


def best_by_words(
    documents: DocumentStore, text: str, limit: int, eligible: Eligible | None = None
) -> Ranking:
    """The documents of the highest BM25 score for a text's words.

    Args:
        documents: Where to search.
        text: The query, as it was typed.
        limit: How many documents.
        eligible: Which documents may be found, bool `(N,)`; None for all.
    """
    query = fts_query(text)
    if not query:
        return Ranking.empty()
    depth = limit
    while True:
        found = documents.matching(query, depth)
        passing = [pair for pair in found if eligible is None or eligible[pair[0]]][:limit]
        if len(passing) == limit or len(found) < depth:
            rows = np.array([row for row, _ in passing], dtype=np.int64)
            scores = np.array([score for _, score in passing], dtype=np.float32)
            return Ranking(rows, scores, scores)
        depth *= _DEEPER
