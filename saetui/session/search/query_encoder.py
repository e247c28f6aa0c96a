"""The features of a query: of its text, and of the documents that the text is nearest to."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from saetui.core.codec import Float
from saetui.core.query_code import DOUBTED, NEIGHBOURS, ShortTexts, query_code, shortness
from saetui.core.truth import counted_of
from saetui.core.word_match import words_of
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


def _content(text: str) -> set[str]:
    """The different words of a text that mean something, as keys of all their forms."""
    return {word_of(word) for word in words_of(text) if word not in STOP_WORDS}


class QueryEncoder:
    """Encodes the texts of queries; see `saetui.core.query_code`.

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
        found = self._nearest(text, e, NEIGHBOURS + 1)
        said = np.flatnonzero(found.rows != (-1 if without is None else without))[:NEIGHBOURS]
        return query_code(
            self._sae.weights,
            e,
            self.short_texts,
            shortness(text),
            near=counted_of(found.rows[said], self._sae.codes, self._sae.counted, DOUBTED),
            scores=found.scores[said],
            named=self._labels.named(text),
        )

    @cached_property
    def _labels(self) -> LabelWords:
        return LabelWords([record.label for record in self._sae.features])

    def as_document(self, text: str, e: Float) -> Float:
        """The embedding of a text as if it were as long as documents are, `(d,)`."""
        return e - np.float32(shortness(text)) * self.short_texts.shift
