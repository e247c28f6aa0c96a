"""Which documents a filter lets through: masks, kept because every step of steering needs them."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.features import check_feature
from saetui.core.postings import Postings
from saetui.errors import InputError
from saetui.session.search.field_values import FieldValues
from saetui.store.bundle import Bundle
from saetui.store.lists import read_lists
from saetui.store.stored_sae import StoredSae

Eligible = NDArray[np.bool_]

# How many filters' masks are kept.
_KEPT = 8


class DocumentMasks:
    """Applies filters to the documents of a bundle.

    Args:
        bundle: Holds the documents.
        sae: The SAE of the features that a filter names in `having`, `lacking` and `active`.
    """

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

        Args:
            wanted: The filter.
            excluded: A row that may not be found, whatever the filter says.

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
