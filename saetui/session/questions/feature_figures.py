"""Figures of every feature that questions answer: its share over time, how it goes with a field."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.document_filter import EVERYTHING
from saetui.errors import InputError
from saetui.session.questions.answers import Column, known, written
from saetui.session.questions.fields import timeline
from saetui.session.questions.groups import of_filter
from saetui.session.questions.relate import relate
from saetui.session.questions.units import once_per_session
from saetui.session.session import Session

# The most periods that are shown; those of longer timelines are put together.
_MOST_PERIODS = 12
_SURE = 0.05

RELATE = "relate:"
"""Before the field that features are sorted by."""


@dataclass(frozen=True)
class OverTime:
    """The share of documents with each feature in each period, `(n, periods)`, first to last."""

    first: str
    last: str
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class Relation:
    """How each feature goes with a field; see `saetui.session.questions.relate`.

    Attributes:
        field: Its name.
        measure: `rho`, the rank correlation with a number; or `lift`, how many times more frequent
            the feature is in the category that it is most surely frequent in than elsewhere.
        values: Of each feature, `(n,)`; NaN if unknown.
        q: The corrected p of each, likewise.
        most: The category of each; empty for a number.
    """

    field: str
    measure: Literal["rho", "lift"]
    values: NDArray[np.float64]
    q: NDArray[np.float64]
    most: tuple[str, ...] = ()

    def sure(self, feature: int) -> bool:
        """Whether chance does not explain it."""
        return bool(self.q[feature] < _SURE)

    def text(self, feature: int) -> str:
        """The value as a list shows it: `+0.31`, `2.4x`; empty if unknown."""
        column = Column("", "", "signed" if self.measure == "rho" else "ratio", 0)
        return written(column, known(self.values[feature]))

    def p_text(self, feature: int) -> str:
        """The corrected p as a list shows it; empty if unknown."""
        return written(Column("", "", "p", 0), known(self.q[feature]))

    def order(self, features: list[int], *, descending: bool) -> list[int]:
        """Places of some features by value; those without one last, equals by number."""
        ids = np.array(features, dtype=np.int64)
        values = self.values[ids]
        keys = np.nan_to_num(-values if descending else values)
        return [int(place) for place in np.lexsort((ids, keys, np.isnan(values)))]


@once_per_session
def over_time(session: Session) -> OverTime | None:
    """The share of each feature over time, counted once for a session.

    None where documents have no dates, or are all of one period.
    """
    try:
        time = timeline(session).of(of_filter(session, EVERYTHING))
    except InputError:
        return None
    periods = len(time.names)
    if periods < 2:
        return None
    together = -(-periods // _MOST_PERIODS)
    # The first of them may be shorter: of the earliest periods there are the fewest documents.
    column = (np.arange(periods) + -periods % together) // together
    width = int(column[-1]) + 1
    sizes = np.bincount(column, weights=time.sizes, minlength=width)
    places = np.where(time.places < 0, -1, column[time.places])
    counts = session.sae.counted.by_place(places, width)
    return OverTime(time.names[0], time.names[-1], counts / np.maximum(sizes, 1))


@once_per_session
def relation(session: Session, field: str) -> Relation:
    """How each feature goes with a field, counted once for a session.

    Raises:
        InputError: No document has the field.
    """
    answer = relate(session, field)
    n = session.sae.record.n
    by_number = answer.facts["kind"] == "number"
    values, q, most = np.full(n, np.nan), np.full(n, np.nan), [""] * n
    for row in answer.rows:
        figures = row.figures
        if figures["q"] is not None:
            q[row.id] = figures["q"]
        if by_number:
            values[row.id] = np.nan if figures["rho"] is None else figures["rho"]
        elif figures["ratio"] is not None:
            values[row.id] = figures["ratio"]
            most[row.id] = str(figures["most"])
    if by_number:
        return Relation(field, "rho", values, q)
    return Relation(field, "lift", values, q, tuple(most))
