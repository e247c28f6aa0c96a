"""Which documents a filter lets through; worked out once, since steering repeats it."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from saetui.core.document_filter import EVERYTHING, DocumentFilter
from saetui.core.documents import fact_texts
from saetui.core.features import check_feature
from saetui.corpus.options import CategoryFilter
from saetui.errors import InputError
from saetui.store.bundle import Bundle, StoredSae
from saetui.store.facts import LONGEST, Facts

Eligible = NDArray[np.bool_]

_REMEMBERED = 8
_MOST_EXAMPLES = 8
_CATEGORIES = "categories"
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


class Filters:
    """Applies filters to the documents of a bundle.

    Args:
        bundle: Of the documents.
        sae: Whose features `having` and `lacking` name.
    """

    def __init__(self, bundle: Bundle, sae: StoredSae) -> None:
        self._bundle = bundle
        self._sae = sae
        self._known: OrderedDict[DocumentFilter, Eligible] = OrderedDict()
        self._lock = threading.Lock()

    def eligible(self, wanted: DocumentFilter, excluded: int | None = None) -> Eligible | None:
        """Which documents pass, bool `(N,)`; None where all do.

        Args:
            wanted: What must hold.
            excluded: A row that does not pass in any case.

        Raises:
            InputError: The filter names a date that is none, a field that no document has, or a
                feature that the SAE does not have.
        """
        if wanted == EVERYTHING and excluded is None:
            return None
        with self._lock:
            known = self._known.get(wanted)
        if known is None:
            known = self._work_out(wanted)
            with self._lock:
                self._known[wanted] = known
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        if excluded is not None:
            known = known.copy()
            known[excluded] = False
        return known

    def _work_out(self, wanted: DocumentFilter) -> Eligible:
        eligible = np.ones(len(self._bundle), dtype=bool)
        for date in (wanted.after, wanted.before):
            if date and not _DATE.fullmatch(date):
                raise InputError(f"'{date}' is not a date.", "Write 2019, 2019-03 or 2019-03-14.")
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
        facts = self._bundle.documents.facts
        fields = None if facts is None else facts.fields()
        named = [name for name in fields or () if name.strip().casefold() == _CATEGORIES]
        # A record with two such fields goes by one of them, and only the record says by which.
        if facts is None or fields is None or len(named) > 1:
            return self._of_all_metadata(wanted)
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
            self._see_field(field, fields)
            text = value.strip().casefold()
            fits &= self._having(facts, [(field, text)], partial(_holds, field=field, value=value))
        return fits

    def _having(
        self,
        facts: Facts,
        sought: Iterable[tuple[str, str]],
        holds: Callable[[Mapping[str, object]], bool],
    ) -> Eligible:
        """Documents that have one of some fields and values.

        Args:
            facts: Of all documents.
            sought: Fields and values; where a value is cut, metadata decide.
            holds: Whether metadata are as wanted.
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

    def _of_all_metadata(self, wanted: DocumentFilter) -> Eligible:
        categories = CategoryFilter(wanted.categories)
        fits = np.zeros(len(self._bundle), dtype=bool)
        fields: dict[str, None] = {}
        for row, facts in self._bundle.documents.metadata():
            fields.update(dict.fromkeys(facts))
            fits[row] = categories.accepts(facts) and all(
                _holds(facts, field, value) for field, value in wanted.where
            )
        for field, _ in wanted.where:
            self._see_field(field, fields)
        return fits

    def _see_field(self, field: str, fields: Iterable[str]) -> None:
        if field not in fields and len(self._bundle):
            shown = ", ".join(sorted(fields)[:_MOST_EXAMPLES]) or "nothing"
            raise InputError(
                f"No document has a field called '{field}'.", f"What they have: {shown}."
            )


def _holds(metadata: Mapping[str, object], field: str, value: str) -> bool:
    """Whether a field is the wanted value, or a list that contains it; case does not matter."""
    return field in metadata and value.strip().casefold() in fact_texts(metadata[field])
