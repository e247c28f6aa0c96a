"""Which method puts similar features beside each other on a map.

    python tests/benchmarks/map_trust.py my.bundle [SAE] [--peers]

Trustworthiness (Venna and Kaski, 2001) with k = 15, against the cosine of directions: 1 where the
15 nearest on the map are the 15 nearest by cosine, 0.5 where they are any features. Kept is the
share of the 15 nearest by cosine that are among the 15 nearest on the map. Seconds are of the
processor. `--peers` needs `pip install openTSNE umap-learn pacmap`; instead of a bundle, a `.npy`
file with one direction a row will do.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from saetui.core.feature_layout import laid_out
from saetui.store.bundle import Bundle

K = 15
# Rows of the matrix of ranks that are computed together.
_BLOCK = 512


def ranks_of(directions: NDArray[Any], places: NDArray[Any]) -> NDArray[np.int64]:
    """The rank by cosine, from 1, of each of the K nearest on the map; `(n, K)`."""
    n = len(directions)
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    _, near = cKDTree(places).query(places, K + 1)
    ranks = np.empty((n, K), dtype=np.int64)
    for start in range(0, n, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, n))
        cosines = unit[rows] @ unit.T
        cosines[rows - start, rows] = np.inf
        order = np.argsort(-cosines, axis=1, kind="stable")
        of = np.empty_like(order)
        np.put_along_axis(of, order, np.arange(n)[None, :], axis=1)
        for row in rows:
            others = [each for each in near[row] if each != row][:K]
            ranks[row] = of[row - start, others]
    return ranks


def scores(directions: NDArray[Any], places: NDArray[Any]) -> tuple[float, float]:
    """Trustworthiness, and the share of neighbours kept."""
    n, ranks = len(directions), ranks_of(directions, places)
    over = np.maximum(ranks - K, 0).sum()
    return float(1 - 2 * over / (n * K * (2 * n - 3 * K - 1))), float((ranks <= K).mean())


def own(directions: NDArray[Any]) -> NDArray[Any]:
    """The map of this project."""
    *_, last = laid_out(np.asarray(directions, dtype=np.float32))
    return last.places


def peers() -> Iterator[tuple[str, Callable[[NDArray[Any]], NDArray[Any]]]]:
    """Other methods, with several settings each."""
    from openTSNE import TSNE
    from pacmap import LocalMAP, PaCMAP
    from umap import UMAP

    for perplexity in (5, 15, 30, 60, 120):
        yield (
            f"t-SNE, perplexity {perplexity}",
            lambda x, p=perplexity: TSNE(
                perplexity=p, metric="cosine", initialization="pca", random_state=0, n_jobs=1
            ).fit(x),
        )
    for neighbours in (15, 50, 150):
        yield (
            f"UMAP, {neighbours} neighbours",
            lambda x, k=neighbours: UMAP(
                n_neighbors=k, metric="cosine", random_state=0
            ).fit_transform(x),
        )
    for method in (PaCMAP, LocalMAP):
        for neighbours in (10, 60):
            yield (
                f"{method.__name__}, {neighbours} neighbours",
                lambda x, m=method, k=neighbours: m(
                    n_neighbors=k, distance="angular", random_state=0
                ).fit_transform(x, init="pca"),
            )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle", type=Path)
    parser.add_argument("sae", nargs="?")
    parser.add_argument("--peers", action="store_true")
    asked = parser.parse_args()
    if asked.bundle.suffix == ".npy":
        directions = np.load(asked.bundle)
    else:
        directions = Bundle(asked.bundle).sae(asked.sae).weights.directions
    directions = np.asarray(directions, dtype=np.float64)
    print(f"{len(directions):,} features of {directions.shape[1]} dimensions")
    methods = [("saetui", own), *(peers() if asked.peers else ())]
    for name, method in methods:
        start = time.process_time()
        places = np.asarray(method(directions), dtype=np.float64)
        seconds = time.process_time() - start
        trustworthiness, kept = scores(directions, places)
        print(f"{name:28} {trustworthiness:.3f} {kept:.3f} {seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
