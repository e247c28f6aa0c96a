"""Topics of a corpus: every document in one of a few groups that features name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import compare_groups
from saetui.core.topics import Topics, find_topics, normalised_information, purity
from saetui.errors import InputError
from saetui.session.details import Example
from saetui.session.questions.answers import Answer, AnswerRow, Column, known
from saetui.session.questions.fields import timeline
from saetui.session.questions.groups import mask_of
from saetui.session.questions.units import examples, units_of
from saetui.session.session import Session
from saetui.store.atomic import ending_of, write_text
from saetui.text import csv_text

COLUMNS = (
    Column("documents", "docs", "count", 8),
    Column("share", "share", "share", 7),
    Column("features", "features", "text", 40),
)
USUAL = 30
MOST = 500
# A name is made of features that this share of a topic's documents has.
_NAMING_SHARE = 0.15
_NAMING = 6
_STEM = 5


@dataclass(frozen=True)
class NamedTopics:
    """Topics with a name of each, and the features that tell each from all others, best first."""

    found: Topics
    names: tuple[str, ...]
    features: tuple[tuple[int, ...], ...]


def named_topics(session: Session, wanted: int = USUAL) -> NamedTopics:
    """Group all documents of a bundle into topics, and name these after features.

    Raises:
        InputError: The number is less than 2 or more than 500, or there are no documents.
    """
    if not 2 <= wanted <= MOST:
        raise InputError(f"{wanted} topics cannot be made.", f"Ask for 2 to {MOST}.")
    if not len(session.bundle):
        raise InputError("This bundle holds no documents.", "Build it from documents.")
    found = find_topics(session.sae.codes, session.sae.weights.directions, wanted)
    units = units_of(session, "feature")
    documents, counts = len(session.bundle), units.postings.counts()
    told = []
    for topic, size in enumerate(found.sizes.tolist()):
        inside = found.topics == topic
        own = units.postings.count(inside)
        test = compare_groups(own, size, counts - own, documents - size)
        often = (test.share_a >= _NAMING_SHARE) & (test.keyness > 0)
        ranked = np.argsort(-np.where(often, test.keyness, -np.inf), kind="stable")
        told.append(tuple(ranked[: min(_NAMING, int(often.sum()))].tolist()))
    return NamedTopics(found, tuple(_names(session, told)), tuple(told))


def topics(session: Session, wanted: int = USUAL, *, within: str = "") -> Answer:
    """The topics of a corpus with their shares, the largest first.

    Topics are those of all documents; those that pass the filter `within` are counted.

    Raises:
        InputError: That number cannot be made, or no document passes.
    """
    return topics_answer(session, named_topics(session, wanted), wanted, within)


def topics_answer(session: Session, made: NamedTopics, wanted: int, within: str = "") -> Answer:
    """The same for topics that were made already."""
    mask = mask_of(session, within)
    count = int(mask.sum())
    if not count:
        raise InputError("No document passes the filter.", "Ask without it.")
    inside = made.found.topics[mask]
    sizes = np.bincount(inside, minlength=len(made.names))
    periods, shares = _over_time(session, made.found, mask)
    rows = [
        AnswerRow(
            topic,
            made.names[topic],
            float(sizes[topic] / max(sizes.max(), 1)),
            {
                "documents": int(sizes[topic]),
                "share": known(sizes[topic] / count),
                "features": ", ".join(session.name(each) for each in made.features[topic][:3]),
            },
            shares[topic] if shares else (),
        )
        for topic in np.argsort(-sizes, kind="stable").tolist()
    ]
    return Answer(
        question=f"topics {wanted}" + (f" within {within.strip()}" if within.strip() else ""),
        title=f"{len(rows)} topics",
        remarks=(f"{count:,} documents, each in the topic that its features point to most.",),
        unit="topic",
        columns=COLUMNS,
        rows=tuple(rows),
        facts={"documents": count, **({"periods": periods} if shares else {})},
        examples=lambda topic, limit: _examples(session, made.found, topic, mask, limit),
        leads=dict(enumerate(made.features)),
    )


def write_topics(path: Path, session: Session, resolutions: Mapping[int, NamedTopics]) -> int:
    """Write the topic of every document as CSV, at each resolution; returns how many documents.

    Raises:
        InputError: The name does not end in `.csv`, or the file cannot be written.
    """
    ending_of(path, [".csv"])
    titles: list[object] = ["id", "title"]
    for wanted in resolutions:
        titles += [f"topic_{wanted}", f"name_{wanted}", f"strength_{wanted}"]
    documents = len(session.bundle)
    lines: list[list[object]] = [titles]
    for start in range(0, documents, 1_000):
        rows = range(start, min(start + 1_000, documents))
        headings = session.bundle.documents.headings(rows)
        for row in rows:
            lines.append([*headings[row][:2]])
            for made in resolutions.values():
                topic = int(made.found.topics[row])
                strength = round(float(made.found.strengths[row]), 4)
                lines[-1] += [topic, made.names[topic], strength]
    write_text(path, csv_text(lines))
    return documents


def agreement(session: Session, found: Topics, field: str) -> tuple[float, float, int]:
    """Purity and normalised mutual information of topics and a field, and how many documents.

    Of a field that is a list, the first value of each document counts.

    Raises:
        InputError: No document has the field.
    """
    names: dict[str, int] = {}
    rows, true = [], []
    for row, metadata in session.bundle.documents.metadata():
        value = metadata.get(field)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, (str, int, float)):
            rows.append(row)
            true.append(names.setdefault(str(value), len(names)))
    if not rows:
        raise InputError(f"No document has a field called '{field}'.", "Name another field.")
    own, classes = found.topics[rows], np.array(true, dtype=np.int64)
    return purity(own, classes), normalised_information(own, classes), len(rows)


def _names(session: Session, told: Sequence[Sequence[int]]) -> list[str]:
    """A name for each topic, no two alike: its most telling feature, and one that adds to it."""
    names: list[str] = []
    for topic, features in enumerate(told):
        labels = [session.features[each].label for each in features]
        labels = [label for label in labels if label]
        first = labels[0] if labels else f"Topic {topic}"
        others = [label for label in labels[1:] if not _stems(label) & _stems(first)]
        name = f"{first}, {others[0]}" if others else first
        names.append(name if name not in names else f"{name} ({topic})")
    return names


def _stems(label: str) -> set[str]:
    return {word.casefold()[:_STEM] for word in label.split()}


def _over_time(
    session: Session, found: Topics, mask: NDArray[np.bool_]
) -> tuple[list[str], list[tuple[float, ...]]]:
    """Names of periods, and the share of each topic in each; empty without dates."""
    try:
        time = timeline(session).of(mask)
    except InputError:
        return [], []
    dated = time.places >= 0
    width = len(time.names)
    cells = found.topics[dated] * width + time.places[dated]
    counts = np.bincount(cells, minlength=len(found.centres) * width).reshape(-1, width)
    shares = counts / np.maximum(time.sizes, 1)
    return list(time.names), [tuple(float(f"{x:.5g}") for x in row) for row in shares]


def _examples(
    session: Session, found: Topics, topic: int, mask: NDArray[np.bool_], limit: int
) -> list[tuple[str, list[Example]]]:
    rows = np.flatnonzero((found.topics == topic) & mask)
    order = rows[np.argsort(-found.strengths[rows], kind="stable")][:limit]
    return [
        (
            "Documents, with cosine to the topic",
            examples(session, order.tolist(), found.strengths[order].tolist()),
        )
    ]
