"""Which documents a filter lets through; worked out once, since steering repeats it."""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from saetui.core.asking import EVERYTHING, DocumentFilter
from saetui.corpus.categories import CategoryFilter
from saetui.errors import InputError
from saetui.store.bundle import Bundle, StoredSae

Eligible = NDArray[np.bool_]

_REMEMBERED = 8
_MOST_EXAMPLES = 8
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
        if not 0 <= feature < postings.n:
            raise InputError(
                f"There is no feature {feature}: this SAE has {postings.n:,}.",
                f"Choose one from 0 to {postings.n - 1}.",
            )
        active = np.zeros(len(self._bundle), dtype=bool)
        active[postings.documents(feature)[0]] = True
        return active

    def _of_metadata(self, wanted: DocumentFilter) -> Eligible:
        categories = CategoryFilter(wanted.categories)
        fits = np.zeros(len(self._bundle), dtype=bool)
        fields: dict[str, None] = {}
        for row, facts in self._bundle.documents.metadata():
            fields.update(dict.fromkeys(facts))
            fits[row] = categories.accepts(facts) and all(
                _holds(facts, field, value) for field, value in wanted.where
            )
        for field, _ in wanted.where:
            if field not in fields and len(fits):
                shown = ", ".join(sorted(fields)[:_MOST_EXAMPLES]) or "nothing"
                raise InputError(
                    f"No document has a field called '{field}'.", f"What they have: {shown}."
                )
        return fits


def _holds(facts: Mapping[str, object], field: str, value: str) -> bool:
    """Whether a field is the wanted value, or a list that contains it; case does not matter."""
    if field not in facts:
        return False
    found = facts[field]
    wanted = value.strip().casefold()
    return any(_text(each) == wanted for each in (found if isinstance(found, list) else [found]))


def _text(value: object) -> str:
    """A value as a user would write it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).casefold()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value).strip().casefold()
