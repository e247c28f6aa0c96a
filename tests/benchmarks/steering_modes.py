"""How long steering takes in every mode, and whether looking at few documents finds the best.

    python tests/benchmarks/steering_modes.py BUNDLE [SEED]

Prints the time of ten steps of `optimise` at the paper's size beside that of encoding once; then,
for titles of the bundle with a feature raised and one lowered, for each mode the time of a search
by the index and of an exact one, how many of ten results agree, and for `optimise` the error of
the code before and after. At last the time to rank the query's features by effect.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from saetui.core.changes import MODES, Change
from saetui.core.codec import SaeWeights, preactivations
from saetui.core.search_request import SearchRequest
from saetui.core.steering import optimise
from saetui.session.session import open_session
from saetui.session.steering import effects

QUERIES = 60
STRENGTHS = (0.25, 0.5, 1.0)
ROUNDS = 15


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return 1000 * float(np.median(spent))


def at_the_papers_size() -> None:
    random = np.random.default_rng(0)
    d, n, k = 1536, 9216, 64
    directions = random.standard_normal((n, d)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # Weights lie in a bundle as SAELens has them, the encoder by rows of the embedding.
    encoder = np.ascontiguousarray(directions.T).T
    bias = (0.02 * random.standard_normal(d)).astype(np.float32)
    weights = SaeWeights(encoder, np.full(n, -0.02, np.float32), directions, bias, k)
    target = np.zeros(n, dtype=np.float32)
    target[random.choice(n, k, replace=False)] = random.uniform(0.05, 0.4, k)
    once = milliseconds(lambda: preactivations(weights, bias))
    ten = milliseconds(lambda: optimise(weights, target))
    print(f"d = {d}, n = {n}: encoding {once:.1f} ms, ten steps {ten:.1f} ms ({ten / once:.1f}x)")


def main(path: str, seed: int) -> None:
    at_the_papers_size()
    session = open_session(path)
    session.warm()
    random = np.random.default_rng(seed)
    alive = [feature.id for feature in session.features if feature.documents >= 10]
    rows = random.choice(len(session.bundle), QUERIES, replace=False).tolist()
    titles = [heading[1] for heading in session.bundle.documents.headings(rows).values()]
    figures: dict[str, list[tuple[float, float, float]]] = {mode: [] for mode in MODES}
    errors, ranking = [], []
    for title in titles:
        own = [feature.id for feature in session.search(SearchRequest(title)).features]
        for strength in STRENGTHS:
            up, down = int(random.choice(alive)), own[int(random.integers(len(own)))]
            steering = {up: Change("add", strength), down: Change("add", -strength)}
            for mode in MODES:
                request = SearchRequest(title, steering, mode)
                session.search(request)
                found = session.search(request)
                exact = session.search(SearchRequest(title, steering, mode, exact=True))
                figures[mode].append((found.milliseconds, exact.milliseconds, exact.recall or 0))
                if found.code_error is not None:
                    errors.append(found.code_error)
            ranking.append(
                milliseconds(
                    lambda title=title, s=steering: effects(session, SearchRequest(title, s)), 1
                )
            )
    for mode, values in figures.items():
        by_index, scanned, agree = np.array(values).T
        print(
            f"{mode:9} by the index {np.median(by_index):5.1f} ms (p95 "
            f"{np.percentile(by_index, 95):5.1f}), exact {np.median(scanned):5.1f} ms, "
            f"the same results {agree.mean():.4f}, at worst {agree.min():.1f}"
        )
    before, after = np.mean(errors, axis=0)
    print(f"error of the code in optimise: {before:.3f} before, {after:.3f} after")
    print(f"features by effect: {np.median(ranking):.1f} ms, p95 {np.percentile(ranking, 95):.1f}")
    session.close()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
