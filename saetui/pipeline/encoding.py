"""Encode a corpus into files, a block of documents at a time, and turn the codes round.

Memory stays the same however many documents there are: arrays are written through maps whose pages
are let go of. A killed run goes on with the block after the last one that was noted.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float, SaeWeights, encode
from saetui.core.postings import by_feature, sort_by_activation
from saetui.core.search import single
from saetui.pipeline.feature_lists import write_direction_lists
from saetui.pipeline.unfinished import UnfinishedArrays
from saetui.progress import Progress
from saetui.store import saes
from saetui.store.arrays import forget_pages

ENCODE_BLOCK = 1_024
# Blocks between two notes, whose codes are also turned round together.
_BLOCKS = 16

Encode = Callable[[int, int], Codes]
"""Gives the codes of documents `start` to `stop - 1`."""


def by_windows(
    encoded: Callable[[Float], Codes], vectors: NDArray[np.floating], documents: int
) -> Encode:
    """Codes of spans, asked for in their order, from what wants many documents at once.

    Args:
        encoded: Codes of vectors `(m, d)`, float32.
        vectors: Of all documents.
        documents: How many to hand over at once.
    """
    at, window = 0, Codes(np.empty((0, 0), np.int32), np.empty((0, 0), np.float32), 0)

    def of(start: int, stop: int) -> Codes:
        nonlocal at, window
        if not at <= start <= stop <= at + len(window.indices):
            at = start
            window = encoded(single(vectors[start : max(start + documents, stop)]))
            forget_pages(vectors)
        span = slice(start - at, stop - at)
        return Codes(window.indices[span], window.values[span], window.n)

    return of


def encode_corpus(
    vectors: NDArray[np.floating],
    weights: SaeWeights,
    folder: Path,
    work: Path,
    *,
    made_from: str,
    progress: Progress,
    encoded: Encode | None = None,
    block: int = ENCODE_BLOCK,
    shard: int = _BLOCKS * ENCODE_BLOCK,
) -> None:
    """Write the codes of all documents, by document and by feature.

    Args:
        vectors: Of the documents, `(N, d)`, perhaps mapped.
        weights: Of the SAE.
        folder: Of the SAE, where finished files go.
        work: Folder for unfinished ones.
        made_from: Fingerprint; codes of another one are not gone on with.
        progress: Told of every document.
        encoded: Codes that are known already; None computes them.
        block: Documents that are encoded at a time.
        shard: Documents between two notes, and those whose codes are turned round together.
    """

    def computed(start: int, stop: int) -> Codes:
        codes = encode(weights, single(vectors[start:stop]))
        forget_pages(vectors)
        return codes

    shape = len(vectors), weights.k
    layouts = [
        (work / Path(saes.CODES[0]).name, shape, np.int32),
        (work / Path(saes.CODES[1]).name, shape, np.float32),
    ]
    unfinished = UnfinishedArrays(work / "codes.json", made_from, layouts)
    _by_document(encoded or computed, unfinished, block, shard, progress)
    indices, values = (np.asarray(array) for array in unfinished.arrays)
    _by_feature(Codes(indices, values, weights.n), work, shard, progress)
    for name in (*saes.CODES, *saes.POSTINGS):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (work / Path(name).name).replace(folder / name)
    write_direction_lists(folder, weights, progress)
    unfinished.finish()


def _by_document(
    encoded: Encode, unfinished: UnfinishedArrays, size: int, shard: int, progress: Progress
) -> None:
    indices, values = unfinished.arrays
    count = len(indices)
    progress.start("Encoding", count, "documents", unfinished.done)
    for start in range(unfinished.done, count, shard):
        stop = min(start + shard, count)
        for first in range(start, stop, size):
            last = min(first + size, stop)
            block = encoded(first, last)
            indices[first:last], values[first:last] = block.indices, block.values
            progress.advance(last - first)
        unfinished.note(stop)


def _by_feature(codes: Codes, work: Path, shard: int, progress: Progress) -> None:
    """What `core.postings.build_postings` makes, through files."""
    counts = np.zeros(codes.n, dtype=np.int64)
    for start in range(0, len(codes.indices), shard):
        active = codes.indices[start : start + shard]
        counts += np.bincount(active[active >= 0], minlength=codes.n)
    indptr = np.zeros(codes.n + 1, dtype=np.int64)
    np.cumsum(counts, out=indptr[1:])
    paths = [work / Path(name).name for name in saes.POSTINGS]
    np.save(paths[0], indptr)
    shape, new = (int(indptr[-1]),), np.lib.format.open_memmap
    rows = new(paths[1], mode="w+", dtype=np.int32, shape=shape)
    values = new(paths[2], mode="w+", dtype=np.float32, shape=shape)
    progress.start("Sorting codes by feature", len(codes.indices), "documents")
    free = indptr[:-1].copy()
    for start in range(0, len(codes.indices), shard):
        span = slice(start, start + shard)
        part = Codes(codes.indices[span], codes.values[span], codes.n)
        places, documents, activations = _placed(part, start, free)
        rows[places] = documents
        values[places] = activations
        progress.advance(len(part.indices))
        for array in (codes.indices, codes.values):
            forget_pages(array)
    sort_by_activation(indptr, rows, values)
    rows.flush()
    values.flush()


def _placed(
    codes: Codes, start: int, free: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Where the activations of documents from `start` on go, by feature; `free` is moved on."""
    active = codes.indices >= 0
    features = codes.indices[active]
    documents = (start + np.nonzero(active)[0]).astype(np.int32)
    order = by_feature(features, len(free))
    counts = np.bincount(features, minlength=len(free))
    before = np.cumsum(counts) - counts
    sorted_features = features[order]
    places = free[sorted_features] + np.arange(len(order)) - before[sorted_features]
    free += counts
    return places, documents[order], codes.values[active][order]
