"""How well an SAE fits documents that came after its training, and when to train it again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights
from saetui.core.search import single
from saetui.pipeline.sae_work import SaeWork

# Documents that are measured, at most.
_MEASURED = 8_192
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

    Args:
        work: The SAE.
        weights: Its weights.
        unseen: Rows of the documents that came after the training.
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
    rows = unseen[:: max(len(unseen) // _MEASURED, 1)]
    mean = _mean(vectors)
    errors, spreads = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        x = single(vectors[some])
        reconstructed = _decoded(weights, codes.indices[some], codes.values[some])
        errors[start : start + len(some)] = np.square(x - reconstructed).sum(axis=1)
        spreads[start : start + len(some)] = np.square(x - mean).sum(axis=1)
    figures["nmse_new"] = float(errors.sum() / spreads.sum())
    if "given_from" in trained:
        # What was not trained here cannot be trained again here.
        return figures | {"given": True}
    return figures | _verdict(figures, errors, spreads, count)


def _mean(vectors: NDArray[np.floating]) -> Float:
    rows = np.unique(np.linspace(0, len(vectors) - 1, _MEASURED).astype(np.int64))
    return np.asarray(single(vectors[rows]).mean(axis=0, dtype=np.float64), dtype=np.float32)


def _decoded(weights: SaeWeights, indices: NDArray[np.int32], values: Float) -> Float:
    """Reconstructions of documents from their codes; unused slots have the value 0."""
    active = weights.directions[np.maximum(indices, 0)]
    return np.asarray(np.einsum("mk,mkd->md", values, active) + weights.bias, dtype=np.float32)


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
