"""List once what goes with each feature, so that opening it takes no search."""

from pathlib import Path

from saetui.core.codec import Codes, SaeWeights
from saetui.core.features import both_ends, co_occurring
from saetui.core.postings import Postings
from saetui.progress import Progress
from saetui.store.arrays import forget_pages
from saetui.store.feature_lists import CO_OCCURRING, LONGEST, NEAREST, OPPOSED, save_lists

# Features whose directions are compared with all others' together.
_BLOCK = 512


def write_direction_lists(folder: Path, weights: SaeWeights, progress: Progress) -> None:
    """Write for each feature which others point the same way, and which the opposite way.

    Args:
        folder: Of the SAE.
        weights: Of the SAE.
        progress: Told of every feature.
    """
    nearest, opposed = [], []
    progress.start("Comparing directions", weights.n, "features")
    for start in range(0, weights.n, _BLOCK):
        block = weights.directions[start : start + _BLOCK]
        for feature, cosines in enumerate(block @ weights.directions.T, start):
            ends = both_ends(cosines, feature, LONGEST)
            nearest.append(ends[0])
            opposed.append(ends[1])
            progress.advance()
    for files, lists in ((NEAREST, nearest), (OPPOSED, opposed)):
        save_lists(folder, files, lists)


def write_co_occurring(folder: Path, codes: Codes, counted: Postings, progress: Progress) -> None:
    """Write for each feature which others count most often for the same documents.

    Args:
        folder: Of the SAE.
        codes: By document, of what counts.
        counted: The same by feature.
        progress: Told of every feature.
    """
    lists = []
    progress.start("Listing related features", counted.n, "features")
    for feature in range(counted.n):
        lists.append(co_occurring(codes, counted, feature, LONGEST))
        progress.advance()
    save_lists(folder, CO_OCCURRING, lists)
    forget_pages(codes.indices)
