"""What rises and falls: the share of documents with each feature or family over time."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import LEAST_DOCUMENTS, Counts, share_interval
from saetui.core.trend_tests import trend_test
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
from saetui.session.questions.by_paper import REMARK, paper_postings, with_p_of
from saetui.session.questions.fields import Period, Timeline, timeline
from saetui.session.questions.groups import mask_of
from saetui.session.questions.subjects import counted_whys, held_back
from saetui.session.questions.trend_checks import (
    doubts,
    mixture_counts,
    mixtures,
    said_of_doubts,
    shifts_of,
    thirds_of,
)
from saetui.session.questions.units import Units, examples, units_of
from saetui.session.session import Session

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
    begin, end = thirds_of(time)
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


def _intervals(counts: Counts, sizes: Counts, features: list[int]) -> dict[str, list[list[float]]]:
    """Both ends of the interval of the share in each period, by the numbers of some features."""
    low, high = (
        np.round(each, 6).tolist() for each in share_interval(counts[features], sizes[np.newaxis])
    )
    return {str(feature): [low[i], high[i]] for i, feature in enumerate(features)}


def _remarks(time: Timeline, undated: int, q: NDArray[np.float64], least: int) -> tuple[str, ...]:
    begin, end = thirds_of(time)
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
    begin, end = thirds_of(time)
    found = []
    for title, chosen in (
        (f"until {time.names[begin - 1]}", (time.places >= 0) & (time.places < begin)),
        (f"since {time.names[end]}", time.places >= end),
    ):
        these = np.flatnonzero(chosen[rows])[:limit]
        found.append((title, examples(session, rows[these].tolist(), values[these].tolist())))
    return found
