"""Time and memory of finding families at the paper's scale, beside the dense way of doing it.

    python tests/benchmarks/families_scale.py [--quick]

The dense way, as the paper's public code goes about it, written anew: a one-hot matrix of
documents by features, its product with itself, and a threshold on that. Ours counts from the
sparse codes. Every measurement runs in a process of its own, on the same synthetic codes; both
sides must find the same edges with the same weights. Of 270,000 documents only ours is run: the
dense matrix alone would take 10 GB. Seconds are of the clock and, in brackets, of the processor.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bundles import save_codes

from saetui.core.codec import Codes, build_postings
from saetui.core.families import FamilyParameters
from saetui.interpret.families.building import build_families, clean_features, rank_features
from saetui.interpret.families.co_occurrence import count_co_occurrence
from saetui.progress import Silent
from saetui.store import saes
from saetui.store.arrays import map_array

# Documents, features, active features a document, and whether the dense way is run.
SIZES = [(100_000, 9_216, 64, True), (100_000, 3_072, 64, True), (270_000, 9_216, 64, False)]
QUICK = [(20_000, 2_048, 32, True), (40_000, 2_048, 32, False)]
PARAMETERS = FamilyParameters.as_in_the_paper()


def make_codes(documents: int, n: int, k: int, seed: int = 0) -> Codes:
    """Codes of documents about one of 300 topics, over features of very different frequency."""
    rng = np.random.default_rng(seed)
    popularity = rng.permutation(1 / (np.arange(n) + 20.0))
    cumulated = np.cumsum(popularity / popularity.sum())

    def draw(*shape: int) -> np.ndarray:
        return np.minimum(np.searchsorted(cumulated, rng.random(shape)), n - 1).astype(np.int32)

    topics = draw(300, 150)
    indices = np.empty((documents, k), dtype=np.int32)
    for start in range(0, documents, 10_000):
        rows = indices[start : start + 10_000]
        topic = rng.integers(len(topics), size=len(rows))[:, None]
        own = topics[topic, rng.integers(topics.shape[1], size=rows.shape)]
        rows[:] = np.sort(np.where(rng.random(rows.shape) < 0.6, own, draw(*rows.shape)), axis=1)
        twice = np.zeros(rows.shape, dtype=bool)
        twice[:, 1:] = rows[:, 1:] == rows[:, :-1]
        rows[twice] = -1
    values = rng.uniform(0.1, 1.0, indices.shape).astype(np.float32)
    return Codes(indices, np.where(indices >= 0, values, np.float32(0)), n)


def dense_edges(codes: Codes) -> tuple[np.ndarray, ...]:
    one_hot = np.zeros((len(codes.indices), codes.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    one_hot[rows, codes.indices[rows, slots]] = 1
    together = one_hot.T @ one_hot
    frequency = np.diag(together).astype(np.float64)
    firsts, seconds, weights = [], [], []
    for first in range(codes.n):
        weight = together[first] / (np.minimum(frequency, frequency[first]) + 1)
        second = np.flatnonzero(weight[first + 1 :] >= PARAMETERS.minimum_weight) + first + 1
        firsts.append(np.full(len(second), first))
        seconds.append(second)
        weights.append(weight[second])
    return tuple(np.concatenate(parts) for parts in (firsts, seconds, weights))


class Stopwatch:
    """Seconds of the clock and of the processor, by what was done."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}
        self._last = time.perf_counter(), time.process_time()

    def done(self, what: str) -> None:
        now = time.perf_counter(), time.process_time()
        self.seconds[what] = now[0] - self._last[0], now[1] - self._last[1]
        self._last = now


def run_side(side: str, folder: Path, documents: int, n: int, k: int) -> None:
    """Measure one side in this process; its edges go to the folder, its figures to the output."""
    shape = (documents, k)
    codes = Codes(
        map_array(folder / saes.CODES[0], shape, np.int32),
        map_array(folder / saes.CODES[1], shape, np.float32),
        n,
    )
    watch = Stopwatch()
    if side == "dense":
        edges = dense_edges(codes)
        watch.done("edges")
    else:
        postings = saes.load_postings(folder, n)
        clean = np.arange(n)
        watch.done("open")
        graph = count_co_occurrence(codes, postings, clean, PARAMETERS, Silent())
        edges = graph.first, graph.second, graph.weights
        watch.done("edges")
        clean = clean_features(postings.counts(), documents, PARAMETERS)
        families = build_families(graph, rank_features(postings), clean, PARAMETERS)
        watch.done(f"{len(families)} families of them")
    for name, values in zip(("first", "second", "weights"), edges, strict=True):
        np.save(folder / f"{side}-{name}.npy", values)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({"seconds": watch.seconds, "gigabytes": peak}))


def measured(side: str, folder: Path, size: tuple[int, int, int]) -> dict[str, Any]:
    command = [sys.executable, __file__, side, os.fspath(folder), *map(str, size)]
    outcome = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(outcome.stdout)
    steps = ", ".join(f"{what} {a:.2f} s ({b:.2f})" for what, (a, b) in found["seconds"].items())
    print(f"  {side:6s} {steps}; {found['gigabytes']:.2f} GB", flush=True)
    return found


def compare(documents: int, n: int, k: int, with_dense: bool) -> None:
    print(f"N = {documents:,}, n = {n:,}, k = {k}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codes = make_codes(documents, n, k)
        watch = Stopwatch()
        postings = build_postings(codes)
        watch.done("postings")
        inverting = "{:.2f} s ({:.2f})".format(*watch.seconds["postings"])
        save_codes(folder, codes, postings)
        del codes, postings
        print(f"  (inverting the codes, once for the whole bundle: {inverting})", flush=True)
        ours = measured("sparse", folder, (documents, n, k))
        if not with_dense:
            return
        dense = measured("dense", folder, (documents, n, k))
        for part in ("first", "second", "weights"):
            ours_part, dense_part = (
                np.load(folder / f"{side}-{part}.npy") for side in ("sparse", "dense")
            )
            np.testing.assert_array_equal(ours_part, dense_part)
        seconds = zip(dense["seconds"]["edges"], ours["seconds"]["edges"], strict=True)
        ratios = [slow / fast for slow, fast in seconds]
        print(
            f"  same {len(ours_part):,} edges; {ratios[0]:.0f} times faster "
            f"({ratios[1]:.0f} in processor time), "
            f"{dense['gigabytes'] / ours['gigabytes']:.1f} times less memory",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) == 6:
        run_side(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
    else:
        for size in QUICK if "--quick" in sys.argv else SIZES:
            compare(*size)
