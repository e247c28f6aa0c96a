"""What sets two groups of documents apart, and what sets two features apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.features import Lift, lift_of
from saetui.core.group_tests import LEAST_DOCUMENTS, TwoGroups, compare_groups
from saetui.errors import InputError
from saetui.session.details import Example
from saetui.session.questions.answers import (
    SIGNIFICANT,
    Answer,
    AnswerRow,
    Column,
    Unit,
    beyond_chance,
    date_of_year,
    known,
    ratio_figures,
)
from saetui.session.questions.fields import field
from saetui.session.questions.groups import FIRST_RESULTS, REST, Group, Shown, two_groups
from saetui.session.questions.units import (
    REMARK,
    Units,
    examples,
    paper_postings,
    strongest,
    units_of,
    with_p_of,
)
from saetui.session.session import Session
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord

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
        question=f"{a.strip()} vs {b.strip()}" + (f" within {within.strip()}" if within else ""),
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


_MOST_VALUES = 40
_MOST_TOLD = 8
# A field of more values is an identifier rather than a category.
_MOST_DISTINCT = 2_000


@dataclass(frozen=True)
class ToldApart:
    """A value of a field that is more frequent with one of two features.

    The shares are those of the documents with one of the features alone; `q` is the corrected p.
    """

    field: str
    value: str
    share_a: float
    share_b: float
    q: float


@dataclass(frozen=True)
class PairSide:
    """One of two features, with all labels that it has had, the oldest first.

    `alone` says how many documents have it and not the other one, and `examples` are the strongest.
    """

    record: FeatureRecord
    labels: tuple[LabelRecord, ...]
    alone: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class PairDetail:
    """Two features side by side.

    Attributes:
        cosine: Of their directions.
        documents: How many documents there are.
        both: How many have both.
        lift: How many times more often than by chance they occur together, with its interval.
        families: Families of which both are members, by name.
        examples: Documents with both; `activation` is the geometric mean.
        told_apart: Values of fields that are more frequent with one, the surest first.
    """

    a: PairSide
    b: PairSide
    cosine: float
    documents: int
    both: int
    lift: Lift
    families: tuple[str, ...]
    examples: tuple[Example, ...]
    told_apart: tuple[ToldApart, ...]

    def to_json(self) -> dict[str, object]:
        """The pair as JSON."""
        return {
            "features": [
                {
                    "id": side.record.id,
                    "label": side.record.label,
                    "documents": side.record.documents,
                    "labels": [label.text for label in side.labels],
                }
                for side in (self.a, self.b)
            ],
            "cosine": known(self.cosine),
            "documents": self.documents,
            "both": self.both,
            "only_a": self.a.alone,
            "only_b": self.b.alone,
            "lift": known(self.lift.times),
            "low": known(self.lift.low),
            "high": known(self.lift.high),
            "families": list(self.families),
            "examples": {
                name: [{"id": each.id, "row": each.row, "title": each.title} for each in listed]
                for name, listed in (
                    ("both", self.examples),
                    ("only_a", self.a.examples),
                    ("only_b", self.b.examples),
                )
            },
            "told_apart": [
                {
                    "field": each.field,
                    "value": each.value,
                    "share_a": known(each.share_a),
                    "share_b": known(each.share_b),
                    "q": known(each.q),
                }
                for each in self.told_apart
            ],
        }


def pair_detail(session: Session, a: int, b: int, limit: int = 5) -> PairDetail:
    """Everything about two features side by side, with up to `limit` documents in each list.

    Raises:
        InputError: There is no such feature, or the two are the same.
    """
    records = [session.features.record(feature) for feature in (a, b)]
    if a == b:
        raise InputError(f"Feature {a} is the same twice.", "Name another feature.")
    count, postings = len(session.bundle), units_of(session, "feature").postings
    values = np.zeros((2, count), dtype=np.float32)
    for place, feature in enumerate((a, b)):
        rows, activations = postings.documents(feature)
        values[place, rows] = activations
    has = values > 0
    both = has[0] & has[1]
    alone = has & ~both
    one, other = (
        PairSide(
            record,
            tuple(session.sae.labels(record.id)),
            int(own.sum()),
            _strongest(session, strength, own, limit),
        )
        for record, own, strength in zip(records, alone, values, strict=True)
    )
    directions, families = session.sae.weights.directions, session.sae.families
    return PairDetail(
        a=one,
        b=other,
        cosine=float(directions[a] @ directions[b]),
        documents=count,
        both=int(both.sum()),
        lift=lift_of(int(both.sum()), int(has[0].sum()), int(has[1].sum()), count),
        families=tuple(
            family.label for family in families.of_feature(b) if family in families.of_feature(a)
        ),
        examples=_strongest(session, np.sqrt(values[0] * values[1]), both, limit),
        told_apart=_told_apart(session, *alone),
    )


def _strongest(
    session: Session, values: NDArray[np.float32], among: NDArray[np.bool_], limit: int
) -> tuple[Example, ...]:
    rows = np.flatnonzero(among)
    rows = rows[np.argsort(-values[rows], kind="stable")][:limit]
    return tuple(examples(session, rows.tolist(), values[rows].tolist()))


def _told_apart(
    session: Session, a: NDArray[np.bool_], b: NDArray[np.bool_]
) -> tuple[ToldApart, ...]:
    """Values of fields whose share differs beyond chance between two groups.

    Of a number or a date the upper half counts as one value. In a corpus of passages papers are
    compared.
    """
    papers = paper_postings(session, "feature")
    if papers is not None:
        a, b = papers.mask(a), papers.mask(b)
        a, b = a & ~b, b & ~a
    names: list[tuple[str, str]] = []
    counts: list[tuple[int, int]] = []
    for name, value, having in _values_of_fields(session, a | b):
        inside = having if papers is None else papers.mask(having)
        names.append((name, value))
        counts.append((int(a[inside].sum()), int(b[inside].sum())))
    if not names or not a.any() or not b.any():
        return ()
    in_a, in_b = (np.array(each, dtype=np.int64) for each in zip(*counts, strict=True))
    test = compare_groups(in_a, int(a.sum()), in_b, int(b.sum()))
    order = np.argsort(-np.abs(test.keyness), kind="stable")
    told = []
    for i in order[test.q[order] < SIGNIFICANT][:_MOST_TOLD].tolist():
        name, value = names[i]
        share_a, share_b, q = (float(each[i]) for each in (test.share_a, test.share_b, test.q))
        told.append(ToldApart(name, value, share_a, share_b, q))
    return tuple(told)


def _values_of_fields(
    session: Session, among: NDArray[np.bool_]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Field, value, and which documents have it; the upper half of numbers and dates."""
    dates = ["published"] if any(date for date, _ in session.bundle.documents.by_date()) else []
    for name in dict.fromkeys([*session.field_names(), *dates]):
        found = field(session, name)
        if found.numbers is not None:
            known = found.numbers[among & ~np.isnan(found.numbers)]
            if len(known):
                middle = float(np.median(known))
                text = date_of_year(middle) if name in dates else f"{middle:g}"
                yield name, f"above {text}", found.numbers > middle
        elif len(found.values) <= _MOST_DISTINCT:
            for value, rows in found.values[:_MOST_VALUES]:
                having = np.zeros(len(among), dtype=bool)
                having[rows] = True
                yield name, value, having


def pair_figures(detail: PairDetail) -> list[str]:
    """What is known of two features, in sentences."""
    lift, a, b = detail.lift, detail.a.record.name, detail.b.record.name
    have = "document has" if detail.both == 1 else "documents have"
    said = [
        f"{detail.both:,} {have} both, {detail.a.alone:,} only {a}, {detail.b.alone:,} only {b}.",
        f"They occur together {lift.times:.1f} times as often as by chance (95%: {lift.low:.1f} to "
        f"{lift.high:.1f}). Cosine of their directions: {detail.cosine:.2f}.",
    ]
    if detail.families:
        said.append(f"Both are in: {', '.join(detail.families)}.")
    for side in (detail.a, detail.b):
        texts = dict.fromkeys(label.text for label in side.labels)
        earlier = [text for text in texts if text and text != side.record.label]
        if earlier:
            said.append(f"{side.record.name} was also called: {', '.join(earlier)}.")
    for told in detail.told_apart:
        more = a if told.share_a > told.share_b else b
        said.append(
            f"{told.field} {told.value}: {told.share_a:.0%} against {told.share_b:.0%} (more with "
            f"{more})."
        )
    return said
