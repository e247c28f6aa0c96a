"""What sets two groups of documents apart: features or families that are more frequent in one."""

from collections.abc import Sequence

import numpy as np

from saetui.core.group_tests import LEAST_DOCUMENTS, TwoGroups, compare_groups
from saetui.session.details import Example
from saetui.session.questions.answers import (
    Answer,
    AnswerRow,
    Column,
    Unit,
    beyond_chance,
    known,
    ratio_figures,
)
from saetui.session.questions.by_paper import REMARK, paper_postings, with_p_of
from saetui.session.questions.groups import FIRST_RESULTS, REST, Group, Shown, two_groups
from saetui.session.questions.units import Units, strongest, units_of
from saetui.session.session import Session

COLUMNS = (
    Column("share_a", "in A", "share", 7),
    Column("share_b", "in B", "share", 7),
    Column("ratio", "ratio", "ratio", 7),
    Column("q", "p", "p", 7),
)


def compare(
    session: Session,
    a: str,
    b: str = REST,
    *,
    within: str = "",
    unit: Unit = "feature",
    first: int = FIRST_RESULTS,
    least: int = LEAST_DOCUMENTS,
    shown: Shown | None = None,
) -> Answer:
    """Features or families by how much more frequent they are in one of two groups.

    Those of which it is surest that the first group has more of them come first, those of the
    second last.

    Args:
        session: An open bundle.
        a: Names the first group, see `groups`.
        b: Names the second; `rest` for all other documents.
        within: A filter that the documents of both groups must pass, too.
        unit: Features or families.
        first: How many results of a search make a group.
        least: Nothing is claimed of features that fewer documents of both groups have.
        shown: The search that `results`, `unsteered` and `marked` are about.

    Raises:
        InputError: A text names no group, or a group has no document of its own.
    """
    one, other, shared = two_groups(session, a, b, within=within, first=first, shown=shown)
    question = f"{a.strip()} vs {b.strip()}" + (f" within {within.strip()}" if within else "")
    return compare_two(session, one, other, question, shared=shared, unit=unit, least=least)


def compare_two(
    session: Session,
    one: Group,
    other: Group,
    question: str,
    *,
    shared: int = 0,
    unit: Unit = "feature",
    least: int = LEAST_DOCUMENTS,
) -> Answer:
    """The same for two groups that are known already and share no document."""
    sides = [
        (each, units_of(session, unit, None if each.session is session else each.session.sae))
        for each in (one, other)
    ]
    found = compare_groups(
        sides[0][1].postings.count(one.mask),
        one.size,
        sides[1][1].postings.count(other.mask),
        other.size,
        least,
    )
    papers = [of for each in (one, other) if (of := paper_postings(each.session, unit))]
    if len(papers) == len(sides):
        masks = [of.mask(each.mask) for of, each in zip(papers, (one, other), strict=True)]
        if one.session is other.session:
            # A paper with passages in both groups is one of the first.
            masks[1] &= ~masks[0]
        counts = [of.postings.count(mask) for of, mask in zip(papers, masks, strict=True)]
        sizes = [int(mask.sum()) for mask in masks]
        found = with_p_of(found, compare_groups(counts[0], sizes[0], counts[1], sizes[1], least=0))
    return Answer(
        question=question,
        title=f"{one.name} against {other.name}",
        remarks=_remarks(one, other, shared, found, least)
        + ((REMARK,) if len(papers) == len(sides) else ()),
        unit=unit,
        columns=COLUMNS,
        rows=_rows(found, sides[0][1].names),
        both_ends=True,
        facts={
            "a": {"group": one.name, "documents": one.size, "missing": one.missing},
            "b": {"group": other.name, "documents": other.size, "missing": other.missing},
            "shared": shared,
            "tested": int((~np.isnan(found.q)).sum()),
            "least": least,
        },
        examples=lambda number, limit: _examples(sides, number, limit),
    )


def _remarks(
    one: Group, other: Group, shared: int, found: TwoGroups, least: int
) -> tuple[str, ...]:
    said = [f"A: {one.size:,} documents; B: {other.size:,}."]
    if shared:
        said.append(f"{shared:,} documents are in both groups and left out.")
    for each in (one, other):
        if each.missing:
            said.append(f"{each.missing:,} ids of {each.name} belong to no document.")
    return (*said, beyond_chance(found.q, least, "differ"))


def _rows(found: TwoGroups, names: Sequence[str]) -> tuple[AnswerRow, ...]:
    largest = max(float(np.abs(found.keyness).max(initial=0.0)), 1e-9)
    rows = []
    for i in np.argsort(-found.keyness, kind="stable").tolist():
        if not found.a[i] + found.b[i]:
            continue
        figures = {
            "a": int(found.a[i]),
            "b": int(found.b[i]),
            "share_a": known(found.share_a[i]),
            "share_b": known(found.share_b[i]),
            "difference": known(found.share_a[i] - found.share_b[i]),
            **ratio_figures(found, i),
            "keyness": known(found.keyness[i]),
            "p": known(found.p[i]),
            "q": known(found.q[i]),
        }
        rows.append(AnswerRow(i, names[i], float(found.keyness[i]) / largest, figures))
    return tuple(rows)


def _examples(
    sides: list[tuple[Group, Units]], number: int, limit: int
) -> list[tuple[str, list[Example]]]:
    return [
        (f"{letter}: {each.name}", strongest(each.session, units, number, each.mask, limit))
        for letter, (each, units) in zip("AB", sides, strict=True)
    ]
