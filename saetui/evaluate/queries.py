"""Whether the first features of a query are right: those of short texts against their documents.

A title stands for a query, and so do its first five words. Features that come first in many
queries say nothing about any of them; features that the title's own document activates are right.
That document is found by its title nearly always, which a query of somebody else need not be, so it
is also left out of the documents that have a say: of what the query activates and asks about.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float
from saetui.core.query_features import FIRST
from saetui.progress import Progress

WORDS = 5

_RESAMPLES = 1_000

First = Callable[[str, Float, int | None], Sequence[int]]
"""Of a text, its embedding and a row that has no say: the features that are shown, in order."""


@dataclass(frozen=True)
class QueryFeatures:
    """What the first features of some queries are like.

    Attributes:
        queries: Which, in words.
        way: How they were encoded.
        count: How many.
        generic: Share of the queries that have the most frequent feature among the first six.
        feature: Number of that feature.
        own: Share of the first six that the query's own document activates, and its 95% interval.
    """

    queries: str
    way: str
    count: int
    generic: float
    feature: int
    own: tuple[float, float, float]


def query_features(
    titles: Sequence[tuple[int, str]],
    codes: Codes,
    embed: Callable[[str], Float],
    ways: dict[str, First],
    *,
    progress: Progress,
    seed: int,
) -> list[QueryFeatures]:
    """Encode titles and their first words in some ways.

    Titles come with the rows of their documents, ways with their names.
    """
    kinds = {
        "titles": [(row, title) for row, title in titles],
        f"their first {WORDS} words": [
            (row, " ".join(title.split()[:WORDS])) for row, title in titles
        ],
    }
    progress.start("Encoding queries", len(titles) * len(kinds), "queries")
    found = []
    for kind, texts in kinds.items():
        first: dict[str, list[NDArray[np.int64]]] = {way: [] for way in ways}
        for row, text in texts:
            e = embed(text)
            for way, shown in ways.items():
                first[way].append(np.array(shown(text, e, row)[:FIRST], dtype=np.int64))
            progress.advance()
        for way, features in first.items():
            counts = np.bincount(np.concatenate(features), minlength=codes.n)
            shares = [
                float(np.isin(each, codes.indices[row]).mean())
                for (row, _), each in zip(texts, features, strict=True)
                if len(each)
            ]
            found.append(
                QueryFeatures(
                    kind,
                    way,
                    len(texts),
                    float(counts.max() / max(len(texts), 1)),
                    int(counts.argmax()),
                    _mean(np.array(shares), seed),
                )
            )
    return found


def _mean(shares: NDArray[np.float64], seed: int) -> tuple[float, float, float]:
    """The mean and its 95% interval, from drawing the queries again."""
    if not len(shares):
        return 0.0, 0.0, 0.0
    drawn = np.random.default_rng(seed).choice(shares, (_RESAMPLES, len(shares))).mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(shares.mean()), float(low), float(high)
