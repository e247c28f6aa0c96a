"""What is known of an SAE's features once the reader's notes are counted in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saetui.session.lookup import Lookup
from saetui.store.bundle import StoredSae
from saetui.store.features import SHOWN_PROTOCOL, FeatureRecord
from saetui.store.notes import FeatureNotes, Notes

_UNSCORED: dict[str, Any] = {"version": 0, "f1": None, "pearson": None, "judge": ""}


@dataclass(frozen=True)
class Knowledge:
    """Features as the reader wants to see them.

    Attributes:
        book: Where notes are kept.
        notes: On the features of this SAE, by number.
        records: Of every feature, with the reader's own label where there is one, and else the
            newest that was not rejected.
        family_labels: Of the families that each feature is in.
        lookup: Of these records and the families.
    """

    book: Notes
    notes: Mapping[int, FeatureNotes]
    records: Sequence[FeatureRecord]
    family_labels: Mapping[int, Sequence[str]]
    lookup: Lookup

    @classmethod
    def of(cls, sae: StoredSae, book: Notes) -> "Knowledge":
        """What is known of an SAE with these notes."""
        notes = book.of_sae(sae.record.name)
        records = list(sae.features)
        for feature, said in notes.items():
            if not 0 <= feature < len(records):
                continue
            record = records[feature]
            if said.label:
                records[feature] = replace(record, label=said.label, **_UNSCORED)
            elif record.version in said.rejected:
                records[feature] = _without(record, said, sae)
        families: dict[int, list[str]] = {}
        for family in sae.families.families:
            for member in family.members:
                families.setdefault(member, []).append(family.label)
        return cls(book, notes, records, families, Lookup(records, sae.families.families))


def _without(record: FeatureRecord, said: FeatureNotes, sae: StoredSae) -> FeatureRecord:
    """A feature with its newest label that was not rejected, or none."""
    left = [label for label in sae.labels(record.id) if label.version not in said.rejected]
    if not left:
        return replace(record, label="", **_UNSCORED)
    label = left[-1]
    shown = [
        score
        for score in sae.scores(record.id)
        if score.version == label.version and score.protocol == SHOWN_PROTOCOL
    ]
    f1, pearson, judge = (
        (shown[-1].f1[0], shown[-1].pearson[0], shown[-1].judge) if shown else (None, None, "")
    )
    return replace(
        record,
        label=label.text,
        terms=label.terms,
        version=label.version,
        f1=f1,
        pearson=pearson,
        judge=judge,
    )
