"""Encode a corpus into files, by document and by feature, and say how well the SAE fits it.

Memory stays the same however many documents there are: arrays are written through maps whose pages
are let go of. A killed run goes on with the block after the last one that was noted.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, SaeWeights, by_feature, decoded, encode, sort_by_activation
from saetui.core.scores import single
from saetui.pipeline.context import Made, Step
from saetui.pipeline.sae_work import (
    CODE_FILES,
    MEASURED,
    SaeWork,
    measured_rows,
    write_direction_lists,
)
from saetui.pipeline.unfinished import UnfinishedArrays
from saetui.progress import Progress
from saetui.store import saes
from saetui.store.arrays import forget_pages, save_array

ENCODE_BLOCK = 1_024
# Blocks between two notes, whose codes are also turned round together.
_BLOCKS = 16

Encode = Callable[[int, int], Codes]
"""Gives the codes of documents `start` to `stop - 1`."""


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


def write_codes(
    work: SaeWork, weights: SaeWeights, made_from: str, known: Encode | None = None
) -> None:
    """Write the codes of all documents of a build, by document and by feature.

    Codes that are `known` are not computed. A run that was stopped goes on only with codes of the
    same fingerprint `made_from`.
    """
    build, vectors = work.build, work.build.vectors()
    engine, block, shard = build.engine, ENCODE_BLOCK, _BLOCKS * ENCODE_BLOCK
    if known is None and engine is not None:
        block = shard = engine.documents

        def known(start: int, stop: int) -> Codes:
            codes = engine.encode(weights, single(vectors[start:stop]))
            forget_pages(vectors)
            return codes

    encode_corpus(
        vectors,
        weights,
        work.folder,
        build.work / f"codes-{work.size.name}",
        made_from=made_from,
        progress=build.progress,
        encoded=known,
        block=block,
        shard=shard,
    )


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


def encoding_step(work: SaeWork, trained: Step) -> Step:
    """Encode the documents that have no codes by this SAE yet."""
    embeddings = work.build.log.steps["embeddings"].fingerprint
    files = (*CODE_FILES, saes.UNSEEN) if work.has_grown else CODE_FILES
    step = work.step(
        "codes",
        files,
        lambda work: encode_documents(work, trained.made_from),
        sae=trained.made_from,
        embeddings=embeddings,
    )
    return work.unless_current(step, work.is_the_same and work.has_same_embeddings)


def encode_documents(work: SaeWork, trained_from: str) -> Made:
    """Encode the corpus, and say how well the SAE fits what it was not trained on."""
    weights, origin = work.weights(), work.build.origin()
    known = None
    reusable = work.is_the_same and work.has_same_embedder and work.was_whole("codes")
    if reusable and origin is not None:
        known = _known(work, weights, origin)
    write_codes(work, weights, trained_from, known)
    if not work.has_grown:
        return Made({})
    unseen = _unseen(work, origin)
    save_array(work.folder / saes.UNSEEN, unseen)
    return Made({"metrics": {"fit": fit_to_new_documents(work, weights, unseen)}})


def _known(work: SaeWork, weights: SaeWeights, origin: NDArray[np.int64]) -> Encode:
    """Takes the codes of documents that the bundle has, and computes those of the others."""
    vectors, before = work.build.vectors(), work.codes_before()

    def of(start: int, stop: int) -> Codes:
        rows = origin[start:stop]
        old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
        indices = np.empty((len(rows), before.indices.shape[1]), dtype=np.int32)
        values = np.empty(indices.shape, dtype=np.float32)
        indices[old], values[old] = before.indices[rows[old]], before.values[rows[old]]
        if len(new):
            codes = encode(weights, single(vectors[start + new]))
            indices[new], values[new] = codes.indices, codes.values
        for array in (vectors, before.indices, before.values):
            forget_pages(array)
        return Codes(indices, values, weights.n)

    return of


def _unseen(work: SaeWork, origin: NDArray[np.int64] | None) -> NDArray[np.int32]:
    """Rows of the documents with texts that came after the training."""
    count = len(work.build.vectors())
    if origin is None or not work.is_the_same:
        return np.arange(count, dtype=np.int32)
    seen_before = np.ones(len(work.build.vectors_before()) + 1, dtype=bool)
    seen_before[saes.load_unseen(work.folder_before, len(seen_before) - 1)] = False
    # An origin of -1 reads the place behind the last.
    seen_before[-1] = False
    return np.flatnonzero(~seen_before[origin]).astype(np.int32)


_BLOCK = 1_024
WORSE = 1.1
"""Training again is worth it when new documents are reconstructed this much worse than held-out
documents of the training, beyond chance."""

MANY = 0.5
"""It is, too, when there are this many new documents for each that the SAE was trained among."""


def fit_to_new_documents(
    work: SaeWork, weights: SaeWeights, unseen: NDArray[np.int32]
) -> dict[str, Any]:
    """Measure the fit; returns figures for the manifest.

    `nmse` is the squared error over that of predicting the mean of all documents, so that new
    documents about one subject are measured as all others are.
    """
    build, codes = work.build, work.codes()
    vectors, count = build.vectors(), len(build.vectors())
    trained = build.log.steps[f"train {work.size.name}"].facts["metrics"]
    held_out = trained.get("held_out") or {}
    figures: dict[str, Any] = {
        "new_documents": len(unseen),
        "nmse_held_out": held_out.get("nmse"),
        "dead_share": float(np.mean(work.postings.counts() == 0)),
        "nmse_new": None,
        "worth_retraining": False,
    }
    if not len(unseen):
        return figures
    rows = unseen[:: max(len(unseen) // MEASURED, 1)]
    mean = single(vectors[measured_rows(count)]).mean(axis=0, dtype=np.float64).astype(np.float32)
    errors, spreads = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        x = single(vectors[some])
        of_some = Codes(codes.indices[some], codes.values[some], codes.n)
        reconstructed = decoded(weights, of_some) + weights.bias
        errors[start : start + len(some)] = np.square(x - reconstructed).sum(axis=1)
        spreads[start : start + len(some)] = np.square(x - mean).sum(axis=1)
    figures["nmse_new"] = float(errors.sum() / spreads.sum())
    if "given_from" in trained:
        # What was not trained here cannot be trained again here.
        return figures | {"given": True}
    return figures | _verdict(figures, errors, spreads, count)


def _verdict(
    figures: dict[str, Any],
    errors: NDArray[np.float64],
    spreads: NDArray[np.float64],
    count: int,
) -> dict[str, Any]:
    """Whether training again is worth it, and why."""
    new, held_out = figures["nmse_new"], figures["nmse_held_out"]
    trained_among = max(count - figures["new_documents"], 1)
    if held_out is not None and len(errors) > 1:
        # The standard error of a ratio of means, so that a few odd documents prove nothing.
        deviation = np.std(errors - new * spreads, ddof=1) / np.sqrt(len(errors))
        least = new - 1.96 * deviation / spreads.mean()
        if least > WORSE * held_out:
            return {"worth_retraining": True, "reason": "new documents are reconstructed worse"}
    if figures["new_documents"] >= MANY * trained_among:
        return {"worth_retraining": True, "reason": "much of the corpus is new to it"}
    return {}


def described(name: str, figures: dict[str, Any]) -> str:
    """The fit in two sentences."""
    held_out = figures["nmse_held_out"]
    than = "" if held_out is None else f", on held-out documents of its training {held_out:.3f}"
    sentence = (
        f"{name} was not trained on {figures['new_documents']:,} of the documents: on these its "
        f"nMSE is {figures['nmse_new']:.3f}{than}; {figures['dead_share']:.1%} of its features "
        "are active on no document."
    )
    if figures.get("given"):
        return f"{sentence} It was given, so that it cannot be trained again here."
    if figures["worth_retraining"]:
        return f"{sentence} Train it again with --retrain: {figures['reason']}."
    return f"{sentence} There is no need to train it again."
