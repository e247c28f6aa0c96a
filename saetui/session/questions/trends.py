"""What rises and falls: the share of documents with each feature or family over time.

Two things look like a trend and are none: one full period, and a corpus whose mixture changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Postings
from saetui.core.group_tests import (
    LEAST_DOCUMENTS,
    Counts,
    TwoGroups,
    compare_groups,
    same_in_strata,
    share_interval,
)
from saetui.core.trend_tests import thirds, trend_test
from saetui.errors import InputError
from saetui.session.details import Example
from saetui.session.questions.answers import (
    SIGNIFICANT,
    Answer,
    AnswerRow,
    Column,
    Unit,
    beyond_chance,
    known,
    ratio_figures,
)
from saetui.session.questions.fields import Period, Timeline, common_values, timeline
from saetui.session.questions.groups import mask_of
from saetui.session.questions.units import (
    REMARK,
    Units,
    counted_whys,
    examples,
    held_back,
    paper_postings,
    units_of,
    with_p_of,
)
from saetui.session.session import Session

# With fewer, one of them is too large a part of a third to do without.
_LEAST_PERIODS = 6
# Values of fields whose share changes by this much are named, the most changed first.
_SHIFT = 0.05
_MOST_SHIFTS = 3


COLUMNS = (
    Column("first", "first", "share", 7),
    Column("last", "last", "share", 7),
    Column("ratio", "ratio", "ratio", 7),
    Column("q", "p", "p", 7),
)


def trends(
    session: Session,
    period: Period | None = None,
    *,
    within: str = "",
    unit: Unit = "feature",
    least: int = LEAST_DOCUMENTS,
    everything: bool = False,
) -> Answer:
    """Features or families by how surely their share of the documents rises or falls.

    What rises most surely comes first, what falls most surely last, by Cochran and Armitage's test
    for a trend of shares, so a corpus that grows makes nothing rise. The ratio is that of the share
    in the last third of the documents, by date, to that in the first third, and p says how surely
    these two differ (Fisher's exact test). The figure `burst` names the one period that a change is
    due to, and `follows` the fields whose mixture explains it; see `doubts`.

    Args:
        session: An open bundle.
        period: The length of a period; None for the shortest that makes 36 periods at most.
        within: A filter that documents must pass to count.
        unit: Features or families.
        least: Nothing is claimed of features of fewer documents.
        everything: Whether to list changes of features that are no subjects, too; see `subjects`.

    Raises:
        InputError: No document that counts has a date of that precision, or all are of one period.
    """
    mask = mask_of(session, within)
    time = timeline(session, period).of(mask)
    units = units_of(session, unit)
    sizes = time.sizes
    begin, end = thirds(time.sizes)
    if not begin:
        raise InputError(
            f"All documents that count are of {time.names[0]}, so nothing rises or falls.",
            "Ask about shorter periods, or about more documents.",
        )
    shifts = shifts_of(session, time)
    mixture = mixtures(session, shifts)
    by_mixture = mixture_counts(units.postings, time, mixture)
    counts = by_mixture.sum(axis=1)
    numbers = np.arange(len(sizes), dtype=np.float64)
    found = trend_test(counts, sizes, numbers, least)
    ends, papers = found.ends, paper_postings(session, unit)
    if papers is not None:
        of_papers = papers.numbers(np.where(time.places < 0, np.nan, time.places))
        places = np.where(np.isnan(of_papers), -1, of_papers).astype(np.int64)
        by_paper = papers.postings.by_place(places, len(sizes))
        own_sizes = np.bincount(places[places >= 0], minlength=len(sizes))
        ends = with_p_of(ends, trend_test(by_paper, own_sizes, numbers, 0).ends)
    follows, bursts = doubts(ends, by_mixture, time, mixture)
    fields = ", ".join(dict.fromkeys(shift.field for shift in shifts))
    sure = np.flatnonzero(ends.q < SIGNIFICANT).tolist()
    left_out = {} if everything or unit != "feature" else held_back(session, sure)
    largest = max(float(np.abs(found.z).max(initial=0.0)), 1e-9)
    lines = np.round(counts / np.maximum(sizes, 1), 6).tolist()
    rows = []
    for i in np.argsort(-found.z, kind="stable").tolist():
        if not found.documents[i] or i in left_out:
            continue
        figures = {
            "documents": int(found.documents[i]),
            "first": known(ends.share_b[i]),
            "last": known(ends.share_a[i]),
            **ratio_figures(ends, i),
            "burst": bursts[i],
            "follows": fields if follows[i] else None,
            "z": known(found.z[i]),
            "p": known(ends.p[i]),
            "q": known(ends.q[i]),
        }
        line = tuple(lines[i])
        rows.append(AnswerRow(i, units.names[i], float(found.z[i]) / largest, figures, line))
    question = (
        f"over {time.period}s"
        + (" all" if everything else "")
        + (f" within {within.strip()}" if within.strip() else "")
    )
    undated = int(mask.sum() - sizes.sum())
    return Answer(
        question=question,
        title=f"Rising, falling {time.names[0]} to {time.names[-1]}",
        remarks=_remarks(time, undated, ends.q, least)
        + _said_of_left_out(time, left_out)
        + ((REMARK,) if papers else ())
        + said_of_doubts(shifts, follows, bursts),
        unit=unit,
        columns=COLUMNS,
        rows=tuple(rows),
        both_ends=True,
        facts={
            "period": time.period,
            "periods": list(time.names),
            "documents": sizes.tolist(),
            "first_third": [time.names[0], time.names[begin - 1]],
            "last_third": [time.names[end], time.names[-1]],
            "undated": undated,
            "shifts": [asdict(each) for each in shifts],
            "tested": int((~np.isnan(ends.q)).sum()),
            "least": least,
            "left_out": left_out,
            "intervals": _intervals(counts, sizes, [row.id for row in rows if row.significant]),
        },
        examples=lambda number, limit: _examples(session, units, time, number, limit),
    )


@dataclass(frozen=True)
class Shift:
    """A value of a field whose share changes much from the first to the last third of documents."""

    field: str
    value: str
    first: float
    last: float


def shifts_of(session: Session, time: Timeline) -> list[Shift]:
    """Common values of fields whose own share changes, the most changed first."""
    begin, end = thirds(time.sizes)
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
    begin, end = thirds(time.sizes)
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


def _intervals(counts: Counts, sizes: Counts, features: list[int]) -> dict[str, list[list[float]]]:
    """Both ends of the interval of the share in each period, by the numbers of some features."""
    low, high = (
        np.round(each, 6).tolist() for each in share_interval(counts[features], sizes[np.newaxis])
    )
    return {str(feature): [low[i], high[i]] for i, feature in enumerate(features)}


def _remarks(time: Timeline, undated: int, q: NDArray[np.float64], least: int) -> tuple[str, ...]:
    begin, end = thirds(time.sizes)
    first = time.names[begin - 1].removeprefix("until ")
    said = [
        f"{int(time.sizes.sum()):,} documents in {len(time.names)} {time.period}s; first: to "
        f"{first}, last: from {time.names[end]}."
    ]
    if undated:
        said.append(f"{undated:,} documents have no date that says the {time.period}.")
    return (*said, beyond_chance(q, least, "change"))


def _said_of_left_out(time: Timeline, left_out: Mapping[int, str]) -> tuple[str, ...]:
    if not left_out:
        return ()
    return (
        f"Left out as no subjects: {counted_whys(left_out.values())}; "
        f"'over {time.period}s all', or --all, shows them.",
    )


def _examples(
    session: Session, units: Units, time: Timeline, number: int, limit: int
) -> list[tuple[str, list[Example]]]:
    rows, values = units.postings.documents(number)
    begin, end = thirds(time.sizes)
    found = []
    for title, chosen in (
        (f"until {time.names[begin - 1]}", (time.places >= 0) & (time.places < begin)),
        (f"since {time.names[end]}", time.places >= end),
    ):
        these = np.flatnonzero(chosen[rows])[:limit]
        found.append((title, examples(session, rows[these].tolist(), values[these].tolist())))
    return found
