"""The features of an SAE as the reader sees them: with the reader's labels and notes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saetui.core.codec import Float
from saetui.core.features import check_feature
from saetui.session.features.feature_filter import FeatureFilter, FeatureTable
from saetui.session.features.lookup import Lookup
from saetui.store.bundle import Bundle
from saetui.store.features import SHOWN_PROTOCOL, FeatureRecord
from saetui.store.followed import notes_on
from saetui.store.notes import FeatureNotes, Kind, Notes
from saetui.store.stored_sae import StoredSae

_UNSCORED: dict[str, Any] = {"version": 0, "f1": None, "pearson": None, "judge": "", "true": None}


@dataclass(frozen=True)
class AnnotatedFeatures:
    """The features of one SAE as the reader sees them; `features[12]` is the record of one.

    Attributes:
        book: Where notes are written.
        notes: The reader's notes, by feature.
        following: Features whose notes were made on features of an earlier SAE, and say so in no
            entry of the book yet.
        records: Figures and label of every feature, by number. The label is the reader's own if
            there is one, else the newest that the reader did not reject.
        lookup: Finds features and families by their names.
        table: Filters and sorts features by their figures.
        row_of: The row of a document by its id; None for one that is not in the corpus.
    """

    book: Notes
    notes: Mapping[int, FeatureNotes]
    following: frozenset[int]
    records: Sequence[FeatureRecord]
    lookup: Lookup
    table: FeatureTable
    row_of: Callable[[str], int | None]

    @classmethod
    def of(cls, bundle: Bundle, sae: StoredSae, book: Notes) -> "AnnotatedFeatures":
        """The features of an SAE of a bundle with the notes in a book."""
        found = notes_on(bundle, sae, book)
        notes = found.notes
        records = list(sae.features)
        for feature, said in notes.items():
            if 0 <= feature < len(records):
                records[feature] = _as_noted(records[feature], said, sae, bundle.row_of)
        lookup = Lookup(records, sae.families.families)
        table = FeatureTable(records, sae.families)
        return cls(book, notes, found.following, records, lookup, table, bundle.row_of)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[FeatureRecord]:
        return iter(self.records)

    def __getitem__(self, feature: int) -> FeatureRecord:
        return self.records[feature]

    def record(self, feature: int) -> FeatureRecord:
        """Figures and label of the feature of a number that a person gave.

        Raises:
            InputError: There is no such feature.
        """
        check_feature(feature, len(self))
        return self[feature]

    def notes_on(self, feature: int) -> FeatureNotes:
        """The reader's notes on one feature; empty if there are none."""
        return self.notes.get(feature, FeatureNotes())

    def matching(
        self, wanted: FeatureFilter, similarity: Float | None = None
    ) -> list[FeatureRecord]:
        """Features that fulfil every part of a filter, the best first.

        Args:
            wanted: The filter.
            similarity: If the filter asks for a meaning, the cosine of each feature's direction to
                it, float32 `(n,)`. The most similar features then come first, and those at zero
                or below are left out.
        """
        found = self.lookup.matching(wanted.words)
        if wanted.conditions or wanted.named:
            fits = self.table.fulfilling(wanted, self.notes).tolist()
            found = [i for i in found if fits[i]]
        if similarity is not None:
            chosen = np.array(found, dtype=np.int64)
            chosen = chosen[similarity[chosen] > 0]
            found = chosen[np.argsort(-similarity[chosen], kind="stable")].tolist()
        return [self.records[i] for i in found]

    def noted(
        self,
        sae: StoredSae,
        feature: int,
        kind: Kind,
        text: str,
        *,
        about: str = "",
        document: str = "",
    ) -> "AnnotatedFeatures":
        """The same features after one more note; the other features are not read again.

        The book keeps the note in memory until it is told to write. Of a judgement, `about` is the
        label and `document` the id of the document; see `store.notes.Entry`.
        """
        name, of, before = sae.record.name, sae.of, self.notes_on(feature)
        former = before.former
        if former is not None and feature in self.following:
            # What was said about the feature of an earlier SAE is about this one from now on.
            self.book.say(name, feature, "followed", former.as_text(), of=of)
        if kind == "rejected" and text.strip():
            version = abs(int(text))
            texts = (each.text for each in sae.labels(feature) if each.version == version)
            about = next(texts, "")
        said = before.told(
            self.book.say(name, feature, kind, text, of=of, about=about, document=document)
        )
        known = replace(
            self,
            notes={**self.notes, feature: said},
            following=self.following - {feature},
        )
        record = _as_noted(sae.features[feature], said, sae, self.row_of)
        if record == self.records[feature]:
            return known
        records = [*self.records[:feature], record, *self.records[feature + 1 :]]
        table = FeatureTable(records, sae.families)
        return replace(known, records=records, lookup=self.lookup.renamed(record), table=table)


def _as_noted(
    record: FeatureRecord,
    said: FeatureNotes,
    sae: StoredSae,
    row_of: Callable[[str], int | None],
) -> FeatureRecord:
    """A feature with the reader's own label or, if its label was rejected, an older one.

    What the reader judged moves the share of documents of which the label is true.
    """
    if said.label:
        return replace(record, label=said.label, **_UNSCORED)
    if record.version in said.rejected:
        return _without(record, said, sae)
    judged = said.judged(record.label)
    if not judged or sae.truth is None or not record.label:
        return record
    rows = ((row_of(document), true) for document, true in judged.items())
    known = {row: true for row, true in rows if row is not None}
    return replace(record, true=sae.truth.judged(record.id, known))


def _without(record: FeatureRecord, said: FeatureNotes, sae: StoredSae) -> FeatureRecord:
    """A feature with the newest of its labels that was not rejected, or without a label."""
    labels, scores = sae.history(record.id)
    left = [label for label in labels if label.version not in said.rejected]
    if not left:
        return replace(record, label="", **_UNSCORED)
    label = left[-1]
    shown = [
        score
        for score in scores
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
        true=None,
    )
