"""The features of a query: of its text, and of the documents that the text is nearest to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.query_features import (
    DOUBTED,
    NEIGHBOURS,
    TOLD,
    Relevance,
    ShortTexts,
    log_lift,
    probability,
    query_code,
    shares_of,
    shortness,
)
from saetui.core.truth import counted_of, counts_of
from saetui.core.words import words_of
from saetui.interpret.terms.contexts import bare
from saetui.interpret.terms.words import STOP_WORDS, word_of
from saetui.session.search.ranking import Ranking
from saetui.store.bundle import Bundle
from saetui.store.stored_sae import StoredSae


class LabelWords:
    """The words of many labels, whatever their number or spelling.

    Args:
        labels: The labels; what explains one in brackets is no part of it.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._where: dict[str, list[int]] = {}
        words = [_content(bare(label)) for label in labels]
        for place, each in enumerate(words):
            for word in each:
                self._where.setdefault(word, []).append(place)
        self._lengths = np.array([max(len(each), 1) for each in words], dtype=np.float32)

    def named(self, text: str) -> Float:
        """Which share of each label's words a text has, float32 `(labels,)`."""
        found = np.zeros(len(self._lengths), dtype=np.float32)
        for word in _content(text):
            found[self._where.get(word, [])] += 1
        return np.asarray(found / self._lengths, dtype=np.float32)

    def all_named(self, text: str) -> NDArray[np.bool_]:
        """Of which labels a text has every word, bool `(labels,)`."""
        where = self._where
        places = [place for word in _content(text) if word in where for place in where[word]]
        found = np.bincount(places, minlength=len(self._lengths))
        return np.asarray(found >= self._lengths)


@dataclass(frozen=True)
class EncodedText:
    """What the text of a query is made of.

    Attributes:
        code: Its dense code `(n,)`, see `saetui.core.query_features`.
        relevance: What it asks about, see `saetui.core.query_features`.
    """

    code: Float
    relevance: Relevance

    @property
    def first(self) -> list[int]:
        """The features to show, those that the query surely asks about first."""
        return self.relevance.first(self.code)

    @property
    def sure(self) -> list[int]:
        """Those of them that the query surely asks about."""
        return [feature for feature in self.first if self.relevance.sure(feature)]


def _content(text: str) -> set[str]:
    """The different words of a text that mean something, as keys of all their forms."""
    return {_key(word) for word in set(words_of(text)) - STOP_WORDS}


# Texts of documents repeat most of their words.
_key = lru_cache(50_000)(word_of)
# So much of a document's text says what it is about.
_OPENING = 1_000


class QueryEncoder:
    """Encodes the texts of queries; see `saetui.core.query_features`.

    Args:
        bundle: Holds what its short texts are like, if that was measured.
        sae: The SAE.
        nearest: Finds the given number of documents nearest to a text of the given embedding.
    """

    def __init__(
        self, bundle: Bundle, sae: StoredSae, nearest: Callable[[str, Float, int], Ranking]
    ) -> None:
        self._bundle = bundle
        self._sae = sae
        self._nearest = nearest

    @cached_property
    def short_texts(self) -> ShortTexts:
        """What short texts of the corpus are like; zeros if that is not known."""
        weights, measured = self._sae.weights, self._bundle.short_texts
        if measured is None:
            nothing = np.zeros(weights.d, dtype=np.float32)
            return ShortTexts(nothing, np.zeros(weights.n, dtype=np.float32))
        return ShortTexts.of(weights, *measured)

    def code(self, text: str, e: Float, without: int | None = None) -> Float:
        """The dense code of a query, `(n,)`; a document `without` has no say."""
        return self.encoded(text, e, without).code

    def encoded(self, text: str, e: Float, without: int | None = None) -> EncodedText:
        """The code of a query, and what it asks about; a document `without` has no say in them."""
        found = self._nearest(text, e, NEIGHBOURS + 1)
        said = np.flatnonzero(found.rows != (-1 if without is None else without))[:NEIGHBOURS]
        rows, scores = found.rows[said], found.scores[said]
        speaks = counts_of(rows, self._sae.codes, self._sae.possible)
        near = counted_of(rows, self._sae.codes, speaks, DOUBTED)
        named = self.labels.named(text)
        code = query_code(
            self._sae.weights,
            e,
            self.short_texts,
            shortness(text),
            near=near,
            scores=scores,
            named=named,
        )
        return EncodedText(code, self._relevance(text, e, Ranking(rows, scores), speaks, named))

    def _relevance(
        self, text: str, e: Float, near: Ranking, speaks: NDArray[np.bool_], named: Float
    ) -> Relevance:
        """What a query asks about.

        Args:
            text: The query.
            e: Its embedding, `(d,)`.
            near: The documents nearest to it.
            speaks: Which places of their codes hold a feature that they speak for, `(m, k)`.
            named: Share of each label's words that the query has, `(n,)`.
        """
        told = min(TOLD, len(near.rows))
        held = self._held(near.rows, speaks)
        counts = counts_of(near.rows[:told], self._sae.codes, self._sae.counted)
        centred = self.as_document(text, e) - self._sae.weights.bias
        norm = np.float32(max(float(np.linalg.norm(centred)), 1e-9))
        cosine = self._sae.weights.directions @ (centred / norm)
        everywhere = self._sae.possible.counts() / np.float32(max(len(self._bundle), 1))
        chances = probability(
            log_lift(shares_of(near.scores) @ held, everywhere.astype(np.float32)),
            named,
            self._in_texts(near.rows[:told], near.scores[:told]),
            np.asarray(cosine, dtype=np.float32),
        )
        return Relevance(chances, self._held(near.rows[:told], counts).sum(axis=0), told)

    def _held(self, rows: NDArray[np.int64], which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which features documents `(m,)` have at places `(m, k)` of their codes, `(m, n)`."""
        held = np.zeros((len(rows), self._sae.weights.n), dtype=bool)
        held[np.nonzero(which)[0], np.array(self._sae.codes.indices[rows])[which]] = True
        return held

    def _in_texts(self, rows: NDArray[np.int64], scores: Float) -> Float:
        """Share of some documents whose texts have all words of each label, `(n,)`."""
        found = np.zeros(self._sae.weights.n, dtype=np.float32)
        documents = self._bundle.documents.some(rows.tolist())
        for document, share in zip(documents, shares_of(scores).tolist(), strict=True):
            text = f"{document.title} {document.text[:_OPENING]}"
            found[self.labels.all_named(text)] += share
        return found

    @cached_property
    def labels(self) -> LabelWords:
        """The words of the labels of all features."""
        return LabelWords([record.label for record in self._sae.features])

    def as_document(self, text: str, e: Float) -> Float:
        """The embedding of a text as if it were as long as documents are, `(d,)`."""
        return e - np.float32(shortness(text)) * self.short_texts.shift
