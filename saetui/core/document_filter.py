"""How documents are asked for beside steering; plain values, cheap to import."""

from dataclasses import dataclass
from typing import Literal, get_args

Retrieval = Literal["semantic", "lexical", "hybrid"]
RETRIEVALS: tuple[Retrieval, ...] = get_args(Retrieval)


@dataclass(frozen=True)
class DocumentFilter:
    """Which documents a search may find; all that is set must hold.

    Attributes:
        after: Published on this date or later: ISO, of any precision; empty: any.
        before: Published on this date or earlier, all its days included; empty: any.
        categories: In at least one of these; "cs" stands for "cs.LG" and all others below it, too.
        where: Metadata fields and what they must be; of a list, what it must contain.
        having: Features that must be active.
        lacking: Features that must not be active.
    """

    after: str = ""
    before: str = ""
    categories: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    having: tuple[int, ...] = ()
    lacking: tuple[int, ...] = ()


EVERYTHING = DocumentFilter()
"""Lets every document through."""
