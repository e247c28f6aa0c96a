"""List once what goes with each feature, so that to open it nothing need be gone through."""

from pathlib import Path

from saetui.core.codec import SaeWeights
from saetui.core.features import both_ends, co_occurring
from saetui.progress import Progress
from saetui.store import saes
from saetui.store.arrays import forget_pages
from saetui.store.feature_lists import CO_OCCURRING, LONGEST, NEAREST, OPPOSED, save_lists

# Features whose directions are compared with all others' together.
_BLOCK = 512


def write_feature_lists(
    folder: Path, documents: int, weights: SaeWeights, progress: Progress
) -> None:
    """Write which features occur most with each, and which point the same way and the opposite.

    Args:
        folder: Of the SAE, with the codes of the corpus.
        documents: Of the corpus.
        weights: Of the SAE.
        progress: Told of every feature.
    """
    codes = saes.load_codes(folder, documents, weights.n, weights.k)
    postings = saes.load_postings(folder, weights.n)
    together, nearest, opposed = [], [], []
    progress.start("Listing related features", weights.n, "features")
    for start in range(0, weights.n, _BLOCK):
        block = weights.directions[start : start + _BLOCK]
        for feature, cosines in enumerate(block @ weights.directions.T, start):
            together.append(co_occurring(codes, postings, feature, LONGEST))
            ends = both_ends(cosines, feature, LONGEST)
            nearest.append(ends[0])
            opposed.append(ends[1])
            progress.advance()
    for files, lists in ((CO_OCCURRING, together), (NEAREST, nearest), (OPPOSED, opposed)):
        save_lists(folder, files, lists)
    forget_pages(codes.indices)
