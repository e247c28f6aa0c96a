"""Which documents a search may find, and how it looks for them; plain values, cheap to import."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from saetui.core.comparisons import Comparison

Retrieval = Literal["hybrid", "semantic", "lexical"]
RETRIEVALS: tuple[Retrieval, ...] = get_args(Retrieval)


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents a search may find. A document must fulfil everything that is set.

    Attributes:
        after: Earliest date of publication, ISO of any precision; empty for no limit.
        until: Latest date of publication, all of its days included; empty for no limit.
        categories: The document is in at least one of these; "cs" includes "cs.LG" and the like.
        where: Metadata fields and the value of each; a field that is a list must contain the value.
            A dot leads into an object: `author.name`. Where no metadata field has that name, id,
            title, url, published, date and year are those of the document.
        having: Features for which the document counts, see `core.truth`.
        lacking: Features for which it does not count.
        compared: Conditions on numbers and dates in the metadata.
        active: Features that are active on the document, whether or not it counts for them.
        lists: Lists of the reader that the document is in.
    """

    after: str = ""
    until: str = ""
    categories: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    having: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()
    compared: tuple[Comparison, ...] = ()
    active: tuple[int, ...] = ()
    lists: tuple[str, ...] = ()

    def also(self, other: "DocumentFilter") -> "DocumentFilter":
        """Both filters together; where both have a date, the date of `other` counts."""
        return replace(
            self,
            after=other.after or self.after,
            until=other.until or self.until,
            categories=(*self.categories, *other.categories),
            where=(*self.where, *other.where),
            having=(*self.having, *other.having),
            lacking=(*self.lacking, *other.lacking),
            compared=(*self.compared, *other.compared),
            active=(*self.active, *other.active),
            lists=(*self.lists, *other.lists),
        )


EVERYTHING = DocumentFilter()
"""Lets every document through."""
