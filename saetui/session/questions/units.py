"""What questions count: documents by feature, or by family."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from saetui.core.postings import Postings
from saetui.interpret.families.superfeatures import family_postings
from saetui.session.details import Example
from saetui.session.questions.answers import Unit
from saetui.session.session import Session
from saetui.store.stored_sae import StoredSae


@dataclass(frozen=True)
class Units:
    """Features or families with their documents.

    Attributes:
        unit: Which of the two.
        names: Labels or numbers, by number.
        postings: Their documents, by number.
    """

    unit: Unit
    names: Sequence[str]
    postings: Postings


def units_of(session: Session, unit: Unit, sae: StoredSae | None = None) -> Units:
    """The features or families of a session with their documents.

    Args:
        session: Says what they are called.
        unit: Features or families.
        sae: Whose documents are counted; None for those of the session. An SAE of another bundle
            must have the same features.
    """
    sae = sae or session.sae
    if unit == "feature":
        return Units(unit, [record.name for record in session.features], sae.counted)
    names = [family.label or f"Family {family.id}" for family in session.sae.families]
    return Units(unit, names, _of_families(sae, session.sae))


@lru_cache(4)
def _of_families(sae: StoredSae, named: StoredSae) -> Postings:
    return family_postings(sae.counted, named.families)


def strongest(
    session: Session, units: Units, number: int, among: NDArray[np.bool_], limit: int
) -> list[Example]:
    """The documents of a feature or family, out of some, on which it is strongest."""
    rows, values = units.postings.documents(number)
    chosen = np.flatnonzero(among[rows])[:limit]
    return examples(session, rows[chosen].tolist(), values[chosen].tolist())


def examples(session: Session, rows: Sequence[int], values: Sequence[float]) -> list[Example]:
    """Documents of some rows, each with its value."""
    headings = session.bundle.documents.headings(rows)
    return [
        Example(row, *headings[row][:2], value) for row, value in zip(rows, values, strict=True)
    ]
