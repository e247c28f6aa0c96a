"""What is in a corpus: families as a table of contents, dates, fields, what changes."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saetui.core.features import ONE
from saetui.errors import InputError
from saetui.session.questions.answers import Answer, AnswerRow, Unit
from saetui.session.questions.fields import FieldSummary, list_fields
from saetui.session.questions.trends import trends
from saetui.session.questions.units import WELL_RECOGNISED, units_of
from saetui.session.session import Session
from saetui.text import visible_line

if TYPE_CHECKING:
    from saetui.store.features import FeatureRecord

QUERIES = 3
_CHANGES = 4
_IN_WORDS = 2
_LONGEST = 100

# With fewer documents, or fewer held out, figures are chance.
_FEWEST, _FEWEST_HELD_OUT = 50, 5


@dataclass(frozen=True)
class Chapter:
    """A family in the table of contents.

    Its documents are those of any of its features. `shares` are those in each period, and empty
    without dates; `trend` is 1 if it rises, -1 if it falls beyond chance, else 0.
    """

    family: int
    root: int
    name: str
    documents: int
    share: float
    shares: tuple[float, ...] = ()
    trend: int = 0


@dataclass(frozen=True)
class Overview:
    """What is in a corpus.

    Attributes:
        quality: How good the SAE is, in one sentence.
        periods: Names of the periods, from the first date to the last; empty without dates.
        sizes: How many documents each has.
        contents: Families, those of most documents first.
        rising: Features whose share of the documents rises most surely.
        falling: Those whose share falls.
        queries: Questions to try.
    """

    name: str
    documents: int
    quality: str
    periods: tuple[str, ...]
    sizes: tuple[int, ...]
    contents: tuple[Chapter, ...]
    fields: tuple[FieldSummary, ...]
    rising: tuple[AnswerRow, ...]
    falling: tuple[AnswerRow, ...]
    queries: tuple[str, ...]

    @property
    def changes(self) -> str:
        """What rises and falls, in words; empty if nothing does."""
        said = [
            f"{word}: {', '.join(row.name for row in rows[:_IN_WORDS])}."
            for word, rows in (("Rising", self.rising), ("Falling", self.falling))
            if rows
        ]
        return " ".join(said)

    @property
    def dates(self) -> str:
        """From when to when documents were published; empty without dates."""
        found = next((each for each in self.fields if each.name == "published"), None)
        return f"{found.lowest} to {found.highest}" if found and found.lowest else ""

    def to_json(self) -> dict[str, Any]:
        """The overview as JSON."""
        return {
            "name": self.name,
            "documents": self.documents,
            "quality": self.quality,
            "periods": list(self.periods),
            "sizes": list(self.sizes),
            "contents": [asdict(each) for each in self.contents],
            "fields": [asdict(each) for each in self.fields],
            "rising": [row.to_json() for row in self.rising],
            "falling": [row.to_json() for row in self.falling],
            "queries": list(self.queries),
        }


def overview(session: Session) -> Overview:
    """What is in the corpus of an open bundle.

    Raises:
        InputError: It holds no documents.
    """
    documents = len(session.bundle)
    if not documents:
        raise InputError("This bundle holds no documents.", "Build it from documents.")
    of_features = _trends(session, "feature")
    of_families = _trends(session, "family") if of_features else None
    rows = _worth_telling(of_features) if of_features else []
    rising = [row for row in rows if row.lean > 0][:_CHANGES]
    falling = [row for row in rows if row.lean < 0][:_CHANGES]
    facts = of_features.facts if of_features else {}
    return Overview(
        name=session.bundle.manifest.name,
        documents=documents,
        quality=quality_sentence(session),
        periods=tuple(facts.get("periods", ())),
        sizes=tuple(facts.get("documents", ())),
        contents=_contents(session, of_families),
        fields=tuple(list_fields(session)),
        rising=tuple(rising),
        falling=tuple(falling),
        queries=tuple(first_queries(session)),
    )


def quality_sentence(session: Session) -> str:
    """How good the SAE in use is, in a sentence or two."""
    record = session.sae.record
    # All documents of the corpus are new to an SAE that was trained elsewhere.
    new = "train" if record.metrics.get("given_from") else "held_out"
    held_out = record.metrics.get(new) or {}
    explained = held_out.get("explained_variance")
    said = f"{record.n:,} features say what each is about"
    if len(session.bundle) < _FEWEST or held_out.get("rows", _FEWEST_HELD_OUT) < _FEWEST_HELD_OUT:
        return f"{said}, but so few documents cannot show whether that holds for others."
    if isinstance(explained, float):
        said += f" and explain {explained:.0%} of how unseen documents differ"
    known = [feature.true for feature in session.features if feature.true is not None]
    if known:
        good = sum(each.value >= WELL_RECOGNISED for each in known)
        return (
            f"{said}. {good / len(known):.0%} of their labels are true of three documents in four."
        )
    if any(feature.f1 is not None for feature in session.features):
        # A bundle that was built before there were estimates.
        return (
            f"{said}. Of how many documents their labels are true is not known (-); saetui build, "
            "run again, estimates it."
        )
    return f"{said}."


def first_queries(session: Session) -> list[str]:
    """Good first queries: those that came with the corpus, or the labels that promise most."""
    given = session.bundle.manifest.corpus.get("queries")
    if isinstance(given, list):
        return [visible_line(str(each), _LONGEST) for each in given[:QUERIES]]
    best = sorted(session.features, key=_promise, reverse=True)[:QUERIES]
    return [
        visible_line(each.label, _LONGEST)
        for each in best
        # None that is worse than the best in more than its number of documents.
        if each.label and _promise(each)[:3] == _promise(best[0])[:3]
    ]


def _promise(feature: "FeatureRecord") -> tuple[bool, bool, bool, int]:
    """How good a first query a label makes: one subject, well recognised, of many documents."""
    one_subject = feature.quality.word == ONE and " and " not in feature.label
    recognised = feature.true is not None and feature.true.value >= WELL_RECOGNISED
    return bool(feature.label), one_subject, recognised, feature.documents


def _trends(session: Session, unit: Unit) -> Answer | None:
    try:
        return trends(session, unit=unit)
    except InputError:
        # The documents have no dates, or all the same.
        return None


def _worth_telling(changes: Answer) -> list[AnswerRow]:
    """What changes most surely; what follows from the mixture of the corpus comes last."""
    told = [row for row in sorted(changes.rows, key=lambda row: -abs(row.lean)) if row.significant]
    return sorted(told, key=lambda row: row.figures["follows"] is not None)


def _contents(session: Session, changes: Answer | None) -> tuple[Chapter, ...]:
    units = units_of(session, "family")
    counts = units.postings.counts()
    rows = {row.id: row for row in changes.rows} if changes else {}
    found = []
    for number in np.argsort(-counts, kind="stable").tolist():
        row = rows.get(number)
        found.append(
            Chapter(
                family=number,
                root=session.sae.families[number].root,
                name=units.names[number],
                documents=int(counts[number]),
                share=float(f"{counts[number] / len(session.bundle):.5g}"),
                shares=row.shares if row else (),
                trend=0 if row is None or not row.significant else 1 if row.lean > 0 else -1,
            )
        )
    return tuple(found)
