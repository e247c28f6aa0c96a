"""Which documents a filter lets through: masks, kept because every step of steering needs them."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from saetui.core.dates import check_date
from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.documents import fact_texts
from saetui.core.features import check_feature
from saetui.corpus.options import CategoryFilter
from saetui.errors import InputError
from saetui.store.bundle import Bundle, StoredSae
from saetui.store.facts import LONGEST, Facts

Eligible = NDArray[np.bool_]

# How many filters' masks are kept.
_KEPT = 8
_MOST_EXAMPLES = 8
_CATEGORIES = "categories"


class DocumentMasks:
    """Applies filters to the documents of a bundle.

    Args:
        bundle: Holds the documents.
        sae: The SAE of the features that a filter names in `having` and `lacking`.
    """

    def __init__(self, bundle: Bundle, sae: StoredSae) -> None:
        self._bundle = bundle
        self._sae = sae
        self._mask = lru_cache(_KEPT)(self._compute)
        self._folded = lru_cache(_KEPT)(self._fold)

    def eligible(self, wanted: DocumentFilter, excluded: int | None = None) -> Eligible | None:
        """The documents that may be found, bool `(N,)`; None for all.

        Args:
            wanted: The filter.
            excluded: A row that may not be found, whatever the filter says.

        Raises:
            InputError: The filter has a date that is not a date, a field that no document has, or a
                feature that the SAE does not have.
        """
        if wanted == EVERYTHING and excluded is None:
            return None
        mask = self._mask(wanted)
        if excluded is not None:
            mask = mask.copy()
            mask[excluded] = False
        return mask

    def folded(self, wanted: DocumentFilter, excluded: int | None = None) -> Eligible | None:
        """As `eligible`, but of documents of the same text only one may be found."""
        return self._folded(wanted, excluded)

    def _fold(self, wanted: DocumentFilter, excluded: int | None) -> Eligible | None:
        repeats = self._bundle.documents.repeats
        return repeats.folded(self.eligible(wanted, excluded), len(self._bundle))

    def _compute(self, wanted: DocumentFilter) -> Eligible:
        eligible = np.ones(len(self._bundle), dtype=bool)
        for date in (wanted.after, wanted.before):
            if date:
                check_date(date)
        if wanted.after or wanted.before:
            within = np.zeros(len(eligible), dtype=bool)
            within[self._bundle.documents.within(wanted.after, wanted.before)] = True
            eligible &= within
        for feature in wanted.having:
            eligible &= self._active(feature)
        for feature in wanted.lacking:
            eligible &= ~self._active(feature)
        if wanted.categories or wanted.where:
            eligible &= self._of_metadata(wanted)
        return eligible

    def _active(self, feature: int) -> Eligible:
        postings = self._sae.postings
        check_feature(feature, postings.n)
        active = np.zeros(len(self._bundle), dtype=bool)
        active[postings.documents(feature)[0]] = True
        return active

    def _of_metadata(self, wanted: DocumentFilter) -> Eligible:
        """Documents of the wanted categories and field values, looked up in the index of facts."""
        facts = self._bundle.documents.facts
        fields = None if facts is None else facts.fields()
        named = [name for name in fields or () if name.strip().casefold() == _CATEGORIES]
        # If several fields are called categories, only a document's own metadata say which one
        # counts.
        if facts is None or fields is None or len(named) > 1:
            return self._by_reading_metadata(wanted)
        fits = np.ones(len(self._bundle), dtype=bool)
        if wanted.categories:
            categories = CategoryFilter(wanted.categories)
            fitting = (
                (named[0], value)
                for value in (facts.values(named[0]) if named else ())
                if len(value) == LONGEST or categories.accepts({_CATEGORIES: value})
            )
            fits &= self._having(facts, fitting, categories.accepts)
        for field, value in wanted.where:
            self._check_field(field, fields)
            text = value.strip().casefold()
            fits &= self._having(facts, [(field, text)], partial(_holds, field=field, value=value))
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
                unsure.update(rows)
        for row, metadata in self._bundle.documents.metadata_of(unsure):
            fits[row] |= holds(metadata)
        return fits

    def _by_reading_metadata(self, wanted: DocumentFilter) -> Eligible:
        """The same as `_of_metadata`, by reading the metadata of every document."""
        categories = CategoryFilter(wanted.categories)
        fits = np.zeros(len(self._bundle), dtype=bool)
        fields: dict[str, None] = {}
        for row, facts in self._bundle.documents.metadata():
            fields.update(dict.fromkeys(facts))
            fits[row] = categories.accepts(facts) and all(
                _holds(facts, field, value) for field, value in wanted.where
            )
        for field, _ in wanted.where:
            self._check_field(field, fields)
        return fits

    def _check_field(self, field: str, fields: Iterable[str]) -> None:
        if field not in fields and len(self._bundle):
            shown = ", ".join(sorted(fields)[:_MOST_EXAMPLES]) or "nothing"
            raise InputError(
                f"No document has a field called '{field}'.", f"Fields of these documents: {shown}."
            )


def _holds(metadata: Mapping[str, object], field: str, value: str) -> bool:
    """Whether a field equals a value or is a list that contains it; case does not matter."""
    return field in metadata and value.strip().casefold() in fact_texts(metadata[field])
