"""Signals: numbers that say how likely a label is true of a document.

Some use words only: how many of the label's words the document has, how similar its vocabulary is
(latent semantic analysis), and how near it is to the documents that a search for the label finds.
The others use the corpus's embedder: similarity to the label, the same along Fisher's linear
discriminant, and again nearness to the documents found by a search for the label. Such a search
adds what a label of two words leaves out (relevance feedback, Rocchio 1971). It searches the
labelling part only and knows nothing of features.

Each signal is computed for the label alone, and as the mean over its supporting terms. Similarity
is measured in standard deviations of the corpus, which say how a document compares with all others:
a plain cosine to a short text says little, since some texts are near to everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int
from saetui.interpret.judging.evidence import Sample
from saetui.interpret.judging.word_space import Sparse, WordSpace
from saetui.interpret.terms.contrast import Embed, embedded
from saetui.interpret.terms.tokens import Tokens
from saetui.progress import Progress
from saetui.store.arrays import forget_pages

BY_WORDS = ("coverage", "vocabulary", "found by words")
BY_EMBEDDER = ("similarity", "discrimination")
BY_BOTH = ("found by both",)

# How many documents a search for a label returns.
_FOUND = 30
# In a search, having all words of the label counts as much as this many standard deviations of
# similarity.
_COVERAGE_WORTH = 3.0
_TEXTS = 512
_PAIRS = 8_192
# Added to the covariance before it is inverted, as a share of the mean variance. A smaller share
# trusts directions in which documents hardly differ; a larger one comes close to a plain cosine.
_RIDGE = 0.3
_LEAST_SPREAD = 1e-4


@dataclass(frozen=True)
class Directions:
    """Directions scaled so that documents along them have variance 1.

    Attributes:
        vectors: float32 `(m, d)`.
        centres: float32 `(m,)`, the position of the corpus's mean along each.
        by_words: Whether they lie in the space of words or in that of the embedder.
    """

    vectors: Float
    centres: Float
    by_words: bool

    def place(self, documents: Float) -> Float:
        """The position of each document `(s, d)` along each direction, float32 `(m, s)`."""
        return self.vectors @ documents.T - self.centres[:, None]


class Projection:
    """Projects documents onto directions of their space.

    Args:
        vectors: float32 `(s, d)`, documents that stand for the corpus.
        by_words: Whether that is the space of words or that of the embedder.
    """

    def __init__(self, vectors: Float, *, by_words: bool = False) -> None:
        self._by_words = by_words
        self._mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = vectors - self._mean
        self._covariance = centred.T @ centred / np.float32(max(len(vectors), 1))
        width = vectors.shape[1]
        ridge = _RIDGE * max(float(np.trace(self._covariance)) / width, 1e-9)
        self._precision = np.linalg.inv(
            self._covariance.astype(np.float64) + ridge * np.eye(width)
        ).astype(np.float32)

    def towards(self, queries: Float) -> Directions:
        """The directions of queries `(m, d)`: projection onto them is similarity."""
        variances = np.einsum("id,id->i", queries @ self._covariance, queries)
        spread = np.sqrt(np.maximum(variances, _LEAST_SPREAD**2))
        scaled = queries / spread[:, None]
        return Directions(scaled, scaled @ self._mean, self._by_words)

    def discriminating(self, queries: Float) -> Directions:
        """Fisher's linear discriminant between documents around each query and the corpus.

        It is the difference from the corpus's mean times the inverse covariance (Fisher 1936), so
        directions in which all documents vary count less.
        """
        return self.towards((queries - self._mean) @ self._precision)


@dataclass(frozen=True)
class Readings:
    """Labels in a form that can be compared with documents.

    Attributes:
        coverage: CSR, the words of each label, for the first signal.
        linear: The other signals, in the order of `Signals.names`: directions, one for each label,
            that documents are projected onto.
    """

    coverage: Sparse
    linear: tuple[Directions, ...]


class Signals:
    """Computes the signals of labels on documents.

    Args:
        tokens: Of all documents.
        embeddings: Of all documents, `(N, d)`.
        labelling: Rows that may be searched and learnt from.
        embed: Embeds labels and terms as documents were embedded; None to use words alone.
        seed: Of latent semantic analysis.

    Attributes:
        names: Names of the signals.
    """

    def __init__(
        self,
        tokens: Tokens,
        embeddings: NDArray[np.floating],
        labelling: Int,
        embed: Embed | None,
        seed: int,
    ) -> None:
        self.names = (*BY_WORDS, *(BY_EMBEDDER if embed else ()), *BY_BOTH)
        self._embeddings = embeddings
        self._embed = embed
        self._sample = Sample(embeddings, labelling)
        self._words = WordSpace(tokens, labelling, seed)
        self._sample_words = self._words.vectors[self._sample.rows]
        self._sample_coverage = self._words.saturated[self._sample.rows].T.tocsr()
        self._by_embedder = Projection(self._sample.vectors)
        self._by_words = Projection(self._sample_words, by_words=True)

    def read(
        self, labels: Sequence[tuple[str, Sequence[str]]], progress: Progress
    ) -> tuple[Readings, Readings]:
        """Read labels with their supporting terms; each different text is read once.

        Returns:
            Readings of the labels alone, and means over their terms.
        """
        texts = sorted({text for label, terms in labels for text in (label, *terms)})
        progress.start("Reading labels", len(texts), "labels and terms")
        alone = _Means(_mix(texts, [[label] for label, _ in labels]))
        supported = _Means(_mix(texts, [terms or [label] for label, terms in labels]))
        for start in range(0, len(texts), _TEXTS):
            block = slice(start, start + _TEXTS)
            reading = self._read(texts[block])
            for means in (alone, supported):
                means.add(block, reading)
            progress.advance(len(texts[block]))
        return alone.readings(), supported.readings()

    def read_each(self, texts: Sequence[str]) -> Readings:
        """Read each of some texts, at least one, by itself."""
        from scipy.sparse import vstack

        blocks = [
            self._read(texts[start : start + _TEXTS]) for start in range(0, len(texts), _TEXTS)
        ]
        together = zip(*(block.linear for block in blocks), strict=True)
        return Readings(
            vstack([block.coverage for block in blocks]).tocsr(),
            tuple(
                Directions(
                    np.concatenate([part.vectors for part in each]),
                    np.concatenate([part.centres for part in each]),
                    each[0].by_words,
                )
                for each in together
            ),
        )

    def grid(self, readings: Readings, owners: NDArray[np.integer], rows: Int) -> Float:
        """Signals of every document in `rows` for every label in `owners`, float32 `(k, m, S)`."""
        signals = np.empty((len(owners), len(rows), len(self.names)), dtype=np.float32)
        signals[..., 0] = (readings.coverage[owners] @ self._words.saturated[rows].T).toarray()
        words = self._words.vectors[rows]
        meanings = np.asarray(self._embeddings[rows], dtype=np.float32)
        for column, each in enumerate(readings.linear, start=1):
            directions = Directions(each.vectors[owners], each.centres[owners], each.by_words)
            signals[..., column] = directions.place(words if each.by_words else meanings)
        forget_pages(self._embeddings)
        return signals

    def mentioned(
        self, readings: Readings, owners: NDArray[np.integer], rows: Int
    ) -> NDArray[np.bool_]:
        """Which documents in `rows` have all words of each label in `owners`, bool `(k, m)`.

        A label without a known word is in none.
        """
        wanted = (readings.coverage[owners] > 0).astype(np.float32)
        had = (self._words.saturated[rows] > 0).astype(np.float32)
        words = np.asarray(wanted.sum(axis=1))
        return np.asarray((wanted @ had.T).toarray() == words) & (words > 0)

    def measure(
        self,
        readings: Readings,
        owners: NDArray[np.integer],
        rows: Int,
        *,
        first: int | None = None,
    ) -> Float:
        """Signals of each document in `rows` for its label in `owners`, float32 `(m, S)`.

        Args:
            readings: Of the labels.
            owners: Positions of labels in `readings`, one for each of `rows`.
            rows: Documents.
            first: How many of the signals to compute, at least one; None for all.
        """
        signals = np.empty((len(rows), len(self.names[:first])), dtype=np.float32)
        for start in range(0, len(rows), _PAIRS):
            part = slice(start, start + _PAIRS)
            who, which = owners[part], rows[part]
            asked = readings.coverage[who].multiply(self._words.saturated[which])
            signals[part, 0] = np.asarray(asked.sum(axis=1)).ravel()
            words = self._words.vectors[which]
            used = readings.linear[: signals.shape[1] - 1]
            by_meaning = any(not each.by_words for each in used)
            meanings = np.asarray(self._embeddings[which if by_meaning else []], dtype=np.float32)
            for column, each in enumerate(used, start=1):
                documents = words if each.by_words else meanings
                along = np.einsum("ij,ij->i", each.vectors[who], documents)
                signals[part, column] = along - each.centres[who]
            forget_pages(self._embeddings)
        return signals

    def _read(self, texts: Sequence[str]) -> Readings:
        queries = self._words.queries(texts)
        vectors = self._words.query_vectors(queries)
        covered = self._covered(queries)
        vocabulary = self._by_words.towards(vectors)
        found = _means_of_found(covered + vocabulary.place(self._sample_words), self._sample_words)
        linear = [vocabulary, self._by_words.discriminating(found)]
        if self._embed is not None:
            meanings = embedded(self._embed, texts, self._embeddings.shape[1])
            similarity = self._by_embedder.towards(meanings)
            covered += similarity.place(self._sample.vectors)
            linear += [similarity, self._by_embedder.discriminating(meanings)]
        found = _means_of_found(covered, self._sample.vectors)
        linear.append(self._by_embedder.discriminating(found))
        return Readings(queries, tuple(linear))

    def _covered(self, queries: Sparse) -> Float:
        """How many of a query's words each document of the sample has, weighted; `(m, s)`."""
        shares = np.asarray((queries @ self._sample_coverage).todense(), dtype=np.float32)
        return _COVERAGE_WORTH * shares


def _means_of_found(scores: Float, vectors: Float) -> Float:
    """Weighted means of the best-scored documents, `(m, d)`; higher scores weigh more."""
    count = min(_FOUND, scores.shape[1])
    found = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    weights = np.take_along_axis(scores, found, axis=1)
    weights = weights - weights.min(axis=1, keepdims=True) + 1e-6
    weights /= weights.sum(axis=1, keepdims=True)
    means = np.einsum("tm,tmd->td", weights, vectors[found], optimize=True)
    return np.asarray(means, dtype=np.float32)


def _mix(texts: Sequence[str], chosen: Sequence[Sequence[str]]) -> Sparse:
    """CSC `(len(chosen), len(texts))`; each row takes the mean of some texts."""
    from scipy.sparse import csc_matrix

    places = {text: place for place, text in enumerate(texts)}
    columns = [places[text] for each in chosen for text in each]
    rows = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    shares = np.repeat([1 / len(each) for each in chosen], [len(each) for each in chosen])
    shape = (len(chosen), len(texts))
    return csc_matrix((shares.astype(np.float32), (rows, columns)), shape=shape)


class _Means:
    """Means of readings, summed up block by block of texts.

    Args:
        mix: CSC `(m, texts)`, see `_mix`.
    """

    def __init__(self, mix: Sparse) -> None:
        self._mix = mix
        self._coverage: Sparse = None
        self._linear: list[Directions] = []

    def add(self, block: slice, reading: Readings) -> None:
        """Add the share of the texts in a block."""
        mix = self._mix[:, block].tocsr()
        coverage = mix @ reading.coverage
        if self._coverage is None:
            self._coverage = coverage
            self._linear = [_nothing(each, mix.shape[0]) for each in reading.linear]
        else:
            self._coverage = self._coverage + coverage
        # Most rows have no text in this block, and adding zeros would need memory for all of them.
        rows = np.flatnonzero(np.diff(mix.indptr))
        for total, each in zip(self._linear, reading.linear, strict=True):
            total.vectors[rows] += mix[rows] @ each.vectors
            total.centres[rows] += mix[rows] @ each.centres

    def readings(self) -> Readings:
        """The means."""
        return Readings(self._coverage.tocsr(), tuple(self._linear))


def _nothing(like: Directions, count: int) -> Directions:
    vectors = np.zeros((count, like.vectors.shape[1]), dtype=like.vectors.dtype)
    return Directions(vectors, np.zeros(count, dtype=like.centres.dtype), like.by_words)
