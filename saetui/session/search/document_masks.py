"""Which documents a filter lets through, by their metadata, dates, features and lists."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Postings
from saetui.core.document_filter import (
    EVERYTHING,
    Comparison,
    DocumentFilter,
    check_date,
    date_after,
    date_before,
    number_in,
)
from saetui.core.documents import facts_of, texts_in
from saetui.core.features import check_feature
from saetui.corpus.corpus import CategoryFilter
from saetui.errors import InputError
from saetui.store.bundle import Bundle
from saetui.store.document_tables import LONGEST, Facts
from saetui.store.lists import read_lists
from saetui.store.stored_sae import StoredSae

Eligible = NDArray[np.bool_]
"""Which documents may be found, `(N,)`."""

DATES = ("published", "date", "year")
"""Words that mean the date of publication, unless a field of the metadata has that name."""

_COLUMNS = ("id", "title", "url")
_MOST_EXAMPLES = 8
_CATEGORIES = "categories"
# How many filters' masks are kept.
_KEPT = 8


class FieldValues:
    """Looks up values of metadata, in the index of facts or (in an old bundle) by reading them."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Every field that some document has, sorted."""
        facts = self._bundle.documents.facts
        if facts is not None:
            return tuple(facts.fields())
        found: set[str] = set()
        for _, metadata in self._bundle.documents.metadata():
            found.update(name for name, _ in facts_of(metadata))
        return tuple(sorted(found))

    def in_categories(self, wanted: tuple[str, ...]) -> Eligible:
        """Documents in at least one of some categories; see `CategoryFilter`."""
        categories, facts = CategoryFilter(wanted), self._bundle.documents.facts
        named = [name for name in self.fields if name.strip().casefold() == _CATEGORIES]
        # If several fields are called categories, only a document's own metadata say which one
        # counts.
        if facts is None or len(named) > 1:
            return self._by_reading(categories.accepts)
        fitting = (
            (named[0], value)
            for value in (facts.values(named[0]) if named else ())
            if len(value) == LONGEST or categories.accepts({_CATEGORIES: value})
        )
        return self._having(facts, fitting, categories.accepts)

    def equal(self, field: str, value: str) -> Eligible:
        """Documents with a value in a field; case does not matter, and numbers are numbers.

        Raises:
            InputError: No document has such a field.
        """
        text = value.strip().casefold()
        if field not in self.fields:
            if field.casefold() in DATES:
                return self.published(value, value)
            if field in _COLUMNS:
                return self._in_column(field, text)
            return self._nested(field, text.__eq__)
        facts, holds = self._bundle.documents.facts, partial(_holds, field=field, text=text)
        if facts is None:
            found = self._by_reading(holds)
        else:
            found = self._having(facts, [(field, text)], holds)
        number = number_in(text)
        if number is not None and not found.any():
            # Written in another way, as 3.0 or 1,000.
            return self._fulfilling(field, lambda own: number_in(own) == number)
        return found

    def fulfilling(self, wanted: Comparison) -> Eligible:
        """Documents of which a value in a field fulfils a condition.

        Raises:
            InputError: No document has such a field, or the condition has no number or date.
        """
        field, value = wanted.field, wanted.value
        if field in self.fields:
            return self._fulfilling(field, wanted.test())
        if field.casefold() not in DATES:
            return self._nested(field, wanted.test())
        check_date(value)
        if wanted.sign in (">", ">="):
            return self.published(date_after(value) if wanted.sign == ">" else value, "")
        return self.published("", date_before(value) if wanted.sign == "<" else value)

    def published(self, first: str, last: str) -> Eligible:
        """Documents that were published in a period; see `DocumentStore.within`.

        Raises:
            InputError: One of the dates is not a date.
        """
        for date in filter(None, (first, last)):
            check_date(date)
        within = np.zeros(len(self._bundle), dtype=bool)
        within[self._bundle.documents.within(first, last)] = True
        return within

    def _in_column(self, name: str, text: str) -> Eligible:
        """Documents with a text in their title, or with this id or address."""
        fits = np.zeros(len(self._bundle), dtype=bool)
        for row, document in enumerate(self._bundle.documents):
            own = str(getattr(document, name)).casefold()
            fits[row] = text in own if name == "title" else text == own
        return fits

    def _fulfilling(self, field: str, fulfils: Callable[[str], bool]) -> Eligible:
        facts = self._bundle.documents.facts
        if facts is None:
            return self._by_reading(lambda known: any(map(fulfils, texts_in(known, field))))
        fits = np.zeros(len(self._bundle), dtype=bool)
        for value, rows in facts.by_value(field):
            if fulfils(value):
                fits[rows] = True
        return fits

    def _nested(self, field: str, fulfils: Callable[[str], bool]) -> Eligible:
        """Documents by a field of an object, in a bundle that does not list these."""
        fits, known = np.zeros(len(self._bundle), dtype=bool), False
        if "." in field:
            for row, metadata in self._bundle.documents.metadata():
                texts = list(texts_in(metadata, field))
                known = known or bool(texts)
                fits[row] = any(map(fulfils, texts))
        if not known and len(self._bundle):
            shown = ", ".join(self.fields[:_MOST_EXAMPLES]) or "nothing"
            more = len(self.fields) - _MOST_EXAMPLES
            shown += f" and {more:,} more" if more > 0 else ""
            raise InputError(
                f"No document has a field called '{field}'.",
                f"Fields of these documents: {shown}. All of them: saetui fields BUNDLE",
            )
        return fits

    def _having(
        self,
        facts: Facts,
        sought: Iterable[tuple[str, str]],
        holds: Callable[[Mapping[str, object]], bool],
    ) -> Eligible:
        """Documents that have one of some values in a field.

        Args:
            facts: The index of all documents' fields and values.
            sought: Pairs of a field and a value. The index cuts long values, so documents with a
                long value are decided by their metadata.
            holds: Whether a document's metadata are as wanted.
        """
        fits, unsure = np.zeros(len(self._bundle), dtype=bool), set[int]()
        for field, value in sought:
            rows = facts.rows(field, value)
            if len(value) < LONGEST:
                fits[rows] = True
            else:
                unsure.update(rows.tolist())
        for row, metadata in self._bundle.documents.metadata_of(unsure):
            fits[row] |= holds(metadata)
        return fits

    def _by_reading(self, holds: Callable[[Mapping[str, object]], bool]) -> Eligible:
        fits = np.zeros(len(self._bundle), dtype=bool)
        for row, metadata in self._bundle.documents.metadata():
            fits[row] = holds(metadata)
        return fits


def _holds(metadata: Mapping[str, object], field: str, text: str) -> bool:
    """Whether a field equals a value or is a list that contains it."""
    return text in texts_in(metadata, field)


class DocumentMasks:
    """Applies filters to the documents of a bundle; those by features mean features of an SAE."""

    def __init__(self, bundle: Bundle, sae: StoredSae) -> None:
        self._bundle = bundle
        self._sae = sae
        self._values = FieldValues(bundle)
        self._mask = lru_cache(_KEPT)(self._compute)
        self._folded = lru_cache(_KEPT)(self._fold)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field of the documents' metadata, sorted."""
        return self._values.fields

    def eligible(self, wanted: DocumentFilter, excluded: int | None = None) -> Eligible | None:
        """The documents that may be found, bool `(N,)`; None for all.

        The row `excluded` may not be found, whatever the filter says.

        Raises:
            InputError: The filter has a date that is not a date, a field that no document has, a
                list that there is not, a comparison with neither a number nor a date, or a feature
                that the SAE lacks.
        """
        if wanted == EVERYTHING and excluded is None:
            return None
        # Lists change while a bundle is open, so what they hold is not remembered.
        mask = self._mask(replace(wanted, lists=()))
        for name in wanted.lists:
            mask = mask & self._listed(name)
        if excluded is not None:
            mask = mask.copy()
            mask[excluded] = False
        return mask

    def folded(self, wanted: DocumentFilter, excluded: int | None = None) -> Eligible | None:
        """As `eligible`, but of documents of the same text only one may be found."""
        return (self._fold if wanted.lists else self._folded)(wanted, excluded)

    def _fold(self, wanted: DocumentFilter, excluded: int | None) -> Eligible | None:
        repeats = self._bundle.documents.repeats
        return repeats.folded(self.eligible(wanted, excluded), len(self._bundle))

    def _listed(self, name: str) -> Eligible:
        lists = read_lists(self._bundle.path)
        if name not in lists:
            raise InputError(
                f"There is no list called '{name}'.",
                f"Lists: {', '.join(sorted(lists))}." if lists else "B puts a document into one.",
            )
        inside = np.zeros(len(self._bundle), dtype=bool)
        inside[list(self._bundle.documents.rows_of(lists[name]).values())] = True
        return inside

    def _compute(self, wanted: DocumentFilter) -> Eligible:
        eligible = np.ones(len(self._bundle), dtype=bool)
        if wanted.after or wanted.until:
            eligible &= self._values.published(wanted.after, wanted.until)
        for feature in wanted.having:
            eligible &= self._having(self._sae.counted, feature)
        for feature in wanted.lacking:
            eligible &= ~self._having(self._sae.counted, feature)
        for feature in wanted.active:
            eligible &= self._having(self._sae.postings, feature)
        if wanted.categories:
            eligible &= self._values.in_categories(wanted.categories)
        for field, value in wanted.where:
            eligible &= self._values.equal(field, value)
        for condition in wanted.compared:
            eligible &= self._values.fulfilling(condition)
        return eligible

    def _having(self, postings: Postings, feature: int) -> Eligible:
        """Documents in the postings of a feature."""
        check_feature(feature, postings.n)
        found = np.zeros(len(self._bundle), dtype=bool)
        found[postings.documents(feature)[0]] = True
        return found
