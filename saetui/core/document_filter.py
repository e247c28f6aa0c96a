"""Which documents a search may find, and how it looks for them; plain values, cheap to import."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

Retrieval = Literal["hybrid", "semantic", "lexical"]
RETRIEVALS: tuple[Retrieval, ...] = get_args(Retrieval)


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents a search may find. A document must fulfil everything that is set.

    Attributes:
        after: Earliest date of publication, ISO of any precision; empty for no limit.
        before: Latest date of publication, all of its days included; empty for no limit.
        categories: The document is in at least one of these; "cs" includes "cs.LG" and the like.
        where: Metadata fields and the value of each; a field that is a list must contain the value.
        having: Features that are active on the document.
        lacking: Features that are not active on the document.
    """

    after: str = ""
    before: str = ""
    categories: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    having: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()

    def also(self, other: "DocumentFilter") -> "DocumentFilter":
        """Both filters together; where both have a date, the date of `other` counts."""
        return replace(
            self,
            after=other.after or self.after,
            before=other.before or self.before,
            categories=(*self.categories, *other.categories),
            where=(*self.where, *other.where),
            having=(*self.having, *other.having),
            lacking=(*self.lacking, *other.lacking),
        )


EVERYTHING = DocumentFilter()
"""Lets every document through."""
