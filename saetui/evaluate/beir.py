"""Queries and relevance judgements in the form of BEIR (Thakur et al., arXiv 2104.08663)."""

import json
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from itertools import count
from pathlib import Path

import numpy as np

from saetui.core.scores import Term
from saetui.corpus.sources import opened_file
from saetui.embed import Embedder
from saetui.errors import InputError
from saetui.evaluate.retrieval import Collection
from saetui.progress import Progress
from saetui.store.bundle import Bundle

Judgements = dict[str, dict[str, int]]
"""For each query the ids of its relevant documents, and how relevant each is."""


def read_collection(
    bundle: Bundle,
    embedder: Embedder,
    queries: Path,
    qrels: Path,
    progress: Progress,
    *,
    words: Callable[[str], Term],
) -> Collection:
    """The documents of a bundle with the queries that have judgements, which are embedded here.

    A relevant document that the bundle lacks counts as one that is never found. `words` returns
    what the words of a text add to scores.

    Raises:
        InputError: A file cannot be used, or none of its documents is in the bundle.
        EmbedderError: A query cannot be embedded.
    """
    texts, judgements = read_queries(queries), read_judgements(qrels)
    judged = [query for query in texts if query in judgements]
    # No document stands in a row below zero.
    missing = count(-1, -1)
    relevant = []
    for query in judged:
        rows = [(bundle.documents.row_of(each), gain) for each, gain in judgements[query].items()]
        relevant.append({next(missing) if row is None else row: gain for row, gain in rows})
    if not any(row >= 0 for rows in relevant for row in rows):
        raise InputError(
            f"None of the documents judged in {qrels} is in {bundle.path}.",
            "Build the bundle from the collection that was judged, with its ids.",
        )
    progress.start("Embedding queries", len(judged), "queries")
    asked = [texts[query] for query in judged]
    vectors = []
    for text in asked:
        vectors.append(embedder.embed_query(text))
        progress.advance()
    return Collection(bundle.embeddings, np.stack(vectors), relevant, [*map(words, asked)], asked)


def read_queries(path: Path) -> dict[str, str]:
    """Texts by id, from JSON Lines with `_id` or `id`, and `text`; gzipped or not.

    Raises:
        InputError: The file cannot be read, or is not of that form.
    """
    queries = {}
    for number, line in _lines(path):
        try:
            value = json.loads(line)
            queries[str(value.get("_id", value.get("id")))] = str(value["text"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise InputError(
                f"{path}, line {number}, is no query.",
                'A query is {"_id": "1", "text": "..."} on a line of its own.',
            ) from None
    return queries


def read_judgements(path: Path) -> Judgements:
    """Judgements from tab-separated query, document and relevance; a heading is passed over.

    Judgements of relevance 0 or less are left out.

    Raises:
        InputError: The file cannot be read, or is not of that form.
    """
    judgements: Judgements = {}
    for number, line in _lines(path):
        parts = line.rstrip("\r\n").split("\t")
        if number == 1 and len(parts) == 3 and not _is_number(parts[2]):
            continue
        if len(parts) != 3 or not _is_number(parts[2]):
            raise InputError(
                f"{path}, line {number}, is no judgement.",
                "A judgement is a query's id, a document's id and a number, with tabs between.",
            )
        query, document, relevance = parts
        if int(relevance) > 0:
            judgements.setdefault(query, {})[document] = int(relevance)
    return judgements


def _is_number(text: str) -> bool:
    return text.strip().lstrip("-").isdecimal()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers."""
    try:
        with opened_file(path) as handle, TextIOWrapper(handle, "utf-8") as text:
            for number, line in enumerate(text, start=1):
                if line.strip():
                    yield number, line
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read ({reason}).", "See that it is there.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8.", "Convert it.") from None
