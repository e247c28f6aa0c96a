"""The step that encodes a corpus, of which an SAE may have encoded most before."""

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, SaeWeights, encode
from saetui.core.search import single
from saetui.pipeline.context import Made, Step
from saetui.pipeline.encoding import Encode
from saetui.pipeline.fit import fit_to_new_documents
from saetui.pipeline.sae_work import CODE_FILES, SaeWork
from saetui.store import saes
from saetui.store.arrays import forget_pages, save_array


def encoding_step(work: SaeWork, trained: Step) -> Step:
    """Encode the documents that have no codes by this SAE yet.

    Args:
        work: The SAE.
        trained: The step that it comes from.
    """
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
    work.encode(weights, trained_from, known)
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
