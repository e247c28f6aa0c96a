"""Search and features as the paper's web app answers them, beside ours, in one run.

    python tests/benchmarks/paper_app.py BUNDLE [--queries 60]

The web app (described in O'Neill et al., arXiv 2408.00657; written anew here) holds all embeddings
in memory in single precision, multiplies them by the steered vector and sorts all scores. A feature
it looks up by going through the codes of all documents. Queries lie between documents and are
steered along features that documents have. Both sides get the same in turn, on one thread each, and
are timed by processor time, which other work on the machine disturbs little.
"""

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from saetui.core.search import single, unit
from saetui.session.measuring import features_met
from saetui.session.ranking import Ranker
from saetui.session.session import Session, open_session
from saetui.store.index.recall import DEPTH, query_vectors

DEPTHS = (500, 700, 1_000, 1_500, 2_000, 3_000, 4_000)
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

    def feature(self, feature: int, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Its strongest documents, all its activations, and the features nearest to it."""
        here = self.indices == feature
        activations = np.where(here, self.values, 0).sum(axis=1)
        strongest = np.argsort(-activations)[:limit]
        cosines = self.decoder @ self.decoder[feature]
        return strongest, activations[activations > 0], np.argsort(-cosines)[1 : limit + 1]


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
    ours = {depth: [] for depth in DEPTHS}
    found = {depth: [] for depth in DEPTHS}
    for query in queries:
        spent, rows = milliseconds(lambda query=query: theirs.search(query, DEPTH))
        taken.append(spent)
        true.append(rows)
        for depth in DEPTHS:
            ranker = at_depth(session, depth)
            spent, ranking = milliseconds(
                lambda query=query, ranker=ranker: ranker.nearest(query, DEPTH, exact=False)
            )
            ours[depth].append(spent)
            found[depth].append(np.isin(rows, ranking.rows).mean())
    print(f"search, product and full sort: {np.median(taken):.1f} ms")
    print(f"ours, by default {usual} candidates:")
    for depth in DEPTHS:
        even, odd = found[depth][::2], found[depth][1::2]
        print(
            f"  {depth:5} candidates: {np.median(ours[depth]):5.2f} ms, "
            f"{np.median(np.array(taken) / ours[depth]):5.1f} times as fast, "
            f"recall {np.mean(found[depth]):.4f} (plain {np.mean(even):.4f}, "
            f"steered {np.mean(odd):.4f})"
        )
    at_depth(session, usual)
    sides = [
        (
            milliseconds(lambda feature=feature: theirs.feature(feature, 10))[0],
            milliseconds(lambda feature=feature: session.feature(feature))[0],
        )
        for feature in features
    ]
    scan, own = np.array(sides).T
    print(f"open a feature, scan of the codes: {np.median(scan):.1f} ms")
    print(f"  ours: {np.median(own):.2f} ms, {np.median(scan / own):.1f} times as fast")


if __name__ == "__main__":
    main()
