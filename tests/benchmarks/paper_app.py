"""Search and features as the paper's web app answers them, beside ours, in one run.

    python tests/benchmarks/paper_app.py BUNDLE [--queries 60]

The web app (described in O'Neill et al., arXiv 2408.00657; written anew here) holds all embeddings
in memory in single precision, multiplies them by the steered vector and sorts all scores. What it
shows of a feature, it finds by going through the codes of all documents, as published: int64, once
for the strongest documents, once for the distribution of activations and once for the features that
occur with it; and it multiplies the decoder for those that point the same way and the opposite.
Ours are the same lists; and, as a line of its own, all that the app shows of a feature.

Queries lie between documents and are steered along features that documents have. Both sides answer
the same, on one thread each, and are timed by processor time, which other work on the machine
disturbs little.
"""

import argparse
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from saetui.core.features import histogram
from saetui.core.scores import single, unit
from saetui.session.bench_session import features_met
from saetui.session.search.ranking import Ranker
from saetui.session.session import Session, open_session
from saetui.store.index.building import DEPTH, query_vectors

DEPTHS = (200, 300, 450, 700, 1_000, 1_500)
LIMIT, BINS = 10, 32
BLOCK = 16_384


class WebApp:
    """Answers by going through everything."""

    def __init__(self, session: Session) -> None:
        codes, vectors = session.sae.codes, session.bundle.embeddings
        self.embeddings = np.empty(vectors.shape, dtype=np.float32)
        for start in range(0, len(vectors), BLOCK):
            self.embeddings[start : start + BLOCK] = single(vectors[start : start + BLOCK])
        self.indices = codes.indices.astype(np.int64)
        self.values = np.array(codes.values)
        self.decoder = session.sae.weights.directions

    def search(self, vector: np.ndarray, limit: int) -> np.ndarray:
        """Rows of the nearest documents."""
        scores = self.embeddings @ vector
        return np.argsort(-scores)[:limit]

    def feature(self, feature: int, limit: int) -> tuple[list[int], np.ndarray, list[int], ...]:
        """What it shows of a feature."""
        values = self.values[self.indices == feature]
        return (
            self.strongest(feature, limit),
            np.histogram(values, bins=BINS, range=(0, values.max()))[0],
            self.together(feature, limit),
            *self.directions(feature, limit),
        )

    def strongest(self, feature: int, limit: int) -> list[int]:
        """Documents that activate it most."""
        here = self.indices == feature
        active = np.where(here.any(axis=1))[0]
        activations = np.where(here, self.values, 0).max(axis=1)
        return active[np.argsort(-activations[active])][:limit].tolist()

    def together(self, feature: int, limit: int) -> list[int]:
        """Features that occur most on the documents that activate it."""
        rows = (self.indices == feature).any(axis=1)
        counts = np.bincount(self.indices[rows].ravel(), minlength=len(self.decoder))
        counts[feature] = 0
        return np.argsort(-counts)[:limit].tolist()

    def directions(self, feature: int, limit: int) -> tuple[list[int], list[int]]:
        """Features that point most the same way, and most the opposite."""
        cosines = self.decoder @ self.decoder[feature]
        order = np.argsort(-cosines)
        order = order[order != feature]
        return order[:limit].tolist(), order[::-1][:limit].tolist()


def same_lists(session: Session, feature: int, limit: int) -> tuple:
    """What the web app shows of a feature, from the bundle."""
    rows, values = session.sae.postings.documents(feature)
    return (
        rows[:limit].tolist(),
        histogram(values, BINS),
        session.sae.co_occurring(feature, limit),
        *session.sae.alike(feature, limit),
    )


def agreement(theirs: WebApp, session: Session, features: list[int]) -> float:
    """Share of the entries of the four lists and of the histogram that both sides name alike."""
    shares = []
    for feature in features[:10]:
        strongest, bins, *others = theirs.feature(feature, LIMIT)
        own_strongest, own_bins, *own = same_lists(session, feature, LIMIT)
        shares += [np.isin(strongest, own_strongest).mean(), np.mean(bins == own_bins)]
        for names, pairs in zip(others, own, strict=True):
            shares.append(np.isin(names, [name for name, _ in pairs]).mean())
    return float(np.mean(shares))


def milliseconds(work) -> tuple[float, object]:
    started = time.thread_time()
    result = work()
    return (time.thread_time() - started) * 1000, result


def at_depth(session: Session, candidates: int) -> Ranker:
    """A ranker that asks the index for so many rows."""
    index = session.bundle.index
    index.parameters = replace(index.parameters, candidates=candidates)
    return session.searcher.ranker


def main() -> None:
    """Print both sides' times, ratios and recall."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("bundle", type=Path)
    options.add_argument("--queries", type=int, default=60)
    chosen = options.parse_args()
    session = open_session(chosen.bundle)
    session.warm()
    theirs = WebApp(session)
    random = np.random.default_rng(1)
    features = features_met(session, chosen.queries, random)
    plain = query_vectors(session.bundle.embeddings, chosen.queries, random)
    steps = random.uniform(0.25, 1, (len(plain), 1)).astype(np.float32)
    steered = plain + steps * session.sae.weights.directions[features]
    queries = [unit(query) for pair in zip(plain, steered, strict=True) for query in pair]

    usual = session.bundle.index.parameters.candidates
    taken, true = [], []
    for query in queries:
        spent, rows = milliseconds(lambda query=query: theirs.search(query, DEPTH))
        taken.append(spent)
        true.append(rows)
    print(f"search, product and full sort: {np.median(taken):.1f} ms")
    print(f"ours, by default {usual} candidates:")
    for depth in DEPTHS:
        ranker = at_depth(session, depth)
        ours, found = [], []
        for query, rows in zip(queries, true, strict=True):
            spent, ranking = milliseconds(
                lambda query=query, ranker=ranker: ranker.nearest(query, DEPTH, exact=False)
            )
            ours.append(spent)
            found.append(np.isin(rows, ranking.rows).mean())
        print(
            f"  {depth:5} candidates: {np.median(ours):5.2f} ms, "
            f"{np.median(np.array(taken) / ours):5.1f} times as fast, "
            f"recall {np.mean(found):.4f} (plain {np.mean(found[::2]):.4f}, "
            f"steered {np.mean(found[1::2]):.4f})"
        )
    at_depth(session, usual)
    print(f"open a feature, entries that both name: {agreement(theirs, session, features):.3f}")
    sides = np.array(
        [
            [
                milliseconds(lambda look=look, feature=feature: look(feature, LIMIT))[0]
                for look in (theirs.feature, partial(same_lists, session), session.feature)
            ]
            for feature in features
        ]
    )
    scans, lists, whole = sides.T
    print(f"  going through the codes: {np.median(scans):.1f} ms")
    for name, own in (("the same lists", lists), ("all that the app shows", whole)):
        times = np.median(scans / own)
        print(f"  ours, {name}: {np.median(own):.2f} ms, {times:.1f} times as fast")


if __name__ == "__main__":
    main()
