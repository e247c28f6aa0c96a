"""What looks like a trend and is none: one full period, or a corpus whose mixture changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import TwoGroups, compare_groups, same_in_strata
from saetui.core.postings import Postings
from saetui.core.trend_tests import thirds
from saetui.session.questions.answers import SIGNIFICANT
from saetui.session.questions.fields import Timeline, common_values
from saetui.session.session import Session

# With fewer, one of them is too large a part of a third to do without.
_LEAST_PERIODS = 6
# Values of fields whose share changes by this much are named, the most changed first.
_SHIFT = 0.05
_MOST_SHIFTS = 3

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Shift:
    """A value of a field whose share of the documents changes much.

    Attributes:
        field: Name of the field.
        value: The value.
        first: Its share in the first third of the documents.
        last: Its share in the last third.
    """

    field: str
    value: str
    first: float
    last: float


def thirds_of(time: Timeline) -> tuple[int, int]:
    """The end of the first and the beginning of the last third of documents, between periods.

    0 twice if all documents are of one period.
    """
    return thirds(time.sizes)


def shifts_of(session: Session, time: Timeline) -> list[Shift]:
    """Common values of fields whose own share changes, the most changed first."""
    begin, end = thirds_of(time)
    late, early = time.places >= end, (time.places >= 0) & (time.places < begin)
    found = []
    for name in session.field_names():
        for value, rows in common_values(session, name):
            first, last = early[rows].sum() / early.sum(), late[rows].sum() / late.sum()
            if abs(last - first) >= _SHIFT:
                found.append(Shift(name, value, float(f"{first:.5g}"), float(f"{last:.5g}")))
    found.sort(key=lambda shift: -abs(shift.last - shift.first))
    return found[:_MOST_SHIFTS]


def said_of_doubts(
    shifts: Sequence[Shift], follows: NDArray[np.bool_], bursts: Sequence[str | None]
) -> tuple[str, ...]:
    """The same in sentences, if there is something to say."""
    said = []
    burst = len(bursts) - bursts.count(None)
    if burst:
        said.append(f"{burst:,} of these changes are due to one period alone, and grey.")
    if shifts:
        changed = ", ".join(
            f"{shift.field} {shift.value} from {shift.first:.0%} to {shift.last:.0%}"
            for shift in shifts
        )
        said.append(
            f"The corpus itself changes: {changed}. {int(follows.sum()):,} follow from that."
        )
    return tuple(said)


def mixtures(session: Session, shifts: Sequence[Shift]) -> NDArray[np.int64]:
    """Which of the shifting values each document has, as a number, int64 `(N,)`."""
    found = np.zeros(len(session.bundle), dtype=np.int64)
    for place, shift in enumerate(shifts):
        found[dict(common_values(session, shift.field))[shift.value]] += 1 << place
    return found


def mixture_counts(postings: Postings, time: Timeline, mixture: NDArray[np.int64]) -> Counts:
    """How many documents of each mixture and period have each feature, `(n, mixtures, periods)`."""
    width, parts = len(time.names), int(mixture.max(initial=0)) + 1
    cells = np.where(time.places < 0, -1, mixture * width + time.places)
    return postings.by_place(cells, parts * width).reshape(postings.n, parts, width)


def doubts(
    ends: TwoGroups, counts: Counts, time: Timeline, mixture: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], list[str | None]]:
    """Other explanations of changes that are beyond chance.

    Args:
        ends: The last third against the first.
        counts: Of documents with each feature, see `mixture_counts`.
        time: The periods.
        mixture: Of each document, see `mixtures`.

    Returns:
        Whether a feature follows from the corpus's mixture: chance explains its change among
        documents that are alike in what shifts. And the one period, such as a month with a
        conference, without which chance explains the change; None for others.
    """
    begin, end = thirds_of(time)
    parts, width = counts.shape[1:]
    dated = time.places >= 0
    cells = mixture[dated] * width + time.places[dated]
    sizes = np.bincount(cells, minlength=parts * width).reshape(parts, width)
    asked = np.flatnonzero(ends.q < SIGNIFICANT)
    follows = np.zeros(len(ends.p), dtype=bool)
    bursts = np.full(len(ends.p), None, dtype=object)
    alike = same_in_strata(
        counts[asked, :, end:].sum(axis=2),
        sizes[:, end:].sum(axis=1),
        counts[asked, :, :begin].sum(axis=2),
        sizes[:, :begin].sum(axis=1),
    )
    fullest, others = _without_fullest(counts[asked].sum(axis=1), sizes.sum(axis=0), begin, end)
    follows[asked] = alike >= SIGNIFICANT
    alone = others >= SIGNIFICANT
    bursts[asked[alone]] = np.array(time.names, dtype=object)[fullest[alone]]
    return follows, bursts.tolist()


def _without_fullest(
    counts: Counts, sizes: Counts, begin: int, end: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The period with the most documents too many for each feature, and p without it."""
    share = counts.sum(axis=1, keepdims=True) / max(int(sizes.sum()), 1)
    fullest = np.argmax(counts - share * sizes, axis=1)
    p = np.zeros(len(counts))
    for period in np.unique(fullest).tolist() if len(sizes) >= _LEAST_PERIODS else ():
        these, kept = fullest == period, np.arange(len(sizes)) != period
        first, last = kept & (np.arange(len(sizes)) < begin), kept & (np.arange(len(sizes)) >= end)
        if not sizes[first].any() or not sizes[last].any():
            continue
        own = [counts[these][:, part].sum(axis=1) for part in (last, first)]
        found = compare_groups(
            own[0], int(sizes[last].sum()), own[1], int(sizes[first].sum()), least=0
        )
        lean = (
            counts[these, end:].sum(axis=1) * sizes[:begin].sum()
            - counts[these, :begin].sum(axis=1) * sizes[end:].sum()
        )
        p[these] = np.where(found.keyness * lean < 0, 1.0, found.p)
    return fullest, p
