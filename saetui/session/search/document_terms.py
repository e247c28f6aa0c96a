"""What a query's words and changed features add to the scores of documents.

Words are looked up in SQLite's full-text index. A search by meaning and words adds to each cosine
what the query's words say for the document:

    w(x) = SHARE * BM25(x) / max(LONG, sum of the idf of the query's words)

BM25 is a sum of log-odds (Robertson and Zaragoza 2009) and means the same in every corpus, so it is
added to a cosine at a fixed rate: a cosine of 0.025 for each unit. The words of a long text would
outweigh its meaning that way, so what all words of a query can add together is bounded. Both
constants were chosen on titles of arXiv papers that had to find their own abstracts, among 3,000 of
astrophysics and 3,000 of machine learning; see `tests/benchmarks/fusion.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from saetui.core.codec import Float
from saetui.core.scores import Rows, Term, added_up
from saetui.core.search_request import SearchRequest
from saetui.core.steering import Shown, rewards, shown
from saetui.core.words import letters_apart, search_parts
from saetui.interpret.terms.words import STOP_WORDS
from saetui.session.search.document_masks import Eligible
from saetui.session.search.queries import SteeredQuery
from saetui.session.search.ranking import Ranking
from saetui.store.bundle import Bundle
from saetui.store.features import FeatureRecord
from saetui.store.stored_sae import StoredSae

SHARE: Final = 0.7
"""About the most that a query's words add to a cosine."""

LONG: Final = 28.0
"""The total idf from which a query is long; a title of ten words has it among 3,000 abstracts."""

TELLING_WORDS: Final = 20
"""How many words of a document count where the results shall be like it."""

TELLING_SHARE: Final = 0.6
"""What they add to the cosine of a document that has each of them as often as usual."""

# Text in quotation marks is a phrase; everything else is single words.
_PART = re.compile(r'"([^"]*)"|(\S+)')
_WORD = re.compile(r"[^\W_]")
# In documents, words of three letters and more.
_RUN = re.compile(r"[^\W\d_][\w-]+\w")
# How many texts' matches are kept. In a large corpus one text can match hundreds of thousands of
# documents, of eight bytes each.
_KEPT_MATCHES = 32
# How many features' degrees on documents are kept.
_KEPT_FEATURES = 64
# How many of a feature's terms say whether a document shows it.
_TERMS = 5
# The least idf of a word that tells documents apart.
_TELLING = 2.0
# Beyond this, repeating a word says hardly more of a document, as in BM25.
_REPEATED = 1.2


def fts_parts(text: str) -> list[str]:
    """The words and quoted phrases of a text, as they can stand in quotation marks for FTS5.

    Stop words are left out unless there are no other words.
    """
    parts = []
    for phrase, word in _PART.findall(text):
        # A clause without spaces is looked for by its letters.
        parts += [letters_apart(phrase)] if phrase else search_parts(word)
    # FTS5 takes a zero character for the end of the text.
    parts = [part.translate({ord('"'): " ", 0: " "}) for part in parts if _WORD.search(part)]
    telling = [part for part in parts if part.casefold().strip(".,;:!?()") not in STOP_WORDS]
    return list(dict.fromkeys(telling or parts))


def fts_query(parts: Iterable[str]) -> str:
    """A query for SQLite FTS5 that finds documents with any of some words and phrases."""
    return " OR ".join(f'"{part}"' for part in parts)


@dataclass(frozen=True)
class WordMatches:
    """Every document that shares a word with a query.

    Attributes:
        rows: int64 `(m,)`, ascending.
        bm25: float32 `(m,)`.
        idf: Sum of the inverse document frequencies of the query's words.
    """

    rows: Rows
    bm25: Float
    idf: float

    @property
    def term(self) -> Term:
        """`w(x)`: what the words add to the cosines of documents."""
        return Term(self.rows, np.float32(SHARE / max(LONG, self.idf)) * self.bm25)

    def best(self, limit: int, eligible: Eligible | None) -> Ranking:
        """The documents of the highest BM25; equal ones in order of rows."""
        rows, scores = self.rows, self.bm25
        if eligible is not None:
            passing = eligible[rows]
            rows, scores = rows[passing], scores[passing]
        return Ranking.best(rows, scores, limit)


class DocumentTerms:
    """Computes what is added to cosines, and keeps what the next step of steering needs again.

    `record` returns what is known of a feature now.
    """

    def __init__(
        self, bundle: Bundle, sae: StoredSae, record: Callable[[int], FeatureRecord]
    ) -> None:
        self._bundle = bundle
        self._sae = sae
        self._record = record
        self._matches = lru_cache(_KEPT_MATCHES)(self._find)
        self._liked = lru_cache(_KEPT_MATCHES)(self._of_liked)
        self._shown = lru_cache(_KEPT_FEATURES)(self._compute_shown)

    def matches(self, text: str) -> WordMatches:
        """Every document that shares a word with a text, stop words aside."""
        return self._matches(text)

    def of_liked(self, row: int) -> Term:
        """What the most telling words of a document add to others."""
        return self._liked(row)

    def of_words(self, text: str) -> Term:
        """What the words of a text add."""
        return self.matches(text).term

    def of_query(self, request: SearchRequest) -> Term | None:
        """What words add in a search by meaning and words; None in others, and without words.

        They are the query's, and the most telling ones of documents that the results shall be like.
        """
        if request.retrieval != "hybrid":
            return None
        own = [self.of_words(request.query)] if request.query.strip() else []
        return added_up([*own, *map(self.of_liked, request.liked)])

    def of_features(self, request: SearchRequest, steered: SteeredQuery) -> dict[int, Term]:
        """What each changed feature adds; nothing in modes that change the vector instead."""
        changes = steered.changes
        if request.mode == "codes":
            return rewards(self._sae.postings, changes)
        if request.mode == "both":
            changed = np.flatnonzero(changes).tolist()
            return {i: self.shown(i).changed(float(changes[i])) for i in changed}
        return {}

    def shown(self, feature: int) -> Shown:
        """How far documents show a feature."""
        record = self._record(feature)
        return self._shown(feature, record.label, record.terms)

    def _compute_shown(self, feature: int, label: str, terms: tuple[str, ...]) -> Shown:
        words = self._telling(terms[:_TERMS])
        return shown(self._sae.postings, feature, self.of_words(label), self.of_words(words))

    def _telling(self, texts: Iterable[str]) -> str:
        """The words of some texts that fewer than about an eighth of the documents have."""
        idf = self._bundle.documents.idf
        return " ".join(part for part in fts_parts(" ".join(texts)) if idf(f'"{part}"') >= _TELLING)

    def _of_liked(self, row: int) -> Term:
        """What the most telling words of a document add to others, as Rocchio's feedback does.

        Telling are words that the document repeats and few others have. Their number and share were
        chosen together with the change of features, see `core.changes.feedback_changes`.
        """
        documents = self._bundle.documents
        runs = _RUN.findall(documents.document(row).embedding_text.casefold())
        counts = Counter(part for run in runs for part in search_parts(run))
        idf = {part: documents.idf(f'"{part}"') for part in counts if part not in STOP_WORDS}
        said = {part: idf[part] * counts[part] / (counts[part] + _REPEATED) for part in idf}
        best = sorted(said, key=lambda part: (-said[part], part))[:TELLING_WORDS]
        total = sum(idf[part] for part in best)
        if not total:
            return Term(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
        rows, bm25 = documents.matching(fts_query(best))
        return Term(rows, np.float32(TELLING_SHARE / total) * bm25)

    def _find(self, text: str) -> WordMatches:
        parts = fts_parts(text)
        if not parts:
            return WordMatches(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32), 0.0)
        documents = self._bundle.documents
        rows, scores = documents.matching(fts_query(parts))
        return WordMatches(rows, scores, sum(documents.idf(f'"{part}"') for part in parts))
